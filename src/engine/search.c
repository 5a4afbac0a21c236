/* SPDX-License-Identifier: MIT
 * search.c - loads a collection's vectors once, searches them, and joins the answer with the rows. */
#include "engine/search.h"

#include "base/buf.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

/* Below this many floats one thread scans the index in about the time it takes to wake the others. */
enum { POOL_FLOATS = 1 << 22 };

/* A query whose squared length is this near to 1 is taken as it is, so that an encoder's vector keeps its bits. */
static const double UNIT_TOLERANCE = 1e-5;

struct clipsearch_hits {
    size_t queries;
    size_t *starts; /* [queries + 1]: where each query's hits begin */
    clipsearch_hit *hits;
    size_t count, capacity;
    cs_buf strings; /* path and attributes of each hit in turn */
};

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

static clipsearch_status add_hit(clipsearch_hits *hits, const clipsearch_item *item, float score, clipsearch_error *err)
{
    if (hits->count == hits->capacity) {
        size_t capacity = hits->capacity ? hits->capacity * 2 : 16;
        clipsearch_hit *larger = cs_realloc_array(hits->hits, capacity, sizeof *larger);
        if (!larger)
            return cs_fail_memory(err, "search results");
        hits->hits = larger;
        hits->capacity = capacity;
    }
    cs_buf_append(&hits->strings, item->path, strlen(item->path) + 1);
    cs_buf_append(&hits->strings, item->attributes, strlen(item->attributes) + 1);
    if (hits->strings.failed)
        return cs_fail_memory(err, "search results");
    hits->hits[hits->count++] = (clipsearch_hit){.id = item->id,
                                                 .score = score,
                                                 .size = item->size,
                                                 .mtime_ns = item->mtime_ns,
                                                 .width = item->width,
                                                 .height = item->height};
    return CLIPSEARCH_OK;
}

static clipsearch_status search_one(clipsearch_collection *collection, const float *query,
                                    const cs_index_search_params *params, cs_neighbour *neighbours,
                                    clipsearch_hits *hits, clipsearch_error *err)
{
    size_t found;
    clipsearch_status status =
        cs_index_search(collection->index, query, params, collection->pool, neighbours, &found, err);
    for (size_t i = 0; i < found && status == CLIPSEARCH_OK; i++) {
        clipsearch_item item;
        bool there;
        status = cs_store_get(collection->db->store, &collection->row, neighbours[i].id, &there, &item, err);
        if (status == CLIPSEARCH_OK && there) /* else another process removed it a moment ago */
            status = add_hit(hits, &item, neighbours[i].score, err);
    }
    return status;
}

/* ---- results ---- */

/* The strings have stopped moving: point the hits at them. */
static void bind_strings(clipsearch_hits *hits)
{
    const char *at = hits->strings.data;
    for (size_t i = 0; i < hits->count; i++) {
        hits->hits[i].path = at;
        at += strlen(at) + 1;
        hits->hits[i].attributes = at;
        at += strlen(at) + 1;
    }
}

clipsearch_status cs_search(clipsearch_collection *collection, const float *queries, size_t count, size_t k,
                            const clipsearch_search_options *options, clipsearch_hits **out, clipsearch_error *err)
{
    *out = NULL;
    if (k == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "k is 0; ask for one hit at least");
    if (options->has_limit && isnan(options->limit))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the limit is no number");
    size_t dim = collection->row.dim, starts = 0;
    float *query = NULL;
    cs_neighbour *neighbours = NULL;
    clipsearch_hits *hits = NULL;
    clipsearch_status status = bring_up_to_date(collection, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (k > cs_index_count(collection->index))
        k = cs_index_count(collection->index);
    query = cs_alloc_aligned(dim, sizeof *query);
    neighbours = cs_alloc_array(k, sizeof *neighbours);
    hits = cs_zalloc_array(1, sizeof *hits);
    if (hits) {
        hits->strings = cs_buf_make(SIZE_MAX / 2);
        if (!__builtin_add_overflow(count, 1, &starts))
            hits->starts = cs_zalloc_array(starts, sizeof *hits->starts);
    }
    if (!query || !neighbours || !hits || !hits->starts) {
        status = cs_fail_memory(err, "search results");
        goto done;
    }
    hits->queries = count;
    cs_index_search_params params = {.k = k, .has_limit = options->has_limit, .limit = options->limit};
    for (size_t i = 0; i < count; i++) {
        status = take_query(&collection->row, queries + i * dim, i, query, err);
        if (status == CLIPSEARCH_OK && k > 0)
            status = search_one(collection, query, &params, neighbours, hits, err);
        if (status != CLIPSEARCH_OK)
            goto done;
        hits->starts[i + 1] = hits->count;
    }
    bind_strings(hits);
done:
    cs_free(query);
    cs_free(neighbours);
    if (status != CLIPSEARCH_OK)
        cs_hits_free(&hits);
    *out = hits;
    return status;
}

size_t cs_hits_count(const clipsearch_hits *hits, size_t query)
{
    return query < hits->queries ? hits->starts[query + 1] - hits->starts[query] : 0;
}

const clipsearch_hit *cs_hits_get(const clipsearch_hits *hits, size_t query, size_t rank)
{
    return rank < cs_hits_count(hits, query) ? &hits->hits[hits->starts[query] + rank] : NULL;
}

void cs_hits_free(clipsearch_hits **handle)
{
    clipsearch_hits *hits = *handle;
    if (!hits)
        return;
    cs_buf_free(&hits->strings);
    cs_free(hits->hits);
    cs_free(hits->starts);
    cs_free(hits);
    *handle = NULL;
}
