/* SPDX-License-Identifier: MIT
 * index_check.c - are a collection's rows and its index file sound, and do they fit each other? Rows, file, graph, and
 * each vector of one compared with the other's; recall measured. */
#include "local/collection.h"

#include "base/mem.h"
#include "index/hnsw.h"
#include "index/hnsw_file.h"

#include <stdio.h>
#include <string.h>

enum { K = 10, SAMPLE = 100 };

typedef struct check {
    float *asked; /* [asked_count, dim] queries that the index file keeps, or NULL */
    size_t asked_count;
    local_read read;
    clipsearch_check_report *report;
    cs_snapshot *snapshot; /* with graph and delta; else NULL */
    cs_index *flat;
    float *queries; /* [sample, dim] */
    size_t sample, chosen, every;
    uint64_t seen, matched;
    clipsearch_error *err;
} check;

/* Every row's vector, in the order of ids: into the exact index, now and then among the queries, and compared with the
 * graph's. */
static clipsearch_status check_vector(void *context, int64_t id, const float *vector, clipsearch_error *err)
{
    check *c = context;
    const size_t dim = c->read.identity->dim;
    clipsearch_status status = cs_index_put(c->flat, id, vector, err);
    if (status == CLIPSEARCH_OK && c->seen++ % c->every == 0 && c->chosen < c->sample)
        memcpy(c->queries + c->chosen++ * dim, vector, dim * sizeof *vector);
    if (status != CLIPSEARCH_OK || !c->snapshot || cs_id_list_has(&c->snapshot->delta->changed, id))
        return status;
    float theirs[CS_ITEM_DIM_MAX];
    bool found = false;
    if (cs_index_hnsw_copy_vector(c->snapshot->graph->index, id, theirs, &found, NULL) == CLIPSEARCH_OK && found &&
        memcmp(theirs, vector, dim * sizeof *vector) == 0)
        c->matched++;
    else
        c->report->missing++;
    return CLIPSEARCH_OK;
}

/* How many of the changed are in the graph still, as they may be. */
static size_t count_changed_in_graph(const check *c)
{
    size_t count = 0;
    const cs_id_list *changed = &c->snapshot->delta->changed;
    for (size_t i = 0; i < changed->count; i++)
        count += cs_index_hnsw_has_id(c->snapshot->graph->index, changed->ids[i]);
    return count;
}

/* Recall of queries 0, step, 2 * step, ... of [count, dim], as searches find them that give no ef. */
static clipsearch_status measure_recall(check *c, const float *queries, size_t count, size_t step, double *recall)
{
    const size_t dim = c->read.identity->dim;
    size_t hits = 0, wanted = 0;
    for (size_t q = 0; q < count; q += step) {
        cs_neighbour exact[K], near[K], spare[2 * K];
        size_t have = 0, found = 0;
        cs_index_search_params params = {.k = K};
        clipsearch_status status = cs_index_search(c->flat, queries + q * dim, &params, NULL, exact, &have, c->err);
        if (status == CLIPSEARCH_OK)
            status = cs_snapshot_search_graph(c->snapshot, queries + q * dim, &params, NULL, NULL, spare, near, &found,
                                              c->err);
        if (status != CLIPSEARCH_OK)
            return status;
        wanted += have;
        for (size_t i = 0; i < found && have; i++)
            /* as near as the last of the exact: which of equals does not matter */
            hits += c->flat->metric == CLIPSEARCH_L2 ? near[i].score <= exact[have - 1].score
                                                     : near[i].score >= exact[have - 1].score;
    }
    *recall = wanted ? (double)hits / (double)wanted : 1;
    return CLIPSEARCH_OK;
}

/* With the collection's own vectors, and with every second of the queries that the file keeps: the checkpoint measured
 * with the others. */
static clipsearch_status measure_recalls(check *c)
{
    clipsearch_check_report *report = c->report;
    report->sample = c->chosen;
    clipsearch_status status = measure_recall(c, c->queries, c->chosen, 1, &report->recall);
    if (status == CLIPSEARCH_OK)
        status = cs_index_hnsw_copy_queries(c->snapshot->graph->index, &c->asked, &c->asked_count, c->err);
    report->query_sample = c->asked_count / 2;
    if (status == CLIPSEARCH_OK && report->query_sample)
        status = measure_recall(c, c->asked + c->read.identity->dim, c->asked_count - 1, 2, &report->query_recall);
    return status;
}

static void report_damage(check *c, const char *why)
{
    c->report->state = CLIPSEARCH_INDEX_DAMAGED;
    snprintf(c->report->why, sizeof c->report->why, "%s", why);
}

