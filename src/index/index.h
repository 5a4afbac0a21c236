/* SPDX-License-Identifier: MIT
 * index.h - nearest neighbours among vectors with ids; knows no pictures. One interface for every kind of index. */
#ifndef CS_INDEX_INDEX_H
#define CS_INDEX_INDEX_H

#include "base/error.h"
#include "base/pool.h"

#include <stdint.h>

typedef struct cs_index cs_index;

/* One neighbour. score: cosine or inner product (higher is nearer), or squared L2 distance (lower is nearer). */
typedef struct cs_neighbour {
    int64_t id;
    float score;
} cs_neighbour;

/* A set of ids: bit i of bits stands for id first + i; ids outside [first, first + size) are not in it. */
typedef struct cs_index_allowed {
    const uint64_t *bits; /* [(size + 63) / 64]; bits behind size are zero */
    int64_t first;
    size_t size, count; /* count: how many bits are set */
} cs_index_allowed;

typedef struct cs_index_search_params {
    size_t k;
    bool has_limit; /* only neighbours as near as `limit` or nearer */
    float limit;
    const cs_index_allowed *allowed; /* only these ids; NULL: all */
} cs_index_search_params;

/* What a kind of index does; the functions below call through it. */
typedef struct cs_index_ops {
    const char *name;
    clipsearch_status (*reserve)(cs_index *index, size_t count, clipsearch_error *err);
    clipsearch_status (*put)(cs_index *index, int64_t id, const float *vector, clipsearch_error *err);
    bool (*remove)(cs_index *index, int64_t id);
    size_t (*count)(const cs_index *index);
    clipsearch_status (*search)(const cs_index *index, const float *query, const cs_index_search_params *params,
                                cs_pool *pool, cs_neighbour *out, size_t *found, clipsearch_error *err);
    void (*close)(cs_index *index);
} cs_index_ops;

/* Every kind begins with this. */
struct cs_index {
    const cs_index_ops *ops;
    size_t dim;
    clipsearch_metric metric;
};

/* The exact scan over one contiguous array. For CLIPSEARCH_COSINE vectors and queries are taken as L2-normalised. */
clipsearch_status cs_index_flat_open(size_t dim, clipsearch_metric metric, cs_index **index, clipsearch_error *err);

void cs_index_close(cs_index **index);
/* Room for `count` vectors in all, so that putting that many moves nothing. */
clipsearch_status cs_index_reserve(cs_index *index, size_t count, clipsearch_error *err);
/* Insert, or replace the vector of an id that is there. `vector` [dim] is copied; one with a NaN or infinity is
 * CLIPSEARCH_E_ARGUMENT. A failed put leaves the index as it was. */
clipsearch_status cs_index_put(cs_index *index, int64_t id, const float *vector, clipsearch_error *err);
/* False when there is no such id. */
bool cs_index_remove(cs_index *index, int64_t id);
size_t cs_index_count(const cs_index *index);
/* Whether `id` is in the set; NULL: every id is. */
static inline bool cs_index_is_allowed(const cs_index_allowed *allowed, int64_t id)
{
    if (!allowed)
        return true;
    uint64_t i = (uint64_t)id - (uint64_t)allowed->first;
    return i < allowed->size && (allowed->bits[i / 64] >> i % 64 & 1);
}

/* The nearest k (or fewer: *found) to query [dim], nearest first, ties by ascending id, into out [k]. Any number of
 * threads may search while none changes the index. */
clipsearch_status cs_index_search(const cs_index *index, const float *query, const cs_index_search_params *params,
                                  cs_pool *pool, cs_neighbour *out, size_t *found, clipsearch_error *err);

#endif
