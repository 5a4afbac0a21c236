/* SPDX-License-Identifier: MIT
 * hnsw_fixture.h - vectors in clusters, and the recall of an index against the exact scan. */
#ifndef TESTS_HNSW_FIXTURE_H
#define TESTS_HNSW_FIXTURE_H

#include "index/hnsw.h"

enum { FIXTURE_K = 10 };

uint32_t fixture_random(void);

/* [count, dim] vectors: 200 clusters in a 16-dimensional subspace, noise, a common mean; unit length for cosine. The
 * caller frees it with cs_free. */
float *fixture_vectors(size_t count, size_t dim, clipsearch_metric metric);

/* Queries [count, dim] that lie off those vectors, as texts lie off images: what four of the clusters have in common is
 * asked for, and half of a query points where no vector does. For the cosine. The caller frees it with cs_free. */
float *fixture_texts(size_t count, size_t dim);

/* What a set of searches gave. */
typedef struct fixture_result {
    double recall; /* of FIXTURE_K; as near as the exact scan's last counts, so that ties do not matter */
    bool graph;    /* every answer came from the graph */
    bool scan;     /* none did */
    bool sound;    /* as many as there are to find, in order, allowed, with the exact scan's own score for the id */
} fixture_result;

/* Search both for queries [count, dim]. */
fixture_result fixture_compare(const cs_index *index, const cs_index *flat, const float *queries, size_t count,
                               size_t ef, const cs_id_set *allowed);

#endif