/* Verify every page of the file, and its graph. *sound false: what is wrong is in the report. */
static clipsearch_status check_file(check *c, bool *sound)
{
    cs_hnsw_info facts;
    cs_hnsw_report graph;
    cs_hnsw_stamp stamp;
    cs_index *index = NULL;
    clipsearch_error why = {0};
    clipsearch_check_report *report = c->report;
    const local_read *read = &c->read;
    *sound = false;
    report->state = CLIPSEARCH_INDEX_UNUSED;
    clipsearch_status status =
        cs_index_file_map(read->collection->shared->index_path, read->identity, &read->state, &index, &stamp, &why);
    if (status == CLIPSEARCH_OK) {
        cs_index_hnsw_describe(index, &facts);
        report->vectors = facts.vectors;
        report->file_bytes = facts.file_bytes;
        report->removed = facts.removed;
        status = cs_store_count_changes(read->store, read->identity, stamp.generation, false, &report->changes, &why);
    }
    if (status == CLIPSEARCH_OK)
        status = cs_index_hnsw_check(index, &graph, &why);
    if (status == CLIPSEARCH_OK) {
        *sound = true;
        report->broken = graph.broken;
        report->unreachable = graph.unreachable;
        report->links = graph.links;
        report->reciprocal = graph.reciprocal;
        report->levels = graph.levels;
    } else if (status == CLIPSEARCH_E_FORMAT) {
        report_damage(c, why.message);
    } else if (status == CLIPSEARCH_E_MEMORY || status == CLIPSEARCH_E_IO || index) {
        cs_index_close(&index);
        return cs_fail(c->err, status, "%s", why.message);
    } else {
        snprintf(report->why, sizeof report->why, "%s", why.message);
    }
    cs_index_close(&index);
    return CLIPSEARCH_OK;
}

/* A snapshot as searches have it. Without one, what is wrong is in the report. */
static clipsearch_status make_snapshot(check *c)
{
    clipsearch_error why = {0};
    cs_snapshot_reason reason;
    const cs_snapshot_request request = {.store = c->read.store,
                                         .identity = c->read.identity,
                                         .state = &c->read.state,
                                         .index_path = c->read.collection->shared->index_path};
    clipsearch_status status = cs_snapshot_make(&request, &c->snapshot, &reason, &why, c->err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (c->snapshot->delta) { /* items that differ are counted below */
        c->report->state = CLIPSEARCH_INDEX_USABLE;
        return status;
    }
    cs_snapshot_release(&c->snapshot);
    if (why.code == CLIPSEARCH_E_IO) /* it could not be checked */
        return cs_fail(c->err, CLIPSEARCH_E_IO, "%s", why.message);
    if (reason != CS_SNAPSHOT_NO_REASON)
        snprintf(c->report->why, sizeof c->report->why, "%s", why.message);
    return status;
}
static clipsearch_status check_all(check *c)
{
    const cs_store_identity *identity = c->read.identity;
    const uint64_t count = c->read.state.count;
    clipsearch_check_report *report = c->report;
    bool sound = false;
    clipsearch_status status = cs_store_check(c->read.store, c->err);
    if (status == CLIPSEARCH_OK && count >= CS_INDEX_FILE_LEAST && c->read.collection->shared->index_path)
        status = check_file(c, &sound);
    if (status == CLIPSEARCH_OK && sound)
        status = make_snapshot(c);
    if (status == CLIPSEARCH_OK)
        status = cs_index_flat_open(identity->dim, identity->metric, &c->flat, c->err);
    if (status == CLIPSEARCH_OK)
        status = cs_index_reserve(c->flat, count, c->err);
    if (c->sample > count)
        c->sample = count ? count : 1;
    c->every = (count + c->sample - 1) / c->sample;
    c->queries = cs_alloc_array(c->sample, identity->dim * sizeof *c->queries);
    if (status == CLIPSEARCH_OK && !c->queries)
        status = cs_fail_memory(c->err, "the queries of a check");
    if (status == CLIPSEARCH_OK)
        status = cs_store_each_vector(c->read.store, identity, check_vector, c, c->err);
    if (status != CLIPSEARCH_OK)
        return status;
    report->images = c->seen;
    if (!c->snapshot)
        return CLIPSEARCH_OK;
    report->surplus = report->vectors - c->matched - count_changed_in_graph(c);
    if (report->missing || report->surplus || report->broken)
        report_damage(c, "its graph or its vectors are not what the rows say");
    return measure_recalls(c);
}

clipsearch_status cs_local_check(clipsearch_collection *base, size_t sample, clipsearch_check_report *report,
                                 clipsearch_error *err)
{
    check c = {.report = report, .sample = sample ? sample : SAMPLE, .err = err};
    *report = (clipsearch_check_report){.state = CLIPSEARCH_INDEX_NONE};
    clipsearch_status status = cs_local_begin_read(base, &c.read, err);
    if (status == CLIPSEARCH_OK)
        status = check_all(&c);
    cs_local_end_read(&c.read);
    cs_snapshot_release(&c.snapshot);
    cs_index_close(&c.flat);
    cs_free(c.queries);
    cs_free(c.asked);
    if (status == CLIPSEARCH_OK && report->state == CLIPSEARCH_INDEX_DAMAGED)
        status = cs_fail(err, CLIPSEARCH_E_FORMAT, "the index of %s is damaged: %s", base->identity.name, report->why);
    return status;
}
