/* SPDX-License-Identifier: MIT
 * search.c - loads a collection's vectors once, searches them, and joins the answer with the rows. */
#include "engine/search.h"

#include "base/mem.h"
#include "engine/picked.h"
#include "index/allowed.h"

#include <math.h>
#include <string.h>

/* Below this many floats one thread scans the index in about the time it takes to wake the others. */
enum { POOL_FLOATS = 1 << 22 };

/* A vector read by its id takes about as long as FEW read in a row: 5.0 to 6.6 against 1.4 microseconds (100,000 x 512,
 * file in memory). */
enum { FEW = 4 };

/* A query whose squared length is this near to 1 is taken as it is, so that an encoder's vector keeps its bits. */
static const double UNIT_TOLERANCE = 1e-5;

/* ---- the index ---- */

static clipsearch_status load_vector(void *context, int64_t id, const float *vector, clipsearch_error *err)
{
    return cs_index_put(context, id, vector, err);
}

/* Make collection->index hold the rows as they are now. The generation is read before the vectors: what is written in
 * between is loaded now and, being counted as news, once more by the next search, never missed. */
static clipsearch_status bring_up_to_date(clipsearch_collection *collection, clipsearch_error *err)
{
    clipsearch_status status = cs_collection_refresh(collection, err);
    const cs_store_collection *row = &collection->row;
    if (status != CLIPSEARCH_OK || (collection->index && collection->index_generation == row->generation))
        return status;
    cs_index_close(&collection->index);
    cs_index *index = NULL;
    status = cs_index_flat_open(row->dim, row->metric, &index, err);
    if (status == CLIPSEARCH_OK)
        status = cs_index_reserve(index, row->count, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_each_vector(collection->db->store, row, load_vector, index, err);
    if (status == CLIPSEARCH_OK && !collection->pool && cs_index_count(index) >= POOL_FLOATS / row->dim)
        status = cs_pool_open(0, &collection->pool, err);
    if (status != CLIPSEARCH_OK) {
        cs_index_close(&index);
        return status;
    }
    collection->index = index;
    collection->index_generation = row->generation;
    return CLIPSEARCH_OK;
}

/* ---- one query ---- */

/* Copy `query` to `unit`, for a cosine brought to length 1 when it is not. */
static clipsearch_status take_query(const cs_store_collection *row, const float *query, size_t number, float *unit,
                                    clipsearch_error *err)
{
    double squared = 0;
    for (size_t d = 0; d < row->dim; d++) {
        if (!isfinite(query[d]))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "query %zu: element %zu is no finite number", number, d);
        squared += (double)query[d] * query[d];
    }
    memcpy(unit, query, row->dim * sizeof *unit);
    if (row->metric != CLIPSEARCH_COSINE || fabs(squared - 1) <= UNIT_TOLERANCE)
        return CLIPSEARCH_OK;
    if (squared == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "query %zu: a vector of zeros has no direction", number);
    double length = sqrt(squared);
    for (size_t d = 0; d < row->dim; d++)
        unit[d] = (float)(query[d] / length);
    return CLIPSEARCH_OK;
}

static clipsearch_status search_one(clipsearch_collection *collection, const cs_index *index, const float *query,
                                    const cs_index_search_params *params, cs_neighbour *neighbours,
                                    clipsearch_hits *hits, clipsearch_error *err)
{
    size_t found;
    clipsearch_status status = cs_index_search(index, query, params, collection->pool, neighbours, &found, err);
    for (size_t i = 0; i < found && status == CLIPSEARCH_OK; i++) {
        clipsearch_item item;
        bool there;
        status = cs_store_get(collection->db->store, &collection->row, neighbours[i].id, &there, &item, err);
        if (status == CLIPSEARCH_OK && there) /* else another process removed it a moment ago */
            status = cs_hits_add(hits, &item, neighbours[i].score, err);
    }
    return status;
}

/* ---- where to search ---- */

/* What one call of cs_search searches. */
typedef struct place {
    const cs_index *index;
    const cs_index_allowed *allowed; /* NULL: the whole index */
    cs_index *own;                   /* an index of the picked vectors alone, or NULL */
    cs_allowed set;
} place;

/* With a filter that lets few through, and no index in memory, only their vectors are read; so too when their ids lie
 * too far apart for a set of bits. */
static clipsearch_status choose_place(clipsearch_collection *collection, const char *filter, place *where,
                                      clipsearch_error *err)
{
    cs_picked picked = {0};
    bool fits = true;
    clipsearch_status status = filter ? cs_collection_refresh(collection, err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK && filter)
        status = cs_picked_read(collection, filter, &picked, err);
    if (status == CLIPSEARCH_OK && filter)
        status = cs_allowed_make(picked.ids, picked.count, &where->set, &fits, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    bool loaded = collection->index && collection->index_generation == collection->row.generation;
    if (filter && (!fits || (!loaded && picked.count <= collection->row.count / FEW))) {
        status = cs_picked_index(collection, &picked, &where->own, err);
        where->index = where->own;
        goto done;
    }
    status = bring_up_to_date(collection, err);
    where->index = collection->index;
    where->allowed = filter ? &where->set.set : NULL;
done:
    cs_picked_free(&picked);
    return status;
}

/* The most that a search there can find. */
static size_t most(const place *where)
{
    size_t count = cs_index_count(where->index);
    return where->allowed && where->allowed->count < count ? where->allowed->count : count;
}

clipsearch_status cs_search(clipsearch_collection *collection, const float *queries, size_t count, size_t k,
                            const clipsearch_search_options *options, clipsearch_hits **out, clipsearch_error *err)
{
    *out = NULL;
    if (k == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "k is 0; ask for one hit at least");
    if (options->has_limit && isnan(options->limit))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the limit is no number");
    size_t dim = collection->row.dim;
    float *query = NULL;
    cs_neighbour *neighbours = NULL;
    clipsearch_hits *hits = NULL;
    place where = {0};
    clipsearch_status status = choose_place(collection, options->filter, &where, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    if (k > most(&where))
        k = most(&where);
    query = cs_alloc_aligned(dim, sizeof *query);
    neighbours = cs_alloc_array(k, sizeof *neighbours);
    hits = cs_hits_make(count);
    if (!query || !neighbours || !hits) {
        status = cs_fail_memory(err, "search results");
        goto done;
    }
    cs_index_search_params params = {
        .k = k, .has_limit = options->has_limit, .limit = options->limit, .allowed = where.allowed};
    for (size_t i = 0; i < count; i++) {
        status = take_query(&collection->row, queries + i * dim, i, query, err);
        if (status == CLIPSEARCH_OK && k > 0)
            status = search_one(collection, where.index, query, &params, neighbours, hits, err);
        if (status != CLIPSEARCH_OK)
            goto done;
        cs_hits_next_query(hits);
    }
done:
    cs_free(query);
    cs_free(neighbours);
    cs_index_close(&where.own);
    cs_allowed_free(&where.set);
    if (status != CLIPSEARCH_OK)
        cs_hits_free(&hits);
    *out = hits;
    return status;
}
