/* SPDX-License-Identifier: MIT
 * search.c - searches a snapshot, by its graph or all its vectors, the queries of a call side by side; then reads the
 * items found. */
#include "local/filtered.h"

#include "backend/query_vector.h"
#include "base/mem.h"
#include "base/stop.h"
#include "index/hnsw.h"
#include "index/id_set.h"

#include <string.h>

enum {
    /* Below this many walks through a graph, of 0.05 ms and more each, one thread takes about as long as waking the
     * others does. */
    POOL_WALKS = 4,
    /* A vector read by its id takes about as long as FEW read in a row: 5.0 to 6.6 against 1.4 microseconds (100,000 x
     * 512, file in memory). */
    FEW = 4,
    /* Queries whose neighbours are in memory at once, and how many neighbours at most */
    BATCH_QUERIES = 1024,
    BATCH_NEIGHBOURS = 1 << 20
};

/* ---- where to search */

/* What one call searches: the graph of the snapshot and its delta, or an index of exact vectors. */
typedef struct place {
    cs_snapshot *snapshot;
    bool graph;
    cs_snapshot_vectors *vectors; /* all; NULL while the graph is used, and when there is: */
    cs_index *own;                /* an index of the vectors that the filter lets through, or NULL */
    const cs_id_set *allowed;     /* NULL: all */
    cs_id_set set;
    size_t filtered;         /* ids that the filter lets through */
    cs_id_list gone;         /* without a filter: items that are not to be found, because their files are gone */
    cs_id_list not_in_graph; /* those, and the ids of the delta; empty when none are gone */
} place;

/* Read which items are left out because their files are gone. A filter has left them out already. */
static clipsearch_status read_gone(const local_read *read, const cs_search_request *request, place *where,
                                   clipsearch_error *err)
{
    if (request->filter || !where->snapshot->state.gone)
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_filtered_gone(read, request->with_gone, &where->gone, err);
    if (status == CLIPSEARCH_OK && where->graph && where->gone.count)
        status = cs_id_list_merge(&where->gone, &where->snapshot->delta->changed, &where->not_in_graph, err);
    return status;
}

static clipsearch_status choose_vectors(const local_read *read, place *where, clipsearch_error *err)
{
    where->graph = false;
    return cs_snapshot_load_vectors(where->snapshot, read->store, read->identity, &where->vectors, err);
}

/* With a filter that lets few through, and neither graph nor vectors in memory, only their vectors are read; so too
 * when their ids lie too far apart for a set of bits. */
