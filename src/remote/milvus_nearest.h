/* SPDX-License-Identifier: MIT
 * milvus_nearest.h - the exact nearest items of some queries, found while all vectors of a collection come by. */
#ifndef CS_REMOTE_MILVUS_NEAREST_H
#define CS_REMOTE_MILVUS_NEAREST_H

#include "remote/milvus_collection.h"

typedef struct cs_milvus_nearest {
    const milvus_collection *collection;
    const float *queries; /* [count, dim] */
    size_t count, k;
    double *scores; /* [count, k], nearest first: more is nearer, so distances are negative */
    int64_t *ids;   /* [count, k] */
    size_t *found;  /* [count] */
} cs_milvus_nearest;

/* Room for the k nearest of `count` queries, which stay the caller's. Free it in any case. */
clipsearch_status cs_milvus_nearest_make(const milvus_collection *collection, const float *queries, size_t count,
                                         size_t k, cs_milvus_nearest *nearest, clipsearch_error *err);
void cs_milvus_nearest_free(cs_milvus_nearest *nearest);
/* Compare the queries with the rows of a table. CLIPSEARCH_E_DATABASE: it has no vectors, or one is not finite. */
clipsearch_status cs_milvus_nearest_add(cs_milvus_nearest *nearest, const cs_milvus_table *table,
                                        clipsearch_error *err);

/* A search that reads every vector that the filter, an expression of Milvus, lets through. */
clipsearch_status cs_milvus_search_exactly(milvus_collection *collection, const cs_search_request *request,
                                           const char *filter, clipsearch_hits *hits, clipsearch_error *err);

#endif
