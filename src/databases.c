/* SPDX-License-Identifier: MIT
 * databases.c - public functions for databases, collections, ingestion and search: check arguments, call a module. */
#include "clipsearch.h"

#include "backend/backend.h"
#include "backend/code_kinds.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/server_scheme.h"
#include "database_kinds.h"
#include "encode/encoder.h"
#include "filter/period.h"
#include "ingest/ingest.h"
#include "ingest/remembered.h"
#include "ingest/remodel.h"
#include "ingest/watch.h"
#include "search_call.h"
#include "store/store.h"
#include "structs.h"

#include <string.h>

/* ---------------------------------------------------------------- databases and collections */

clipsearch_status clipsearch_database_open(const char *path, unsigned flags, clipsearch_database **db,
                                           clipsearch_error *err)
{
    if (db)
        *db = NULL;
    if (!path || !db)
        return cs_fail_null(err, __func__, path, db);
    if (flags != 0 && flags != CLIPSEARCH_READ_ONLY && flags != CLIPSEARCH_CREATE)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: flags are %#x; CLIPSEARCH_READ_ONLY, CLIPSEARCH_CREATE or 0",
                       __func__, flags);
    return cs_database_kinds.open(path, flags, db, err);
}

void clipsearch_database_close(clipsearch_database **db)
{
    if (db)
        cs_database_close(db);
}

void clipsearch_database_on_note(clipsearch_database *db, void (*note)(void *context, const char *line), void *context)
{
    if (db)
        cs_database_on_note(db, note, context);
}

void clipsearch_database_on_wait(clipsearch_database *db, bool (*go_on)(void *context), void *context)
{
    if (db)
        cs_database_on_wait(db, go_on, context);
}

clipsearch_status clipsearch_database_vacuum(clipsearch_database *db, clipsearch_error *err)
{
    return db ? cs_database_vacuum(db, err) : cs_fail_null(err, __func__, db);
}

clipsearch_status clipsearch_filter_period(const char *since, const char *until, char filter[CLIPSEARCH_PERIOD_SIZE],
                                           clipsearch_error *err)
{
    return filter ? cs_filter_period(since, until, filter, err) : cs_fail_null(err, __func__, filter);
}

const char *clipsearch_codes_name(clipsearch_codes codes)
{
    return cs_codes_word(codes);
}

static clipsearch_collection_info info_of(const cs_collection_identity *identity, const cs_collection_state *state)
{
    return (clipsearch_collection_info){.struct_size = sizeof(clipsearch_collection_info),
                                        .name = identity->name,
                                        .encoder = identity->encoder,
                                        .fingerprint = identity->fingerprint,
                                        .preprocessing = identity->preprocessing,
                                        .dim = identity->dim,
                                        .metric = identity->metric,
                                        .count = state->count,
                                        .vector_bytes = state->count * identity->dim * sizeof(float),
                                        .created = identity->created,
                                        .index_codes = identity->index.codes,
                                        .index_m = identity->index.m,
                                        .index_ef_construction = identity->index.ef_construction,
                                        .index_ef = identity->index.ef,
                                        .index_type = identity->index.type,
                                        .index_nlist = identity->index.nlist,
                                        .index_nprobe = identity->index.nprobe,
                                        .foreign = identity->foreign,
                                        .indexed = state->indexed,
                                        .changes = state->changes,
                                        .gone = state->gone,
                                        .model_path = identity->model_path,
                                        .remodel = state->remodel[0] ? state->remodel : NULL,
                                        .remodelled = state->remodelled,
                                        .precisions = state->precisions};
}

typedef struct each_call {
    bool (*each)(void *context, const clipsearch_collection_info *info);
    void *context;
} each_call;

static bool call_each(void *context, const cs_collection_identity *identity, const cs_collection_state *state)
{
    const each_call *call = context;
    const clipsearch_collection_info info = info_of(identity, state);
    return call->each(call->context, &info);
}

clipsearch_status clipsearch_database_collections(clipsearch_database *db,
                                                  bool (*each)(void *context, const clipsearch_collection_info *info),
                                                  void *context, clipsearch_error *err)
{
    if (!db || !each)
        return cs_fail_null(err, __func__, db, each);
    each_call call = {each, context};
    return cs_database_each_collection(db, call_each, &call, err);
}

