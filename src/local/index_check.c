/* SPDX-License-Identifier: MIT
 * index_check.c - rows, file, graph, and each vector of one against the other's; recall measured. */
#include "local/collection.h"

#include "base/mem.h"
#include "index/hnsw_file.h"

#include <stdio.h>
#include <string.h>

enum { K = 10, SAMPLE = 100 };

typedef struct check {
    local_collection *collection;
    clipsearch_check_report *report;
    cs_graph graph;
    cs_index *flat;
    float *queries; /* [sample, dim] */
    size_t sample, taken, every;
    uint64_t seen, matched;
    clipsearch_error *err;
} check;

/* Every row's vector, in the order of ids: into the exact index, now and then among the queries, and held against the
 * graph's. */
static clipsearch_status look_at_vector(void *context, int64_t id, const float *vector, clipsearch_error *err)
{
    check *c = context;
    const size_t dim = c->collection->row.dim;
    clipsearch_status status = cs_index_put(c->flat, id, vector, err);
    if (status == CLIPSEARCH_OK && c->seen++ % c->every == 0 && c->taken < c->sample)
        memcpy(c->queries + c->taken++ * dim, vector, dim * sizeof *vector);
    if (status != CLIPSEARCH_OK || !c->graph.index || cs_ids_contain(c->graph.changed, c->graph.changed_count, id))
        return status;
    float theirs[CS_ITEM_DIM_MAX];
    bool found = false;
    if (cs_index_hnsw_copy_vector(c->graph.index, id, theirs, &found, NULL) == CLIPSEARCH_OK && found &&
        memcmp(theirs, vector, dim * sizeof *vector) == 0)
        c->matched++;
    else
        c->report->missing++;
    return CLIPSEARCH_OK;
}

/* How many of the changed are in the graph still, as they may be. */
static size_t changed_in_graph(const check *c)
{
    size_t count = 0;
    for (size_t i = 0; i < c->graph.changed_count; i++)
        count += cs_index_hnsw_has_id(c->graph.index, c->graph.changed[i]);
    return count;
}

static clipsearch_status measure_recall(check *c)
{
    const size_t dim = c->collection->row.dim;
    size_t hits = 0, wanted = 0;
    for (size_t q = 0; q < c->taken; q++) {
        cs_neighbour exact[K], near[K], spare[2 * K];
        size_t have = 0, found = 0;
        cs_index_search_params params = {.k = K};
        clipsearch_status status = cs_index_search(c->flat, c->queries + q * dim, &params, NULL, exact, &have, c->err);
        params.ef = c->collection->row.ef;
        if (status == CLIPSEARCH_OK)
            status = cs_graph_search(&c->graph, c->queries + q * dim, &params, spare, near, &found, c->err);
        if (status != CLIPSEARCH_OK)
            return status;
        wanted += have;
        for (size_t i = 0; i < found && have;
             i++) /* as near as the last of the exact: which of equals does not matter */
            hits += c->flat->metric == CLIPSEARCH_L2 ? near[i].score <= exact[have - 1].score
                                                     : near[i].score >= exact[have - 1].score;
    }
    c->report->sample = c->taken;
    c->report->recall = wanted ? (double)hits / (double)wanted : 1;
    return CLIPSEARCH_OK;
}

static void take_damage(check *c, const char *why)
{
    c->report->state = CLIPSEARCH_INDEX_DAMAGED;
    snprintf(c->report->why, sizeof c->report->why, "%s", why);
}

