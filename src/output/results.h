/* SPDX-License-Identifier: MIT
 * results.h - the answers to one run's queries, for the output formats. */
#ifndef CS_OUTPUT_RESULTS_H
#define CS_OUTPUT_RESULTS_H

#include "base/buf.h"
#include "config/options.h"

#include <stdint.h>

typedef struct cs_result {
    cs_word query;
    double ms;        /* encoding and searching */
    double search_ms; /* searching alone */
    clipsearch_hits *hits;
} cs_result;

typedef struct cs_results {
    const char *collection, *model;
    clipsearch_metric metric;
    cs_result *items;
    size_t count;
} cs_results;

/* "0.312  path" a line, paths relative to `here` (an absolute directory, or NULL) when they lie below it; a heading a
 * query when there are several. Control characters are shown as '?'. */
clipsearch_status cs_print_text(const cs_results *results, const char *here, FILE *out, clipsearch_error *err);

/* Absolute paths as the bytes they are, `end` behind each. */
void cs_print_paths(const cs_results *results, char end, FILE *out);

/* One JSON object (clipsearch(1)). */
clipsearch_status cs_print_json(const cs_results *results, FILE *out, clipsearch_error *err);

/* Rows that no query was compared with: "12  path" a line, paths as cs_print_text's; or one JSON object. */
clipsearch_status cs_print_rows(const clipsearch_hits *hits, const char *here, FILE *out, clipsearch_error *err);
clipsearch_status cs_print_rows_json(const char *collection, const clipsearch_hits *hits, FILE *out,
                                     clipsearch_error *err);

/* A collection as a JSON object. */
void cs_put_collection_json(cs_buf *buf, const clipsearch_collection_info *collection);

/* Seconds since 1970 as 2024-05-31T18:00:00Z. */
void cs_put_time(cs_buf *buf, int64_t seconds);

/* Draw queries and hits into the PNG file `path` (see sheet.h). */
clipsearch_status cs_draw_sheet(const cs_results *results, const char *path, clipsearch_error *err);

#endif