clipsearch_status clipsearch_collection_check_encoder(const clipsearch_collection *collection,
                                                      const clipsearch_encoder *encoder, clipsearch_error *err)
{
    if (!collection || !encoder)
        return cs_fail_null(err, __func__, collection, encoder);
    const cs_encoder_identity identity = cs_encoder_identify(encoder);
    return cs_collection_check_encoder(collection, &identity, err);
}

clipsearch_status clipsearch_collection_open(clipsearch_database *db, const char *name,
                                             const clipsearch_encoder *encoder, clipsearch_collection **collection,
                                             clipsearch_error *err)
{
    if (collection)
        *collection = NULL;
    if (!db || !name || !collection)
        return cs_fail_null(err, __func__, db, name, collection);
    if (!encoder)
        return cs_collection_open(db, name, NULL, collection, err);
    const cs_encoder_identity identity = cs_encoder_identify(encoder);
    return cs_collection_open(db, name, &identity, collection, err);
}

/* `function` is the one that the caller called; it begins messages. */
static clipsearch_status ensure_collection(clipsearch_database *db, const char *name, const clipsearch_encoder *encoder,
                                           clipsearch_metric metric, const clipsearch_index_options *options,
                                           clipsearch_collection **collection, const char *function,
                                           clipsearch_error *err)
{
    if (collection)
        *collection = NULL;
    if (!db || !name || !encoder || !collection)
        return cs_fail_null(err, function, db, name, encoder, collection);
    const cs_encoder_identity identity = cs_encoder_identify(encoder);
    clipsearch_index_options own;
    clipsearch_status status = cs_metric_check(metric, function, err);
    if (status == CLIPSEARCH_OK)
        status = cs_struct_read(&own, options, &cs_index_options_type, function, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_ensure(db, name, &identity, metric, &own, collection, err);
    return status;
}

clipsearch_status clipsearch_collection_ensure(clipsearch_database *db, const char *name,
                                               const clipsearch_encoder *encoder, clipsearch_metric metric,
                                               clipsearch_collection **collection, clipsearch_error *err)
{
    return ensure_collection(db, name, encoder, metric, NULL, collection, __func__, err);
}

clipsearch_status clipsearch_collection_ensure_index(clipsearch_database *db, const char *name,
                                                     const clipsearch_encoder *encoder, clipsearch_metric metric,
                                                     const clipsearch_index_options *options,
                                                     clipsearch_collection **collection, clipsearch_error *err)
{
    return ensure_collection(db, name, encoder, metric, options, collection, __func__, err);
}

void clipsearch_collection_close(clipsearch_collection **collection)
{
    if (collection)
        cs_collection_close(collection);
}

clipsearch_status clipsearch_collection_drop(clipsearch_database *db, const char *name, clipsearch_error *err)
{
    if (!db || !name)
        return cs_fail_null(err, __func__, db, name);
    return cs_collection_drop(db, name, err);
}

clipsearch_status clipsearch_collection_describe(clipsearch_collection *collection, clipsearch_collection_info *info,
                                                 clipsearch_error *err)
{
    if (!collection || !info)
        return cs_fail_null(err, __func__, collection, info);
    clipsearch_status status = cs_struct_check(info, &cs_collection_info_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    clipsearch_collection_info own = {0};
    cs_collection_state state;
    status = cs_collection_describe(collection, &state, err);
    if (status == CLIPSEARCH_OK)
        own = info_of(cs_collection_identify(collection), &state);
    cs_struct_write(info, &own, &cs_collection_info_type);
    return status;
}

clipsearch_status clipsearch_collection_put(clipsearch_collection *collection, const clipsearch_item *items,
                                            const float *vectors, size_t count, int64_t *ids, clipsearch_error *err)
{
    if (!collection || (count && (!items || !vectors)))
        return cs_fail_null(err, __func__, collection, items, vectors);
    return cs_collection_put(collection, items, vectors, count, ids, err);
}

clipsearch_status clipsearch_collection_remove(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                               size_t *removed, clipsearch_error *err)
{
    if (!collection || (count && !ids))
        return cs_fail_null(err, __func__, collection, ids);
    return cs_collection_remove(collection, ids, count, removed, err);
}

clipsearch_status clipsearch_collection_remove_where(clipsearch_collection *collection, const char *filter,
                                                     uint64_t *removed, clipsearch_error *err)
{
    if (removed)
        *removed = 0;
    if (!collection || !filter)
        return cs_fail_null(err, __func__, collection, filter);
    cs_filter_tree *tree;
    clipsearch_status status = cs_filter_parse(filter, &tree, NULL, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_remove_where(collection, tree, removed, err);
    cs_filter_free(&tree);
    return status;
}

clipsearch_status clipsearch_collection_vectors(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                                float *vectors, clipsearch_error *err)
{
    if (!collection || (count && (!ids || !vectors)))
        return cs_fail_null(err, __func__, collection, ids, vectors);
    return cs_collection_vectors(collection, ids, count, vectors, err);
}

clipsearch_status clipsearch_collection_merge_attributes(clipsearch_collection *collection, const int64_t *ids,
                                                         const char *const *attributes, size_t count,
                                                         clipsearch_error *err)
{
    if (!collection || (count && (!ids || !attributes)))
        return cs_fail_null(err, __func__, collection, ids, attributes);
    for (size_t i = 0; i < count; i++)
        if (!attributes[i])
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: attributes %zu are NULL", __func__, i);
    return cs_collection_merge_attributes(collection, ids, attributes, count, err);
}

/* ---------------------------------------------------------------- ingestion */

/* The caller's sources lie as far apart as their struct_size says. *own receives an array that the caller frees. */
static clipsearch_status read_sources(const clipsearch_source *sources, size_t count, const char *function,
                                      clipsearch_source **own, clipsearch_error *err)
{
    *own = cs_zalloc_array(count, sizeof **own);
    if (!*own)
        return cs_fail_memory(err, "the sources");
    size_t stride = sources->struct_size;
    for (size_t i = 0; i < count; i++) {
        const clipsearch_source *source = (const void *)((const char *)sources + i * stride);
        clipsearch_status status = cs_struct_read(&(*own)[i], source, &cs_source_type, function, err);
        if (status != CLIPSEARCH_OK)
            return status;
        if (source->struct_size != stride)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: struct_size of source %zu is %zu, that of source 0 is %zu",
                           function, i, source->struct_size, stride);
    }
    return CLIPSEARCH_OK;
}

typedef clipsearch_status (*ingest_function)(const cs_ingest_into *into, clipsearch_session *session,
                                             const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                                             clipsearch_error *err);

/* Read the options, ingest or remodel, and fill in the report. */
static clipsearch_status ingest_into(ingest_function run, const cs_ingest_into *into, clipsearch_session *session,
                                     const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                                     const char *function, clipsearch_error *err)
{
    clipsearch_ingest_options own;
    clipsearch_image_options image;
    clipsearch_ingest_report done = {0};
    clipsearch_source *sources = NULL;
    clipsearch_status status = report ? cs_struct_check(report, &cs_ingest_report_type, function, err) : CLIPSEARCH_OK;
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_ingest_options_read(&own, options, function, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_options_read(&image, own.image, function, err);
    if (status == CLIPSEARCH_OK && run == cs_ingest && !own.source_count)
        status =
            cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: there are no sources; set sources and source_count", function);
    if (status == CLIPSEARCH_OK && own.sources && own.source_count)
        status = read_sources(own.sources, own.source_count, function, &sources, err);
    if (status == CLIPSEARCH_OK) {
        own.image = &image;
        own.sources = sources;
        status = run(into, session, &own, &done, err);
    }
    cs_free(sources);
    if (report)
        cs_struct_write(report, &done, &cs_ingest_report_type);
    return status;
}

clipsearch_status clipsearch_ingest(clipsearch_collection *collection, clipsearch_session *session,
                                    const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                                    clipsearch_error *err)
{
    if (!collection || !session || !options)
        return cs_fail_null(err, __func__, collection, session, options);
    const cs_ingest_into into = {.collection = collection};
    return ingest_into(cs_ingest, &into, session, options, report, __func__, err);
}

/* Read the target and the rest, and ingest or remodel. */
static clipsearch_status ingest_target(ingest_function run, const clipsearch_ingest_target *target,
                                       clipsearch_session *session, const clipsearch_ingest_options *options,
                                       clipsearch_ingest_report *report, const char *function, clipsearch_error *err)
{
    if (!target || !session || !options)
        return cs_fail_null(err, function, target, session, options);
    clipsearch_ingest_target own;
    clipsearch_index_options index;
    clipsearch_status status = cs_struct_read(&own, target, &cs_ingest_target_type, function, err);
    if (status == CLIPSEARCH_OK)
        status = cs_struct_read(&index, own.index, &cs_index_options_type, function, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!own.database || !own.collection)
        return cs_fail_null(err, function, own.database, own.collection);
    if (strcmp(own.database, CS_STORE_MEMORY) == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "%s: a database in memory would be gone at once; open one and use clipsearch_ingest", function);
    own.index = &index;
    /* a progress function may change the working directory before the database is opened */
    char *absolute = NULL;
    if (own.database[0] && !cs_server_scheme_of(own.database)) {
        status = cs_path_make_absolute(own.database, &absolute, err);
        own.database = absolute;
    }
    const cs_ingest_into into = {.target = &own, .opener = &cs_database_kinds};
    if (status == CLIPSEARCH_OK)
        status = ingest_into(run, &into, session, options, report, function, err);
    cs_free(absolute);
    return status;
}

clipsearch_status clipsearch_ingest_into(const clipsearch_ingest_target *target, clipsearch_session *session,
                                         const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                                         clipsearch_error *err)
{
    return ingest_target(cs_ingest, target, session, options, report, __func__, err);
}

clipsearch_status clipsearch_remodel(const clipsearch_ingest_target *target, clipsearch_session *session,
                                     const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                                     clipsearch_error *err)
{
    return ingest_target(cs_remodel, target, session, options, report, __func__, err);
}

struct clipsearch_sources {
    cs_remembered remembered;
    clipsearch_remembered_source *shown; /* [remembered.count] */
};

clipsearch_status clipsearch_collection_sources(clipsearch_collection *collection, clipsearch_sources **out,
                                                clipsearch_error *err)
{
    if (out)
        *out = NULL;
    if (!collection || !out)
        return cs_fail_null(err, __func__, collection, out);
    clipsearch_sources *sources = cs_zalloc_array(1, sizeof *sources);
    if (!sources)
        return cs_fail_memory(err, "the sources of a collection");
    clipsearch_status status = cs_remembered_read(&sources->remembered, collection, err);
    const size_t count = sources->remembered.count;
    sources->shown = cs_alloc_array(count, sizeof *sources->shown);
    if (status == CLIPSEARCH_OK && !sources->shown)
        status = cs_fail_memory(err, "the sources of a collection");
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        const cs_remembered_source *own = &sources->remembered.sources[i];
        sources->shown[i] = (clipsearch_remembered_source){.source = &own->source,
                                                           .list = own->list[0] ? own->list : NULL,
                                                           .image = &own->image,
                                                           .metadata = own->metadata};
    }
    if (status == CLIPSEARCH_OK)
        *out = sources;
    else
        clipsearch_sources_free(&sources);
    return status;
}

size_t clipsearch_sources_count(const clipsearch_sources *sources)
{
    return sources ? sources->remembered.count : 0;
}

const clipsearch_remembered_source *clipsearch_sources_get(const clipsearch_sources *sources, size_t i)
{
    return i < clipsearch_sources_count(sources) ? &sources->shown[i] : NULL;
}

void clipsearch_sources_free(clipsearch_sources **sources)
{
    if (!sources || !*sources)
        return;
    cs_remembered_free(&(*sources)->remembered);
    cs_free((*sources)->shown);
    cs_free(*sources);
    *sources = NULL;
}

clipsearch_status clipsearch_collection_forget_source(clipsearch_collection *collection, const char *name,
                                                      uint64_t *forgotten, clipsearch_error *err)
{
    uint64_t unread;
    if (!forgotten)
        forgotten = &unread;
    *forgotten = 0;
    return collection && name ? cs_collection_forget_sources(collection, name, forgotten, err)
                              : cs_fail_null(err, __func__, collection, name);
}

clipsearch_status clipsearch_watch_open(const clipsearch_source *sources, size_t source_count,
                                        const clipsearch_watch_options *options, clipsearch_watch **watch,
                                        clipsearch_error *err)
{
    if (!watch || (source_count && !sources))
        return cs_fail_null(err, __func__, watch, sources);
    *watch = NULL;
    clipsearch_watch_options own;
    clipsearch_source *copies = NULL;
    clipsearch_status status = cs_struct_read(&own, options, &cs_watch_options_type, __func__, err);
    if (status == CLIPSEARCH_OK && source_count)
        status = read_sources(sources, source_count, __func__, &copies, err);
    if (status == CLIPSEARCH_OK)
        status = cs_watch_open(copies, source_count, &own, watch, err);
    cs_free(copies);
    return status;
}

clipsearch_status clipsearch_watch_wait(clipsearch_watch *watch, const clipsearch_change **changes, size_t *count,
                                        clipsearch_error *err)
{
    return watch && changes && count ? cs_watch_wait(watch, changes, count, err)
                                     : cs_fail_null(err, __func__, watch, changes, count);
}

void clipsearch_watch_close(clipsearch_watch **watch)
{
    cs_watch_close(watch);
}

/* ---------------------------------------------------------------- search */

clipsearch_status clipsearch_search(clipsearch_collection *collection, const float *queries, size_t count, size_t k,
                                    const clipsearch_search_options *options, clipsearch_hits **hits,
                                    clipsearch_error *err)
{
    if (hits)
        *hits = NULL;
    if (!collection || !hits || (count && !queries))
        return cs_fail_null(err, __func__, collection, hits, queries);
    cs_search_call call;
    clipsearch_status status = cs_search_begin(&call, options, __func__, err);
    call.request.queries = queries;
    call.request.count = count;
    call.request.k = k;
    if (status == CLIPSEARCH_OK && call.options.min_relevance > 0) /* of a vector it is not known what it is of */
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: min_relevance is for clipsearch_ask, with the text itself",
                         __func__);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_search(collection, &call.request, hits, err);
    cs_search_end(&call);
    return status;
}

static clipsearch_status list_items(clipsearch_collection *collection, const char *filter, const cs_page *page,
                                    clipsearch_hits **hits, clipsearch_error *err)
{
    cs_filter_tree *tree = NULL;
    clipsearch_status status = filter ? cs_filter_parse(filter, &tree, NULL, err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK)
        status = cs_collection_where(collection, tree, page, hits, err);
    cs_filter_free(&tree);
    return status;
}

clipsearch_status clipsearch_query(clipsearch_collection *collection, const char *filter, size_t limit, size_t offset,
                                   clipsearch_hits **hits, clipsearch_error *err)
{
    if (hits)
        *hits = NULL;
    if (!collection || !hits)
        return cs_fail_null(err, __func__, collection, hits);
    const cs_page page = {.offset = offset, .limit = limit};
    return list_items(collection, filter, &page, hits, err);
}

clipsearch_status clipsearch_list(clipsearch_collection *collection, const clipsearch_list_options *options,
                                  clipsearch_hits **hits, clipsearch_error *err)
{
    if (hits)
        *hits = NULL;
    if (!collection || !hits)
        return cs_fail_null(err, __func__, collection, hits);
    clipsearch_list_options own;
    clipsearch_status status = cs_struct_read(&own, options, &cs_list_options_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const cs_page page = {.with_gone = own.gone,
                          .after = own.after,
                          .offset = own.offset,
                          .limit = own.limit,
                          .falling = own.newest_first};
    return list_items(collection, own.filter, &page, hits, err);
}

clipsearch_status clipsearch_get(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                 clipsearch_hits **hits, clipsearch_error *err)
{
    if (hits)
        *hits = NULL;
    if (!collection || !hits || (count && !ids))
        return cs_fail_null(err, __func__, collection, hits, ids);
    return cs_collection_by_ids(collection, ids, count, hits, err);
}

clipsearch_status clipsearch_filter_attributes(const char *filter, bool (*each)(void *context, const char *name),
                                               void *context, clipsearch_error *err)
{
    if (!filter || !each)
        return cs_fail_null(err, __func__, filter, each);
    cs_filter_tree *tree;
    clipsearch_status status = cs_filter_parse(filter, &tree, NULL, err);
    if (status == CLIPSEARCH_OK)
        cs_filter_each_attribute(tree, each, context);
    cs_filter_free(&tree);
    return status;
}

clipsearch_status clipsearch_filter_check(const char *filter, size_t *column, clipsearch_error *err)
{
    if (column)
        *column = 0;
    if (!filter)
        return cs_fail_null(err, __func__, filter);
    cs_filter_tree *tree;
    clipsearch_status status = cs_filter_parse(filter, &tree, column, err);
    cs_filter_free(&tree);
    return status;
}

size_t clipsearch_hits_count(const clipsearch_hits *hits, size_t query)
{
    return hits ? cs_hits_count(hits, query) : 0;
}

const clipsearch_hit *clipsearch_hits_get(const clipsearch_hits *hits, size_t query, size_t rank)
{
    return hits ? cs_hits_get(hits, query, rank) : NULL;
}

void clipsearch_hits_free(clipsearch_hits **hits)
{
    if (hits)
        cs_hits_free(hits);
}
