/* SPDX-License-Identifier: MIT
 * index.h - nearest neighbours among vectors with ids, whatever the vectors stand for. One interface for every kind of
 * index. */
#ifndef CS_INDEX_INDEX_H
#define CS_INDEX_INDEX_H

#include "base/error.h"
#include "base/pool.h"
#include "base/stop.h"
#include "index/id_set.h"

#include <stdint.h>

typedef struct cs_index cs_index;

/* One neighbour. score: cosine or inner product (higher is nearer), or squared L2 distance (lower is nearer). */
typedef struct cs_neighbour {
    int64_t id;
    float score;
} cs_neighbour;

/* What a search did. */
typedef struct cs_index_stats {
    bool graph;           /* the result came from walking the graph; false: from scanning */
    size_t distances;     /* vectors or codes compared with the query */
    size_t expanded;      /* nodes whose links were followed */
    size_t exact_reranks; /* exact vectors read after a walk or scan of codes */
    float edge; /* distance of the 10th nearest node that a walk found, by codes; of inner products divided by the
                   query's length; INFINITY after a scan */
} cs_index_stats;

typedef struct cs_index_search_params {
    size_t k;
    bool has_limit; /* only neighbours as near as `limit` or nearer */
    float limit;
    size_t ef;                /* graph: candidates kept while walking; 0: the index's own; raised to k */
    const cs_id_set *allowed; /* only these ids; NULL: all */
    const int64_t *excluded;  /* [excluded_count], ascending: none of these */
    size_t excluded_count;
    cs_index_stats *stats; /* filled in when not NULL */
    cs_stop
        *stop; /* ends an exact scan, whose result is then incomplete: the caller looks at it again. NULL: nothing */
} cs_index_search_params;

/* The functions of one kind of index; those below call them. */
typedef struct cs_index_ops {
    const char *name;
    clipsearch_status (*reserve)(cs_index *index, size_t count, clipsearch_error *err);
    clipsearch_status (*put)(cs_index *index, int64_t id, const float *vector, clipsearch_error *err);
    bool (*remove)(cs_index *index, int64_t id);
    size_t (*count)(const cs_index *index);
    clipsearch_status (*search)(const cs_index *index, const float *query, const cs_index_search_params *params,
                                cs_pool *pool, cs_neighbour *out, size_t *found, clipsearch_error *err);
    void (*close)(cs_index *index);
    /* NULL: one put after another */
    clipsearch_status (*put_many)(cs_index *index, const int64_t *ids, const float *vectors, size_t count,
                                  cs_pool *pool, clipsearch_error *err);
    /* NULL: nothing to do */
    clipsearch_status (*vacuum)(cs_index *index, cs_pool *pool, clipsearch_error *err);
} cs_index_ops;

/* Every kind of index begins with this. */
struct cs_index {
    const cs_index_ops *ops;
    size_t dim;
    clipsearch_metric metric;
};

/* The exact scan over one contiguous array. For CLIPSEARCH_COSINE vectors and queries must be L2-normalised. */
clipsearch_status cs_index_flat_open(size_t dim, clipsearch_metric metric, cs_index **index, clipsearch_error *err);
/* One of several searches of such an index. */
typedef struct cs_flat_query {
    const float *query; /* [dim], finite */
    cs_index_search_params params;
    cs_neighbour *out; /* [params.k] */
    size_t found;      /* receives how many */
} cs_flat_query;

/* cs_index_search for many queries in one pass over the vectors: a query costs a fraction of what it costs alone, where
 * reading the vectors from memory takes longer than comparing them. The same results, in every bit.
 * CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_index_flat_search_many(const cs_index *index, cs_flat_query *queries, size_t count, cs_pool *pool,
                                            clipsearch_error *err);
/* A copy of an index that cs_index_flat_open made. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_index_flat_copy(const cs_index *index, cs_index **copy, clipsearch_error *err);

void cs_index_close(cs_index **index);
/* Make room for `count` vectors in all, so that inserting that many moves nothing. */
clipsearch_status cs_index_reserve(cs_index *index, size_t count, clipsearch_error *err);
/* Insert a vector, or replace that of an id which is there. `vector` [dim] is copied; CLIPSEARCH_E_ARGUMENT when it
 * holds a NaN or infinity. A failed put leaves the index as it was. */
clipsearch_status cs_index_put(cs_index *index, int64_t id, const float *vector, clipsearch_error *err);
/* The same for many, on the pool's threads: vectors [count, dim]. When an id is given twice, its last vector is kept.
 * After an error some of them may be in the index, each whole. */
clipsearch_status cs_index_put_many(cs_index *index, const int64_t *ids, const float *vectors, size_t count,
                                    cs_pool *pool, clipsearch_error *err);
/* Free the memory of removed vectors: afterwards none of their bytes is in the index. */
clipsearch_status cs_index_vacuum(cs_index *index, cs_pool *pool, clipsearch_error *err);
/* False when there is no such id. */
bool cs_index_remove(cs_index *index, int64_t id);
size_t cs_index_count(const cs_index *index);

/* Whether a search may find `id`. */
static inline bool cs_index_may_find(const cs_index_search_params *params, int64_t id)
{
    return cs_id_set_has(params->allowed, id) &&
           !(params->excluded_count && cs_ids_contain(params->excluded, params->excluded_count, id));
}

/* The nearest k (or fewer: *found) to query [dim], nearest first, ties by ascending id, into out [k]. Any number of
 * threads may search while none changes the index. */
clipsearch_status cs_index_search(const cs_index *index, const float *query, const cs_index_search_params *params,
                                  cs_pool *pool, cs_neighbour *out, size_t *found, clipsearch_error *err);

#endif
