/* SPDX-License-Identifier: MIT
 * results.h - the results of one run's queries. */
#ifndef CS_OUTPUT_RESULTS_H
#define CS_OUTPUT_RESULTS_H

#include "clipsearch.h"

/* One query and its results. */
typedef struct cs_result {
    bool is_image;
    const char *query; /* a text, or the path of an image; for a list of items its filter, or NULL */
    double ms;         /* encoding and searching */
    double search_ms;  /* searching alone */
    clipsearch_hits *hits;
} cs_result;

typedef struct cs_results {
    const char *collection, *model;
    clipsearch_metric metric;
    bool unscored;    /* a list of items: no scores and no times */
    cs_result *items; /* [count] */
    size_t count;
} cs_results;

#endif
