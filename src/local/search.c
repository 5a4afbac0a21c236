/* SPDX-License-Identifier: MIT
 * search.c - searches the graph, or all vectors, which it loads once, and joins the answer with the rows. */
#include "local/collection.h"

#include "base/mem.h"
#include "local/filtered.h"

#include <math.h>
#include <string.h>

/* Below this many floats one thread scans the index in about the time it takes to wake the others. */
enum { POOL_FLOATS = 1 << 22 };

/* A vector read by its id takes about as long as FEW read in a row: 5.0 to 6.6 against 1.4 microseconds (100,000 x 512,
 * file in memory). */
enum { FEW = 4 };

/* A query whose squared length is this near to 1 is taken as it is, so that an encoder's vector keeps its bits. */
static const double UNIT_TOLERANCE = 1e-5;

/* ---- exact vectors ---- */

static clipsearch_status load_vector(void *context, int64_t id, const float *vector, clipsearch_error *err)
{
    return cs_index_put(context, id, vector, err);
}

/* Make collection->index hold the rows as they are in this reading, to which collection->row belongs. */
static clipsearch_status bring_up_to_date(local_collection *collection, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    const cs_store_collection *row = &collection->row;
    if (collection->index && collection->index_generation == row->generation)
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

/* ---- where to search ---- */

/* What one call of cs_search searches: the graph and its tail, or an index of exact vectors. */
typedef struct place {
    bool graph;
    const cs_index *index;    /* exact; NULL while the graph is used */
    const cs_id_set *allowed; /* NULL: all */
    cs_index *own;            /* an index of the filtered vectors alone, or NULL */
    cs_id_set set;
    size_t filtered; /* ids that the filter lets through */
} place;

/* Whether the index file can be searched. That it cannot may be because another process has just put a new one in
 * place, of which this reading does not know: then it is read anew. Says why not, once. */
static clipsearch_status find_graph(local_collection *collection, bool may_read_anew, bool *usable,
                                    clipsearch_error *err)
{
    enum { ATTEMPTS = 3 };
    cs_store *store = collection->db->store;
    clipsearch_status status = CLIPSEARCH_OK;
    clipsearch_error why;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        bool began;
        const uint64_t owner = collection->row.index_owner, next = collection->row.index_next;
        status = cs_graph_ready(&collection->graph, store, &collection->row, usable, &why, err);
        if (status == CLIPSEARCH_OK && *usable)
            *usable = cs_graph_is_whole(&collection->graph, &collection->row, &why);
        if (status != CLIPSEARCH_OK || *usable || !why.message[0])
            return status;
        if (!may_read_anew)
            break;
        cs_store_end_reading(store);
        status = cs_store_begin_reading(store, &began, err);
        if (status == CLIPSEARCH_OK)
            status = cs_local_refresh(collection, err);
        if (status != CLIPSEARCH_OK || (collection->row.index_owner == owner && collection->row.index_next == next))
            break;
    }
    if (status == CLIPSEARCH_OK)
        cs_database_note(&collection->db->base, "%s", why.message);
    return status;
}

static clipsearch_status choose_exact(local_collection *collection, place *where, clipsearch_error *err)
{
    where->graph = false;
    clipsearch_status status = bring_up_to_date(collection, err);
    where->index = collection->index;
    return status;
}

/* With a filter that lets few through, and neither graph nor vectors in memory, only their vectors are read; so too
 * when their ids lie too far apart for a set of bits. */
