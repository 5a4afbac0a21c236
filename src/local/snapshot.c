/* SPDX-License-Identifier: MIT
 * snapshot.c - makes snapshots, each from the one before as far as that is still right. */
#include "local/snapshot.h"

#include "base/mem.h"
#include "base/stop.h"
#include "index/hnsw.h"
#include "index/topk.h"

#include <string.h>

/* ---- parts */

/* Whether this was the last use. */
static bool drop_use(atomic_uint *uses)
{
    return atomic_fetch_sub_explicit(uses, 1, memory_order_acq_rel) == 1;
}

static void release_graph(cs_snapshot_graph *graph)
{
    if (!graph || !drop_use(&graph->uses))
        return;
    cs_index_close(&graph->index);
    cs_free(graph);
}

static void release_delta(cs_snapshot_delta *delta)
{
    if (!delta || !drop_use(&delta->uses))
        return;
    cs_index_close(&delta->index);
    cs_id_list_free(&delta->changed);
    cs_free(delta);
}

static void release_vectors(cs_snapshot_vectors *vectors)
{
    if (!vectors || !drop_use(&vectors->uses))
        return;
    cs_index_close(&vectors->index);
    cs_scan_group_destroy(&vectors->group);
    cs_free(vectors);
}

void cs_snapshot_use(cs_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->uses, 1, memory_order_relaxed);
}

void cs_snapshot_release(cs_snapshot **handle)
{
    cs_snapshot *snapshot = *handle;
    *handle = NULL;
    if (!snapshot || !drop_use(&snapshot->uses))
        return;
    release_vectors(atomic_load(&snapshot->vectors));
    release_delta(snapshot->delta);
    release_graph(snapshot->graph);
    pthread_mutex_destroy(&snapshot->vectors_lock);
    cs_free(snapshot);
}

/* ---- making one */

typedef struct maker {
    const cs_snapshot_request *request;
    const cs_store_state *state;
    cs_snapshot *made;
    cs_id_list changed; /* ids of the changes being read */
    cs_snapshot_reason reason;
    clipsearch_error *why, *err;
} maker;

/* The graph of the snapshot before, if its file is still the collection's and unchanged. */
static bool share_graph(maker *m)
{
    cs_snapshot *before = m->request->before;
    cs_snapshot_graph *graph = before ? before->graph : NULL;
    if (!graph || atomic_load(&graph->damaged) || !cs_index_file_is_known(m->state, graph->stamp.owner) ||
        graph->stamp.generation < m->state->log_from || graph->stamp.generation > m->state->generation ||
        cs_index_file_is_overwritten(&graph->mark, &m->made->mark))
        return false;
    atomic_fetch_add(&graph->uses, 1);
    m->made->graph = graph;
    return true;
}

static clipsearch_status open_graph(maker *m)
{
    const cs_snapshot_request *request = m->request;
    if (request->refused && cs_index_file_marks_equal(request->refused, &m->made->mark))
        return CLIPSEARCH_OK;
    cs_snapshot_graph *graph = cs_zalloc_array(1, sizeof *graph);
    if (!graph)
        return cs_fail_memory(m->err, "opening an index");
    clipsearch_status status =
        cs_index_file_map(request->index_path, request->identity, m->state, &graph->index, &graph->stamp, m->why);
    if (status != CLIPSEARCH_OK) {
        cs_free(graph);
        if (status == CLIPSEARCH_E_MEMORY)
            return cs_fail(m->err, status, "%s", m->why->message);
        m->reason = CS_SNAPSHOT_FILE_UNUSABLE;
        return CLIPSEARCH_OK;
    }
    graph->uses = 1;
    graph->mark = m->made->mark;
    m->made->graph = graph;
    return CLIPSEARCH_OK;
}

/* ---- the delta */

static clipsearch_status add_change(void *context, int64_t id, const float *vector, clipsearch_error *err)
{
    maker *m = context;
    clipsearch_status status = cs_id_list_add(&m->changed, id, err);
    if (status == CLIPSEARCH_OK && vector)
        return cs_index_put(m->made->delta->index, id, vector, err);
    if (status == CLIPSEARCH_OK)
        cs_index_remove(m->made->delta->index, id);
    return status;
}

/* Add the ids that were read to those of the delta; both ascend. */
static clipsearch_status merge_changed(maker *m)
{
    cs_id_list merged = {0};
    cs_id_list *old = &m->made->delta->changed;
    clipsearch_status status = cs_id_list_merge(old, &m->changed, &merged, m->err);
    cs_id_list_free(old);
    *old = merged;
    return status;
}

static clipsearch_status make_delta(maker *m, const cs_snapshot_delta *from)
{
    cs_snapshot_delta *delta = cs_zalloc_array(1, sizeof *delta);
    if (!delta)
        return cs_fail_memory(m->err, "the changes of a collection");
    delta->uses = 1;
    m->made->delta = delta;
    delta->generation = from ? from->generation : m->made->graph->stamp.generation;
    if (!from)
        return cs_index_flat_open(m->request->identity->dim, m->request->identity->metric, &delta->index, m->err);
    clipsearch_status status = cs_index_flat_copy(from->index, &delta->index, m->err);
    for (size_t i = 0; i < from->changed.count && status == CLIPSEARCH_OK; i++)
        status = cs_id_list_add(&delta->changed, from->changed.ids[i], m->err);
    return status;
}

