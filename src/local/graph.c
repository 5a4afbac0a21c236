/* SPDX-License-Identifier: MIT
 * graph.c - is there an index file to search, and what has changed since it was written? */
#include "local/graph.h"

#include "base/buf.h"
#include "base/mem.h"
#include "backend/code_kinds.h"
#include "index/hnsw_file.h"
#include "index/topk.h"

#include <stdlib.h>
#include <string.h>

static const char VACUUM[] = "the next ingestion or clipsearch vacuum", REPAIR[] = "clipsearch check --repair";

/* ---- the file */

char *cs_graph_path(const cs_store *store, const char *collection)
{
    cs_buf path = cs_buf_make(SIZE_MAX / 2);
    cs_buf_printf(&path, "%s.%s.hnsw", cs_store_file(store), collection);
    char *taken = cs_buf_take(&path);
    cs_buf_free(&path);
    return taken;
}

cs_quant_kind cs_graph_codes(clipsearch_codes codes)
{
    switch (codes) {
    case CLIPSEARCH_CODES_F32:
        return CS_QUANT_F32;
    case CLIPSEARCH_CODES_F16:
        return CS_QUANT_F16;
    case CLIPSEARCH_CODES_BF16:
        return CS_QUANT_BF16;
    case CLIPSEARCH_CODES_DEFAULT:
    case CLIPSEARCH_CODES_I8:
        break;
    }
    return CS_QUANT_I8;
}

/* Whether an index is of the kind the collection asks for. */
static bool is_as_asked(const cs_store_collection *row, const cs_index *index)
{
    cs_hnsw_info facts;
    clipsearch_codes codes;
    cs_index_hnsw_describe(index, &facts);
    return index->dim == row->dim && index->metric == row->metric && cs_codes_of_word(row->codes, &codes) &&
           facts.options.codes == cs_graph_codes(codes) && (row->m == 0 || row->m == facts.options.m) &&
           (row->ef_construction == 0 || row->ef_construction == facts.options.ef_construction);
}

static bool is_known(const cs_store_collection *row, uint64_t owner)
{
    return owner && (owner == row->index_owner || owner == row->index_next);
}

clipsearch_status cs_graph_map(cs_store *store, const cs_store_collection *row, cs_index **index, cs_hnsw_stamp *stamp,
                               clipsearch_error *err)
{
    *index = NULL;
    char *path = cs_graph_path(store, row->name);
    if (!path)
        return cs_fail_memory(err, "a path");
    clipsearch_status status = row->index_owner || row->index_next
                                   ? cs_index_hnsw_map(path, index, stamp, err)
                                   : cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: not made yet", path);
    if (status == CLIPSEARCH_OK &&
        (!is_known(row, stamp->owner) || !row->logging || stamp->generation < row->log_from ||
         stamp->generation > row->generation || !is_as_asked(row, *index))) {
        status = cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: stale, written for another state of the collection", path);
        cs_index_close(index);
    }
    cs_free(path);
    return status;
}

/* ---- the tail */

static void close_tail(cs_graph *graph)
{
    cs_index_close(&graph->tail);
    cs_free(graph->changed);
    graph->changed = NULL;
    graph->changed_count = 0;
}

void cs_graph_close(cs_graph *graph)
{
    close_tail(graph);
    cs_index_close(&graph->index);
}

/* Changes being read: the ids of all, the vectors of what is there still into the tail. */
typedef struct reading {
    cs_graph *graph;
    int64_t *ids;
    size_t count, capacity;
} reading;

static clipsearch_status add_change(void *context, int64_t id, const float *vector, clipsearch_error *err)
{
    reading *r = context;
    if (r->count == r->capacity) {
        const size_t capacity = r->capacity ? r->capacity * 2 : 64;
        int64_t *ids = cs_realloc_array(r->ids, capacity, sizeof *ids);
        if (!ids)
            return cs_fail_memory(err, "the changes of a collection");
        r->ids = ids;
        r->capacity = capacity;
    }
    r->ids[r->count++] = id;
    if (vector)
        return cs_index_put(r->graph->tail, id, vector, err);
    cs_index_remove(r->graph->tail, id);
    return CLIPSEARCH_OK;
}