static clipsearch_status choose_place(local_collection *collection, const cs_search_request *request,
                                      bool may_read_anew, place *where, clipsearch_error *err)
{
    cs_filtered filtered = {0};
    bool fits = true;
    const cs_filter_tree *filter = request->filter;
    clipsearch_status status = cs_local_refresh(collection, err);
    if (status == CLIPSEARCH_OK && !request->exact)
        status = find_graph(collection, may_read_anew, &where->graph, err);
    if (status == CLIPSEARCH_OK && filter)
        status = cs_filtered_read(collection, filter, &filtered, err);
    if (status == CLIPSEARCH_OK && filter)
        status = cs_id_set_make(filtered.ids, filtered.count, &where->set, &fits, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    where->filtered = filtered.count;
    bool loaded = where->graph || (collection->index && collection->index_generation == collection->row.generation);
    if (filter && (!fits || (!loaded && filtered.count <= collection->row.count / FEW))) {
        status = cs_filtered_index(collection, &filtered, &where->own, err);
        where->index = where->own;
        where->graph = false;
        goto done;
    }
    where->allowed = filter ? &where->set : NULL;
    if (!where->graph)
        status = choose_exact(collection, where, err);
done:
    cs_filtered_free(&filtered);
    return status;
}

/* The most that a search there can find. */
static size_t most(const local_collection *collection, const place *where)
{
    size_t count = where->index ? cs_index_count(where->index) : collection->row.count;
    return where->allowed && where->filtered < count ? where->filtered : count;
}

/* ---- one query ---- */

/* The neighbours of one query; a graph that turns out to be damaged is left for an exact scan, of this query too.
 * neighbours [3 * params->k]: the last two thirds are for the search itself. */
static clipsearch_status find_neighbours(local_collection *collection, place *where, const float *query,
                                         const cs_index_search_params *params, cs_neighbour *neighbours, size_t *found,
                                         clipsearch_error *err)
{
    clipsearch_error damage;
    if (where->graph) {
        clipsearch_status status =
            cs_graph_search(&collection->graph, query, params, neighbours + params->k, neighbours, found, &damage);
        if (status == CLIPSEARCH_OK)
            return status;
        if (status != CLIPSEARCH_E_FORMAT)
            return cs_fail(err, status, "%s", damage.message);
        cs_database_note(&collection->db->base,
                         "%s; searching all of %s exactly (clipsearch check --repair %s writes the index anew)",
                         damage.message, collection->row.name, collection->row.name);
        status = choose_exact(collection, where, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return cs_index_search(where->index, query, params, collection->pool, neighbours, found, err);
}

static clipsearch_status search_one(local_collection *collection, place *where, const float *query,
                                    const cs_index_search_params *params, cs_neighbour *neighbours,
                                    clipsearch_hits *hits, clipsearch_error *err)
{
    size_t found = 0;
    clipsearch_status status = find_neighbours(collection, where, query, params, neighbours, &found, err);
    for (size_t i = 0; i < found && status == CLIPSEARCH_OK; i++) {
        clipsearch_item item;
        bool there;
        status = cs_store_get(collection->db->store, &collection->row, neighbours[i].id, &there, &item, err);
        if (status == CLIPSEARCH_OK && there)
            status = cs_hits_add(hits, &item, neighbours[i].score, err);
    }
    return status;
}

static clipsearch_status search_all(local_collection *collection, place *where, const cs_search_request *request,
                                    size_t k, clipsearch_hits *hits, clipsearch_error *err)
{
    const size_t dim = collection->row.dim;
    size_t places;
    cs_index_stats stats = {0};
    cs_index_search_params params = {.k = k,
                                     .has_limit = request->has_limit,
                                     .limit = request->limit,
                                     .ef = request->ef ? request->ef : collection->row.ef,
                                     .allowed = where->allowed,
                                     .stats = &stats};
    float *query = cs_alloc_aligned(dim, sizeof *query);
    cs_neighbour *neighbours =
        __builtin_mul_overflow(k, 3, &places) ? NULL : cs_alloc_array(places, sizeof *neighbours);
    clipsearch_status status = query && neighbours ? CLIPSEARCH_OK : cs_fail_memory(err, "search results");
    for (size_t i = 0; i < request->count && status == CLIPSEARCH_OK; i++) {
        status = take_query(&collection->row, request->queries + i * dim, i, query, err);
        if (status == CLIPSEARCH_OK && k > 0)
            status = search_one(collection, where, query, &params, neighbours, hits, err);
        if (status != CLIPSEARCH_OK)
            break;
        cs_hits_next_query(hits);
        if (request->stats) {
            request->stats->graph += stats.graph;
            request->stats->compared += stats.distances;
            request->stats->tail = where->graph && collection->graph.tail ? cs_index_count(collection->graph.tail) : 0;
        }
    }
    cs_free(query);
    cs_free(neighbours);
    return status;
}

clipsearch_status cs_local_search(clipsearch_collection *base, const cs_search_request *request, clipsearch_hits *hits,
                                  clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    place where = {0};
    size_t k = request->k;
    bool began = false;
    /* one read transaction throughout: rows, changes and answer are of one moment */
    clipsearch_status status = cs_store_begin_reading(collection->db->store, &began, err);
    if (status == CLIPSEARCH_OK)
        status = choose_place(collection, request, began, &where, err);
    if (status == CLIPSEARCH_OK && k > most(collection, &where))
        k = most(collection, &where);
    if (status == CLIPSEARCH_OK)
        status = search_all(collection, &where, request, k, hits, err);
    if (began)
        cs_store_end_reading(collection->db->store);
    cs_index_close(&where.own);
    cs_id_set_free(&where.set);
    return status;
}
