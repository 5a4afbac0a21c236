/* SPDX-License-Identifier: MIT
 * results.h - the results of one run's queries. */
#ifndef CS_OUTPUT_RESULTS_H
#define CS_OUTPUT_RESULTS_H

#include "clipsearch.h"

struct cs_question;

/* One query and its results. */
typedef struct cs_result {
    bool is_image;     /* it is one whole image file */
    const char *query; /* in one line, or the path of the image; for a list of items its filter, or
                                           NULL */
    const void *bytes; /* [size] the image that came through a pipe; NULL: it is in its file */
    size_t size;
    const struct cs_question *question; /* that it answers, for the JSON output; NULL: none */
    double ms;                          /* encoding and searching; of queries that were asked together, the mean */
    double search_ms;                   /* searching alone */
    clipsearch_hits *hits;              /* of several queries; cs_result_hit finds those of this one */
    size_t number;                      /* of this query in it */
} cs_result;

typedef struct cs_results {
    const char *collection, *model;
    clipsearch_metric metric;
    bool unscored;    /* a list of items: no scores and no times */
    bool relevance;   /* print the relevance of hits as text too */
    cs_result *items; /* [count] */
    size_t count;
    const char *const *captions; /* [caption_count]: attributes that stand below each image of a sheet or preview */
    size_t caption_count;
} cs_results;

/* The hits of one query. */
static inline size_t cs_result_count(const cs_result *result)
{
    return clipsearch_hits_count(result->hits, result->number);
}

static inline const clipsearch_hit *cs_result_hit(const cs_result *result, size_t rank)
{
    return clipsearch_hits_get(result->hits, result->number, rank);
}

#endif
