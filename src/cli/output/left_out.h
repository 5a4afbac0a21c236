/* SPDX-License-Identifier: MIT
 * left_out.h - the files that an ingestion left out, by kind. */
#ifndef CS_CLI_OUTPUT_LEFT_OUT_H
#define CS_CLI_OUTPUT_LEFT_OUT_H

#include "base/buf.h"
#include "clipsearch.h"

/* Append "3 HEIC (this build cannot read them), 12 videos, 4 text files"; nothing when no file was left out. With
 * `hidden` the hidden ones too. */
void cs_put_left_out(cs_buf *buf, const clipsearch_ingest_report *report, bool hidden);

#endif
