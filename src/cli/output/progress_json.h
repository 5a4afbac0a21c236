/* SPDX-License-Identifier: MIT
 * progress_json.h - progress of an ingestion as lines of JSON on standard error. clipsearch(1) documents them. */
#ifndef CS_CLI_OUTPUT_PROGRESS_JSON_H
#define CS_CLI_OUTPUT_PROGRESS_JSON_H

#include "base/buf.h"
#include "clipsearch.h"

typedef struct cs_progress_json {
    const char *collection; /* that is ingested into: each line names it */
    double printed;         /* seconds since the start at the last line; below 0: none yet */
    clipsearch_phase phase;
} cs_progress_json;

/* Print a line if the last is a second old or of another phase. */
void cs_progress_json_show(cs_progress_json *view, const clipsearch_progress *progress);

/* Append the line, without a line feed. */
void cs_put_progress_json(cs_buf *buf, const char *collection, const clipsearch_progress *progress);

/* Print a line for what is said of an image that cannot be read ("bad"), or of the index ("note"; path NULL).
 * `collection` NULL: it is said of none in particular. */
void cs_progress_json_message(const char *collection, const char *phase, const char *path, const char *message);

/* Print the last line: how the ingestion ended, its exit status, what was done, and `error` (NULL: none). */
void cs_progress_json_end(const char *collection, const clipsearch_ingest_report *report, clipsearch_status status,
                          int exit_code, const char *error);

#endif