/* Both ascend. */
static clipsearch_status merge_changed(cs_graph *graph, const reading *more, clipsearch_error *err)
{
    size_t a = 0, b = 0, n = 0;
    int64_t *merged = cs_alloc_array(graph->changed_count + more->count, sizeof *merged);
    if (!merged)
        return cs_fail_memory(err, "the changes of a collection");
    while (a < graph->changed_count || b < more->count) {
        const bool first = b == more->count || (a < graph->changed_count && graph->changed[a] < more->ids[b]);
        const bool both = !first && a < graph->changed_count && graph->changed[a] == more->ids[b];
        a += both;
        merged[n++] = first ? graph->changed[a++] : more->ids[b++];
    }
    cs_free(graph->changed);
    graph->changed = merged;
    graph->changed_count = n;
    return CLIPSEARCH_OK;
}

static void count_all(cs_graph *graph)
{
    cs_hnsw_info facts;
    cs_index_hnsw_describe(graph->index, &facts);
    graph->holds = facts.vectors + (graph->tail ? cs_index_count(graph->tail) : 0);
    for (size_t i = 0; i < graph->changed_count; i++)
        graph->holds -= cs_index_hnsw_has_id(graph->index, graph->changed[i]);
}

/* Read what has changed behind graph->tail_generation. An error leaves no tail. */
static clipsearch_status read_tail(cs_graph *graph, cs_store *store, const cs_store_collection *row,
                                   clipsearch_error *err)
{
    reading r = {.graph = graph};
    clipsearch_status status =
        graph->tail ? CLIPSEARCH_OK : cs_index_flat_open(row->dim, row->metric, &graph->tail, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_each_changed_vector(store, row, graph->tail_generation, add_change, &r, err);
    if (status == CLIPSEARCH_OK && r.count)
        status = merge_changed(graph, &r, err);
    cs_free(r.ids);
    if (status != CLIPSEARCH_OK) {
        close_tail(graph);
        graph->tail_generation = graph->stamp.generation;
        return status;
    }
    graph->tail_generation = row->generation;
    count_all(graph);
    return CLIPSEARCH_OK;
}

/* ---- */

/* Which files the collection speaks of: a number that changes with them, 0 for none. */
static uint64_t mark_of(const cs_store_collection *row)
{
    return row->index_owner + 3 * row->index_next;
}

/* Say why, once for each file, and what would write it anew. */
static void tell(cs_graph *graph, const cs_store_collection *row, clipsearch_error *why, const char *reason,
                 const char *remedy)
{
    if (graph->told == graph->mark + 1)
        return;
    graph->told = graph->mark + 1;
    cs_fail(why, CLIPSEARCH_E_NOT_FOUND, "%s; searching all of %s exactly (%s %s writes an index)", reason, row->name,
            remedy, row->name);
}

/* Whether the mapped file itself is not what it was: a copy written over it, or cut short. (Another in its place, as a
 * checkpoint puts it there, leaves the mapped one as it is.) What was verified of it holds no longer, and behind its
 * new end there is nothing to be read. */
static bool is_written_over(const cs_graph *graph, const cs_store *store, const cs_store_collection *row)
{
    struct stat now;
    char *path = cs_graph_path(store, row->name);
    const bool there = path && stat(path, &now) == 0;
    cs_free(path);
    return there && now.st_dev == graph->file.st_dev && now.st_ino == graph->file.st_ino &&
           (now.st_size != graph->file.st_size || now.st_mtim.tv_sec != graph->file.st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != graph->file.st_mtim.tv_nsec);
}

static clipsearch_status open_graph(cs_graph *graph, cs_store *store, const cs_store_collection *row,
                                    clipsearch_error *why, clipsearch_error *err)
{
    clipsearch_error reason;
    cs_graph_close(graph);
    if (graph->mark && graph->refused == graph->mark)
        return CLIPSEARCH_OK;
    char *path = cs_graph_path(store, row->name);
    if (!path)
        return cs_fail_memory(err, "a path");
    if (stat(path, &graph->file) != 0)
        graph->file = (struct stat){0};
    cs_free(path);
    clipsearch_status status = cs_graph_map(store, row, &graph->index, &graph->stamp, &reason);
    graph->tail_generation = graph->stamp.generation;
    if (status == CLIPSEARCH_OK) {
        graph->told = 0;
        count_all(graph);
        return CLIPSEARCH_OK;
    }
    if (status == CLIPSEARCH_E_MEMORY)
        return cs_fail(err, status, "%s", reason.message);
    graph->refused = graph->mark;
    tell(graph, row, why, reason.message, VACUUM);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_graph_ready(cs_graph *graph, cs_store *store, const cs_store_collection *row, bool *usable,
                                 clipsearch_error *why, clipsearch_error *err)
{
    uint64_t changes = 0;
    clipsearch_status status = CLIPSEARCH_OK;
    *usable = false;
    why->message[0] = '\0';
    graph->mark = mark_of(row);
    if (row->count < CS_GRAPH_LEAST) {
        cs_graph_close(graph);
        return CLIPSEARCH_OK;
    }
    if (!graph->index || !is_known(row, graph->stamp.owner) || graph->stamp.generation < row->log_from ||
        graph->tail_generation > row->generation || is_written_over(graph, store, row))
        status = open_graph(graph, store, row, why, err);
    if (status != CLIPSEARCH_OK || !graph->index)
        return status;
    if (graph->tail_generation != row->generation) {
        status = cs_store_count_changes(store, row, graph->stamp.generation, true, &changes, err);
        if (status != CLIPSEARCH_OK)
            return status;
        if (changes > row->count / CS_GRAPH_TAIL_SHARE) {
            clipsearch_error reason;
            cs_fail(&reason, CLIPSEARCH_OK, "%llu of %llu pictures are newer than the index",
                    (unsigned long long)changes, (unsigned long long)row->count);
            tell(graph, row, why, reason.message, VACUUM);
            return CLIPSEARCH_OK;
        }
        status = read_tail(graph, store, row, err);
    }
    *usable = status == CLIPSEARCH_OK;
    return status;
}

bool cs_graph_is_whole(cs_graph *graph, const cs_store_collection *row, clipsearch_error *why)
{
    clipsearch_error reason;
    why->message[0] = '\0';
    if (graph->holds == row->count)
        return true;
    cs_fail(&reason, CLIPSEARCH_OK, "the index has %llu pictures, the collection %llu: its rows were changed by hand",
            (unsigned long long)graph->holds, (unsigned long long)row->count);
    tell(graph, row, why, reason.message, REPAIR);
    return false;
}

clipsearch_status cs_graph_search(cs_graph *graph, const float *query, const cs_index_search_params *params,
                                  cs_neighbour *spare, cs_neighbour *out, size_t *found, clipsearch_error *err)
{
    cs_index_search_params old = *params, new = *params;
    size_t from_graph = 0, from_tail = 0;
    const bool tail = graph->tail && cs_index_count(graph->tail) > 0;
    *found = 0;
    old.excluded = graph->changed;
    old.excluded_count = graph->changed_count;
    new.stats = NULL;
    clipsearch_status status = cs_index_search(graph->index, query, &old, NULL, tail ? spare : out, &from_graph, err);
    if (status == CLIPSEARCH_E_FORMAT) {
        graph->refused = graph->mark;
        cs_graph_close(graph);
    }
    if (status == CLIPSEARCH_OK && tail)
        status = cs_index_search(graph->tail, query, &new, NULL, spare + params->k, &from_tail, err);
    if (status != CLIPSEARCH_OK)
        return status;
    *found = from_graph;
    if (!tail)
        return CLIPSEARCH_OK;
    cs_topk top = cs_topk_make(out, params->k, graph->index->metric != CLIPSEARCH_L2);
    for (size_t i = 0; i < from_graph; i++)
        cs_topk_offer(&top, spare[i].id, spare[i].score);
    for (size_t i = 0; i < from_tail; i++)
        cs_topk_offer(&top, spare[params->k + i].id, spare[params->k + i].score);
    *found = cs_topk_finish(&top);
    return CLIPSEARCH_OK;
}
