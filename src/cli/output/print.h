/* SPDX-License-Identifier: MIT
 * print.h - results as text and as JSON. clipsearch(1) documents both. */
#ifndef CS_CLI_OUTPUT_PRINT_H
#define CS_CLI_OUTPUT_PRINT_H

#include "base/buf.h"
#include "output/item_json.h"
#include "output/results.h"

#include <stdio.h>

/* What to say when more than one kind of output is asked for. */
#define CS_ONE_OUTPUT "--json, --paths and --null exclude each other; give one of them"

/* A line per hit, "0.312  path", or with results->relevance "0.312  0.87  path", with " (gone)" when its file is gone
 * and " (+2 copies)" when it stands for others too, below a heading per query when there are several. A path below
 * `here` (an absolute directory, or NULL) is printed relative to it. Control characters are printed as '?'. Errors:
 * CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_print_text(const cs_results *results, const char *here, FILE *out, clipsearch_error *err);

/* `path` relative to `here` (NULL: none), or as it is when it is not below it. Points into `path`. */
const char *cs_relative_path(const char *path, const char *here);

/* Absolute paths, byte for byte, with `end` after each. */
void cs_print_paths(const cs_results *results, char end, FILE *out);

/* One JSON object. Errors: CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_print_json(const cs_results *results, FILE *out, clipsearch_error *err);

/* Items without scores: a line each, "12  path", with paths and " (gone)" as in cs_print_text, and with `attributes` a
 * line for each of these below it; or one JSON object. */
clipsearch_status cs_print_items(const clipsearch_hits *hits, const char *here, bool attributes, FILE *out,
                                 clipsearch_error *err);
clipsearch_status cs_print_items_json(const char *collection, const clipsearch_hits *hits, FILE *out,
                                      clipsearch_error *err);

/* Append a line for each member of `attributes`, a JSON object: "    taken: 2024-07-01T18:30:05". */
void cs_put_attributes(cs_buf *buf, const char *attributes);

/* Append a collection as a JSON object. `more`: further members, each with a comma before it, or NULL. */
void cs_put_collection_json(cs_buf *buf, const clipsearch_collection_info *collection, const char *more);

/* Append an encoder's name, path, fingerprint, preprocessing, architecture, metric and sizes as members of a JSON
 * object, without its braces. */
void cs_put_encoder_json(cs_buf *buf, const clipsearch_encoder_info *encoder);

/* Append seconds since 1970 as 2024-05-31T18:00:00Z. */
void cs_put_time(cs_buf *buf, int64_t seconds);

/* Write `buf` to `out` and free it. Errors: CLIPSEARCH_E_MEMORY when it could not be filled. */
clipsearch_status cs_print_buf(cs_buf *buf, FILE *out, clipsearch_error *err);

#endif