static clipsearch_status choose_place(local_read *read, const cs_search_request *request, place *where,
                                      clipsearch_error *err)
{
    cs_id_list ids = {0};
    bool fits = true;
    const cs_filter_tree *filter = request->filter;
    clipsearch_status status = cs_local_get_snapshot(read, !request->exact, &where->snapshot, err);
    if (status == CLIPSEARCH_OK)
        where->graph = !request->exact && where->snapshot->graph_usable;
    if (status == CLIPSEARCH_OK)
        status = read_gone(read, request, where, err);
    if (status == CLIPSEARCH_OK && filter)
        status = cs_filtered_read(read, filter, request->with_gone, &ids, err);
    if (status == CLIPSEARCH_OK && filter)
        status = cs_id_set_make(ids.ids, ids.count, &where->set, &fits, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    where->filtered = ids.count;
    const bool loaded = where->graph || cs_snapshot_has_vectors(where->snapshot);
    if (filter && (!fits || (!loaded && ids.count <= read->state.count / FEW))) {
        status = cs_filtered_index(read, &ids, &where->own, err);
        where->graph = false;
        goto done;
    }
    where->allowed = filter ? &where->set : NULL;
    if (!where->graph)
        status = choose_vectors(read, where, err);
done:
    cs_id_list_free(&ids);
    return status;
}

static void leave_place(place *where)
{
    cs_index_close(&where->own);
    cs_id_set_free(&where->set);
    cs_id_list_free(&where->gone);
    cs_id_list_free(&where->not_in_graph);
    cs_snapshot_release(&where->snapshot);
}

/* The most that a search there can find. */
static size_t count_findable(const place *where)
{
    const cs_index *index = where->own ? where->own : where->vectors ? where->vectors->index : NULL;
    size_t count = index ? cs_index_count(index) : where->snapshot->state.count;
    count = count > where->gone.count ? count - where->gone.count : 0;
    return where->allowed && where->filtered < count ? where->filtered : count;
}

/* ---- a batch of queries */

/* What one thread needs to search the index. */
typedef struct worker {
    cs_pool *pool;       /* for this query alone, or NULL */
    cs_neighbour *spare; /* [2 * k] */
    clipsearch_status status;
    size_t failed; /* the query that gave it: the first of this worker's */
    clipsearch_error error;
} worker;

typedef struct batch {
    const place *where;
    cs_index_search_params params;
    size_t dim;
    float *queries;           /* [count, dim] */
    cs_neighbour *neighbours; /* [count, k] */
    size_t *found;            /* [count] */
    cs_index_stats *stats;    /* [count] */
    worker *workers;          /* [threads] */
} batch;

/* Each query is searched by one thread, in its own memory: the results do not depend on how many there are. */
static void walk_one(void *context, size_t number, unsigned thread)
{
    const batch *b = context;
    worker *w = &b->workers[thread];
    cs_index_search_params params = b->params;
    params.stats = &b->stats[number];
    if (w->status != CLIPSEARCH_OK || cs_stop_is_set(b->params.stop))
        return;
    if (cs_stop_asked()) /* only the thread of the call has a stop of its own */
        return;
    const cs_id_list *not_in_graph = b->where->gone.count ? &b->where->not_in_graph : NULL;
    w->status =
        cs_snapshot_search_graph(b->where->snapshot, b->queries + number * b->dim, &params, not_in_graph, w->pool,
                                 w->spare, b->neighbours + number * params.k, &b->found[number], &w->error);
    w->failed = number;
}

/* The failure of the first query that failed. */
static clipsearch_status first_failure(const batch *b, unsigned threads, clipsearch_error *err)
{
    const worker *first = NULL;
    for (unsigned t = 0; t < threads; t++)
        if (b->workers[t].status != CLIPSEARCH_OK && (!first || b->workers[t].failed < first->failed))
            first = &b->workers[t];
    return first ? cs_fail(err, first->status, "%s", first->error.message) : CLIPSEARCH_OK;
}

/* Whether one of a few queries takes so long that all threads are to work on it. */
static bool shares_search(const batch *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (cs_index_hnsw_shares_search(b->where->snapshot->graph->index, b->queries + i * b->dim, &b->params))
            return true;
    return false;
}

/* Search queries [0, count) of the batch by the graph; on the pool, when it is free: many are spread over the threads,
 * of few each is the work of all. */
static clipsearch_status walk_batch(local_database *db, batch *b, size_t count, clipsearch_error *err)
{
    const bool many = count >= POOL_WALKS;
    cs_pool *pool = many || shares_search(b, count) ? cs_local_borrow_pool(db) : NULL;
    const unsigned threads = many ? cs_pool_threads(pool) : 1;
    cs_neighbour *spare = NULL;
    size_t places;
    clipsearch_status status = CLIPSEARCH_OK;
    b->workers = cs_zalloc_array(threads, sizeof *b->workers);
    if (!__builtin_mul_overflow(b->params.k, (size_t)2 * threads, &places))
        spare = cs_alloc_array(places, sizeof *spare);
    if (!b->workers || !spare) {
        status = cs_fail_memory(err, "search results");
    } else {
        for (unsigned t = 0; t < threads; t++)
            b->workers[t].spare = spare + t * 2 * b->params.k;
        b->workers[0].pool = many ? NULL : pool;
        cs_pool_run(many ? pool : NULL, count, walk_one, b);
        status = first_failure(b, threads, err);
        if (status == CLIPSEARCH_OK)
            status = cs_stop_fail(b->params.stop, err);
    }
    cs_local_return_pool(db, pool);
    cs_free(b->workers);
    cs_free(spare);
    return status;
}

/* The same by comparing every vector: of all, together with the scans of other threads. */
static clipsearch_status scan_batch(local_database *db, const batch *b, size_t count, clipsearch_error *err)
{
    cs_flat_query *queries = cs_alloc_array(count, sizeof *queries);
    if (!queries)
        return cs_fail_memory(err, "search results");
    for (size_t i = 0; i < count; i++) {
        queries[i] = (cs_flat_query){
            .query = b->queries + i * b->dim, .params = b->params, .out = b->neighbours + i * b->params.k};
        queries[i].params.stats = &b->stats[i];
    }
    cs_snapshot_vectors *vectors = b->where->vectors;
    clipsearch_status status = b->where->own
                                   ? cs_scan_alone(db, b->where->own, queries, count, err)
                                   : cs_scan_group_search(&vectors->group, db, vectors->index, queries, count, err);
    if (status == CLIPSEARCH_OK)
        status = cs_stop_fail(b->params.stop, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        b->found[i] = queries[i].found;
    cs_free(queries);
    return status;
}

/* ---- all queries */

/* Read the items that query `number` of the batch found. */
static clipsearch_status add_hits(const local_read *read, const batch *b, size_t number, clipsearch_hits *hits,
                                  clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    const cs_neighbour *neighbours = b->neighbours + number * b->params.k;
    for (size_t i = 0; i < b->found[number] && status == CLIPSEARCH_OK; i++) {
        clipsearch_item item;
        bool there;
        if (i % CS_STOP_ROWS == 0 && (status = cs_stop_check(err)) != CLIPSEARCH_OK)
            break;
        status = cs_store_get(read->store, read->identity, neighbours[i].id, &there, &item, err);
        if (status == CLIPSEARCH_OK && there)
            status = cs_hits_add_with_file(hits, &item, cs_store_item_file(read->store), neighbours[i].score, err);
    }
    return status;
}

static clipsearch_status alloc_batch(batch *b, size_t count, clipsearch_error *err)
{
    size_t floats, places;
    if (!__builtin_mul_overflow(count, b->dim, &floats) && !__builtin_mul_overflow(count, b->params.k, &places)) {
        b->queries = cs_alloc_aligned(floats, sizeof *b->queries);
        b->neighbours = cs_alloc_array(places, sizeof *b->neighbours);
        b->found = cs_alloc_array(count, sizeof *b->found);
        b->stats = cs_alloc_array(count, sizeof *b->stats);
    }
    return b->queries && b->neighbours && b->found && b->stats ? CLIPSEARCH_OK : cs_fail_memory(err, "search results");
}

static void free_batch(batch *b)
{
    cs_free(b->queries);
    cs_free(b->neighbours);
    cs_free(b->found);
    cs_free(b->stats);
}

/* Search queries [first, first + count) of the request and append their hits. */
static clipsearch_status answer_batch(const local_read *read, const cs_search_request *request, batch *b, size_t first,
                                      size_t count, clipsearch_hits *hits, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        b->found[i] = 0;
        b->stats[i] = (cs_index_stats){0};
        status = cs_copy_query(b->dim, read->identity->metric, request->queries + (first + i) * b->dim, first + i,
                               b->queries + i * b->dim, err);
    }
    local_database *db = read->collection->db;
    if (status == CLIPSEARCH_OK && b->params.k > 0)
        status = b->where->graph ? walk_batch(db, b, count, err) : scan_batch(db, b, count, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        status = add_hits(read, b, i, hits, err);
        cs_hits_next_query(hits);
        if (request->stats) {
            request->stats->graph += b->stats[i].graph;
            request->stats->scanned += b->where->graph && !b->stats[i].graph;
            request->stats->compared += b->stats[i].distances;
        }
    }
    return status;
}

static clipsearch_status answer_all(const local_read *read, const cs_search_request *request, const place *where,
                                    clipsearch_hits *hits, clipsearch_error *err)
{
    const size_t most = count_findable(where), k = request->k < most ? request->k : most;
    size_t step = k ? BATCH_NEIGHBOURS / k + 1 : BATCH_QUERIES;
    step = step > BATCH_QUERIES ? BATCH_QUERIES : step;
    step = step > request->count ? request->count : step;
    batch b = {.where = where,
               .dim = read->identity->dim,
               .params = {.stop = cs_stop_current(),
                          .k = k,
                          .has_limit = request->has_limit,
                          .limit = request->limit,
                          .ef = request->ef,
                          .allowed = where->allowed,
                          .excluded = where->gone.ids,
                          .excluded_count = where->gone.count}};
    clipsearch_status status = alloc_batch(&b, step, err);
    for (size_t first = 0; first < request->count && status == CLIPSEARCH_OK; first += step) {
        const size_t count = request->count - first < step ? request->count - first : step;
        status = answer_batch(read, request, &b, first, count, hits, err);
    }
    if (request->stats)
        request->stats->delta = where->graph ? cs_snapshot_delta_count(where->snapshot) : 0;
    free_batch(&b);
    return status;
}

/* Choose where to search, and search; `walking` while this is one of the searches that cs_local_begin_walk counts. */
static clipsearch_status search(local_read *read, const cs_search_request *request, bool *walking,
                                clipsearch_hits *hits, clipsearch_error *err)
{
    place where = {0};
    local_database *db = read->collection->db;
    clipsearch_error failure;
    clipsearch_status status = choose_place(read, request, &where, &failure);
    if (*walking && !where.graph) { /* scans wait for one another in their own way */
        cs_local_end_walk(db);
        *walking = false;
    }
    if (status == CLIPSEARCH_OK)
        status = answer_all(read, request, &where, hits, &failure);
    if (status == CLIPSEARCH_E_FORMAT && where.graph) { /* every query again, exactly: a call's hits are of one kind */
        cs_local_refuse_graph(read, where.snapshot, failure.message);
        cs_hits_restart(hits);
        if (request->stats)
            *request->stats = (clipsearch_search_stats){0};
        status = choose_vectors(read, &where, &failure);
        if (status == CLIPSEARCH_OK)
            status = answer_all(read, request, &where, hits, &failure);
    }
    leave_place(&where);
    return status == CLIPSEARCH_OK ? status : cs_fail(err, status, "%s", failure.message);
}

clipsearch_status cs_local_search(clipsearch_collection *base, const cs_search_request *request, clipsearch_hits *hits,
                                  clipsearch_error *err)
{
    local_database *db = cs_local_collection(base)->db;
    local_read read;
    bool walking = !request->exact && !db->in_memory;
    clipsearch_status status = cs_stop_check(err);
    if (status == CLIPSEARCH_OK && walking)
        status = cs_local_begin_walk(db, err);
    if (status != CLIPSEARCH_OK)
        return status;
    /* one read transaction throughout: items, changes and results are of one moment */
    status = cs_local_begin_read(base, &read, err);
    if (status == CLIPSEARCH_OK)
        status = search(&read, request, &walking, hits, err);
    cs_local_end_read(&read);
    if (walking)
        cs_local_end_walk(db);
    cs_local_send_note(&read);
    return status;
}