/* Have a delta that is this snapshot's alone, as far as it was read before. */
static clipsearch_status begin_delta(maker *m, bool shared_graph)
{
    cs_snapshot *before = m->request->before;
    cs_snapshot_delta *old = shared_graph ? before->delta : NULL;
    if (!old || old->generation > m->state->generation)
        return make_delta(m, NULL);
    if (atomic_load_explicit(&before->uses, memory_order_acquire) > 1 ||
        atomic_load_explicit(&old->uses, memory_order_acquire) > 1)
        return make_delta(m, old);
    m->made->delta = old;
    before->delta = NULL;
    return CLIPSEARCH_OK;
}

static clipsearch_status read_delta(maker *m, bool shared_graph)
{
    const cs_snapshot_request *request = m->request;
    clipsearch_status status = begin_delta(m, shared_graph);
    if (status == CLIPSEARCH_OK)
        status = cs_store_each_changed_vector(request->store, request->identity, m->made->delta->generation, add_change,
                                              m, m->err);
    if (status == CLIPSEARCH_OK && m->changed.count)
        status = merge_changed(m);
    cs_id_list_free(&m->changed);
    if (status == CLIPSEARCH_OK)
        m->made->delta->generation = m->state->generation;
    return status;
}

/* How many items graph and delta hold together. */
static uint64_t count_items(const cs_snapshot *snapshot)
{
    cs_hnsw_info facts;
    cs_index_hnsw_describe(snapshot->graph->index, &facts);
    uint64_t items = facts.vectors + cs_index_count(snapshot->delta->index);
    for (size_t i = 0; i < snapshot->delta->changed.count; i++)
        items -= cs_index_hnsw_has_id(snapshot->graph->index, snapshot->delta->changed.ids[i]);
    return items;
}

/* ---- */

/* Graph and delta; graph_usable tells whether they can be searched. */
static clipsearch_status prepare_graph(maker *m)
{
    const cs_snapshot_request *request = m->request;
    cs_snapshot *made = m->made;
    uint64_t changes = 0;
    made->graph_tried = true;
    if (m->state->count < CS_INDEX_FILE_LEAST)
        return CLIPSEARCH_OK;
    made->mark = cs_index_file_read_mark(request->index_path, m->state);
    const bool shared = share_graph(m);
    clipsearch_status status = shared ? CLIPSEARCH_OK : open_graph(m);
    if (status != CLIPSEARCH_OK || !made->graph)
        return status;
    cs_snapshot_delta *old = shared ? request->before->delta : NULL;
    if (old && old->generation == m->state->generation) {
        atomic_fetch_add(&old->uses, 1);
        made->delta = old;
    } else {
        status = cs_store_count_changes(request->store, request->identity, made->graph->stamp.generation, true,
                                        &changes, m->err);
        if (status == CLIPSEARCH_OK && changes > m->state->count / CS_SNAPSHOT_DELTA_SHARE) {
            m->reason = CS_SNAPSHOT_DELTA_TOO_LONG;
            cs_fail(m->why, CLIPSEARCH_OK, "%llu of %llu images are newer than the index", (unsigned long long)changes,
                    (unsigned long long)m->state->count);
            return status;
        }
        if (status == CLIPSEARCH_OK)
            status = read_delta(m, shared);
    }
    if (status != CLIPSEARCH_OK)
        return status;
    const uint64_t items = count_items(made);
    made->graph_usable = items == m->state->count;
    if (!made->graph_usable) { /* only changes made by another program, which are noted nowhere, lead to this */
        m->reason = CS_SNAPSHOT_ITEMS_DIFFER;
        cs_fail(m->why, CLIPSEARCH_OK,
                "the index has %llu images, the collection %llu: its rows were changed by another program",
                (unsigned long long)items, (unsigned long long)m->state->count);
    }
    return CLIPSEARCH_OK;
}

/* Vectors that were read for the same generation are still right. */
static void share_vectors(maker *m)
{
    cs_snapshot *before = m->request->before;
    if (!before || before->state.generation != m->state->generation)
        return;
    cs_snapshot_vectors *vectors = atomic_load(&before->vectors); /* lives as long as `before` */
    if (vectors)
        atomic_fetch_add(&vectors->uses, 1);
    atomic_store(&m->made->vectors, vectors);
}

