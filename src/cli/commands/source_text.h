/* SPDX-License-Identifier: MIT
 * source_text.h - the sources that a collection remembers, for `info`. */
#ifndef CS_CLI_COMMANDS_SOURCE_TEXT_H
#define CS_CLI_COMMANDS_SOURCE_TEXT_H

#include "base/buf.h"
#include "clipsearch.h"

/* Append the sources of the collection `name`: a line each, or as JSON `,"sources":[...]`. Errors: those of
 * clipsearch_collection_open and clipsearch_collection_sources. */
clipsearch_status cs_put_sources(cs_buf *buf, clipsearch_database *db, const char *name, bool json,
                                 clipsearch_error *err);

#endif
