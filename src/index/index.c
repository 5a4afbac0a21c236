/* SPDX-License-Identifier: MIT
 * index.c - what every kind of index has in common: arguments are checked once, then the kind's own function runs. */
#include "index/index.h"

#include <math.h>

static bool all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

void cs_index_close(cs_index **index)
{
    if (!index || !*index)
        return;
    (*index)->ops->close(*index);
    *index = NULL;
}

clipsearch_status cs_index_reserve(cs_index *index, size_t count, clipsearch_error *err)
{
    return index->ops->reserve(index, count, err);
}

clipsearch_status cs_index_put(cs_index *index, int64_t id, const float *vector, clipsearch_error *err)
{
    if (!all_finite(vector, index->dim))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the vector of id %lld holds a NaN or an infinity", (long long)id);
    return index->ops->put(index, id, vector, err);
}

clipsearch_status cs_index_put_many(cs_index *index, const int64_t *ids, const float *vectors, size_t count,
                                    cs_pool *pool, clipsearch_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!all_finite(vectors + i * index->dim, index->dim))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the vector of id %lld holds a NaN or an infinity",
                           (long long)ids[i]);
    if (index->ops->put_many)
        return index->ops->put_many(index, ids, vectors, count, pool, err);
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        status = index->ops->put(index, ids[i], vectors + i * index->dim, err);
    return status;
}

clipsearch_status cs_index_vacuum(cs_index *index, cs_pool *pool, clipsearch_error *err)
{
    return index->ops->vacuum ? index->ops->vacuum(index, pool, err) : CLIPSEARCH_OK;
}

bool cs_index_remove(cs_index *index, int64_t id)
{
    return index->ops->remove(index, id);
}

size_t cs_index_count(const cs_index *index)
{
    return index->ops->count(index);
}

clipsearch_status cs_index_search(const cs_index *index, const float *query, const cs_index_search_params *params,
                                  cs_pool *pool, cs_neighbour *out, size_t *found, clipsearch_error *err)
{
    *found = 0;
    if (params->stats)
        *params->stats = (cs_index_stats){0};
    if (params->k == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a search for 0 neighbours; 1 or more are allowed");
    if (params->has_limit && isnan(params->limit))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the limit of a search is not a number");
    if (!all_finite(query, index->dim))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the query vector holds a NaN or an infinity");
    return index->ops->search(index, query, params, pool, out, found, err);
}