clipsearch_status cs_snapshot_make(const cs_snapshot_request *request, cs_snapshot **snapshot,
                                   cs_snapshot_reason *reason, clipsearch_error *why, clipsearch_error *err)
{
    maker m = {.request = request, .state = request->state, .why = why, .err = err};
    *snapshot = NULL;
    *reason = CS_SNAPSHOT_NO_REASON;
    m.made = cs_zalloc_array(1, sizeof *m.made);
    if (!m.made)
        return cs_fail_memory(err, "a snapshot of a collection");
    m.made->uses = 1;
    m.made->state = *request->state;
    pthread_mutex_init(&m.made->vectors_lock, NULL);
    share_vectors(&m);
    clipsearch_status status = request->index_path ? prepare_graph(&m) : CLIPSEARCH_OK;
    if (status != CLIPSEARCH_OK)
        cs_snapshot_release(&m.made);
    *snapshot = m.made;
    *reason = m.reason;
    return status;
}

bool cs_snapshot_is_current(const cs_snapshot *snapshot, const cs_store_state *state, const char *index_path)
{
    const cs_store_state *own = &snapshot->state;
    if (own->generation != state->generation)
        return false;
    if (!index_path)
        return true;
    if (!snapshot->graph_tried || own->index_owner != state->index_owner || own->index_next != state->index_next ||
        own->log_from != state->log_from)
        return false;
    if (own->count < CS_INDEX_FILE_LEAST)
        return true;
    const cs_index_file_mark now = cs_index_file_read_mark(index_path, state);
    if (!snapshot->graph_usable)
        return cs_index_file_marks_equal(&snapshot->mark, &now);
    return !atomic_load(&snapshot->graph->damaged) && !cs_index_file_is_overwritten(&snapshot->graph->mark, &now);
}

/* ---- searching */

clipsearch_status cs_snapshot_search_graph(const cs_snapshot *snapshot, const float *query,
                                           const cs_index_search_params *params, const cs_id_list *not_in_graph,
                                           cs_pool *pool, cs_neighbour *spare, cs_neighbour *out, size_t *found,
                                           clipsearch_error *err)
{
    cs_index_search_params in_graph = *params, in_delta = *params;
    size_t from_graph = 0, from_delta = 0;
    const bool delta = cs_snapshot_delta_count(snapshot) > 0;
    const cs_index *graph = snapshot->graph->index;
    *found = 0;
    const cs_id_list *excluded = not_in_graph ? not_in_graph : &snapshot->delta->changed;
    in_graph.excluded = excluded->ids;
    in_graph.excluded_count = excluded->count;
    in_delta.stats = NULL;
    clipsearch_status status = cs_index_search(graph, query, &in_graph, pool, delta ? spare : out, &from_graph, err);
    if (status == CLIPSEARCH_OK && delta)
        status = cs_index_search(snapshot->delta->index, query, &in_delta, NULL, spare + params->k, &from_delta, err);
    if (status != CLIPSEARCH_OK)
        return status;
    *found = from_graph;
    if (!delta)
        return CLIPSEARCH_OK;
    cs_topk top = cs_topk_make(out, params->k, graph->metric != CLIPSEARCH_L2);
    for (size_t i = 0; i < from_graph; i++)
        cs_topk_offer(&top, spare[i].id, spare[i].score);
    for (size_t i = 0; i < from_delta; i++)
        cs_topk_offer(&top, spare[params->k + i].id, spare[params->k + i].score);
    *found = cs_topk_finish(&top);
    return CLIPSEARCH_OK;
}

/* ---- all vectors */

static clipsearch_status put_vector(void *context, int64_t id, const float *vector, clipsearch_error *err)
{
    return cs_index_put(context, id, vector, err);
}

static clipsearch_status read_vectors(cs_store *store, const cs_store_identity *identity, uint64_t count,
                                      cs_snapshot_vectors **out, clipsearch_error *err)
{
    cs_snapshot_vectors *vectors = cs_zalloc_array(1, sizeof *vectors);
    *out = NULL;
    if (!vectors)
        return cs_fail_memory(err, "the vectors of a collection");
    vectors->uses = 1;
    cs_scan_group_init(&vectors->group);
    clipsearch_status status = cs_index_flat_open(identity->dim, identity->metric, &vectors->index, err);
    if (status == CLIPSEARCH_OK)
        status = cs_index_reserve(vectors->index, count, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_each_vector(store, identity, put_vector, vectors->index, err);
    if (status == CLIPSEARCH_OK)
        *out = vectors;
    else
        release_vectors(vectors);
    return status;
}

clipsearch_status cs_snapshot_load_vectors(cs_snapshot *snapshot, cs_store *store, const cs_store_identity *identity,
                                           cs_snapshot_vectors **vectors, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (!cs_stop_lock(&snapshot->vectors_lock))
        return cs_stop_check(err);
    *vectors = atomic_load(&snapshot->vectors);
    if (!*vectors) {
        status = read_vectors(store, identity, snapshot->state.count, vectors, err);
        atomic_store(&snapshot->vectors, *vectors);
    }
    pthread_mutex_unlock(&snapshot->vectors_lock);
    return status;
}

bool cs_snapshot_has_vectors(const cs_snapshot *snapshot)
{
    return atomic_load(&snapshot->vectors) != NULL;
}