/* Open the file with its tail, verify every block, and look through the graph. */
static clipsearch_status look_at_file(check *c)
{
    cs_hnsw_info facts;
    cs_hnsw_report graph;
    clipsearch_error why = {0};
    clipsearch_check_report *report = c->report;
    const cs_store_collection *row = &c->collection->row;
    cs_store *store = c->collection->db->store;
    bool usable = false;
    if (row->count < CS_GRAPH_LEAST)
        return CLIPSEARCH_OK;
    report->state = CLIPSEARCH_INDEX_UNUSED;
    clipsearch_status status = cs_graph_map(store, row, &c->graph.index, &c->graph.stamp, &why);
    if (status == CLIPSEARCH_E_FORMAT)
        take_damage(c, why.message);
    else if (status == CLIPSEARCH_E_MEMORY || status == CLIPSEARCH_E_IO) /* it could not be checked */
        return cs_fail(c->err, status, "%s", why.message);
    else if (status != CLIPSEARCH_OK)
        snprintf(report->why, sizeof report->why, "%s", why.message);
    if (status != CLIPSEARCH_OK)
        return CLIPSEARCH_OK;
    c->graph.tail_generation = c->graph.stamp.generation;
    cs_index_hnsw_describe(c->graph.index, &facts);
    report->vectors = facts.vectors;
    report->file_bytes = facts.file_bytes;
    report->removed = facts.removed;
    status = cs_store_count_changes(store, row, c->graph.stamp.generation, false, &report->changes, c->err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_index_hnsw_check(c->graph.index, &graph, &why);
    if (status == CLIPSEARCH_E_FORMAT) {
        take_damage(c, why.message);
        cs_graph_close(&c->graph);
        return CLIPSEARCH_OK;
    }
    if (status != CLIPSEARCH_OK)
        return cs_fail(c->err, status, "%s", why.message);
    report->broken = graph.broken;
    report->unreachable = graph.unreachable;
    report->links = graph.links;
    report->reciprocal = graph.reciprocal;
    report->levels = graph.levels;
    status = cs_graph_ready(&c->graph, store, row, &usable, &why, c->err);
    if (status == CLIPSEARCH_OK && usable)
        report->state = CLIPSEARCH_INDEX_USABLE;
    else if (status == CLIPSEARCH_OK)
        snprintf(report->why, sizeof report->why, "%s", why.message);
    if (status == CLIPSEARCH_OK && !usable)
        cs_graph_close(&c->graph);
    return status;
}

static clipsearch_status look_at_all(check *c)
{
    const cs_store_collection *row = &c->collection->row;
    clipsearch_check_report *report = c->report;
    cs_store *store = c->collection->db->store;
    clipsearch_status status = cs_local_refresh(c->collection, c->err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_check(store, c->err);
    if (status == CLIPSEARCH_OK)
        status = look_at_file(c);
    if (status == CLIPSEARCH_OK)
        status = cs_index_flat_open(row->dim, row->metric, &c->flat, c->err);
    if (status == CLIPSEARCH_OK)
        status = cs_index_reserve(c->flat, row->count, c->err);
    if (c->sample > row->count)
        c->sample = row->count ? row->count : 1;
    c->every = (row->count + c->sample - 1) / c->sample;
    c->queries = cs_alloc_array(c->sample, row->dim * sizeof *c->queries);
    if (status == CLIPSEARCH_OK && !c->queries)
        status = cs_fail_memory(c->err, "the queries of a check");
    if (status == CLIPSEARCH_OK)
        status = cs_store_each_vector(store, row, look_at_vector, c, c->err);
    if (status != CLIPSEARCH_OK)
        return status;
    report->pictures = c->seen;
    if (!c->graph.index)
        return CLIPSEARCH_OK;
    report->surplus = report->vectors - c->matched - changed_in_graph(c);
    if (report->missing || report->surplus || report->broken)
        take_damage(c, "its graph or its vectors are not what the rows say");
    return measure_recall(c);
}

clipsearch_status cs_local_check(clipsearch_collection *base, size_t sample, clipsearch_check_report *report,
                                 clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    check c = {.collection = collection, .report = report, .sample = sample ? sample : SAMPLE, .err = err};
    bool began = false;
    *report = (clipsearch_check_report){.state = CLIPSEARCH_INDEX_NONE};
    clipsearch_status status = cs_store_begin_reading(collection->db->store, &began, err);
    if (status == CLIPSEARCH_OK)
        status = look_at_all(&c);
    if (began)
        cs_store_end_reading(collection->db->store);
    cs_graph_close(&c.graph);
    cs_index_close(&c.flat);
    cs_free(c.queries);
    if (status == CLIPSEARCH_OK && report->state == CLIPSEARCH_INDEX_DAMAGED)
        status = cs_fail(err, CLIPSEARCH_E_FORMAT, "the index of %s is damaged: %s", collection->row.name, report->why);
    return status;
}
