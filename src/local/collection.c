/* SPDX-License-Identifier: MIT
 * collection.c - databases, collections and single changes. */
#include "local/collection.h"

#include "base/mem.h"
#include "local/checkpoint.h"
#include "local/codes.h"
#include "index/hnsw_file.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How far from 1 the squared length of a vector may be that is called normalised. Rounding to f32, or to f16 on the
 * way, stays far below; a vector that was never normalised does not. */
static const double UNIT_TOLERANCE = 1e-2;

/* ---- databases ---- */

clipsearch_status cs_database_open(const char *path, unsigned flags, clipsearch_database **out, clipsearch_error *err)
{
    *out = NULL;
    clipsearch_database *db = cs_zalloc_array(1, sizeof *db);
    if (!db)
        return cs_fail_memory(err, "a database handle");
    db->read_only = flags == CLIPSEARCH_READ_ONLY;
    clipsearch_status status = cs_store_open(path, flags, &db->store, err);
    if (status != CLIPSEARCH_OK)
        cs_database_close(&db);
    *out = db;
    return status;
}

void cs_database_close(clipsearch_database **db)
{
    if (!*db)
        return;
    cs_store_close(&(*db)->store);
    cs_free(*db);
    *db = NULL;
}

void cs_database_note(const clipsearch_database *db, const char *format, ...)
{
    clipsearch_error line;
    va_list args;
    if (!db->note)
        return;
    va_start(args, format);
    vsnprintf(line.message, sizeof line.message, format, args);
    va_end(args);
    db->note(db->note_context, line.message);
}

clipsearch_status cs_database_vacuum(clipsearch_database *db, clipsearch_error *err)
{
    return cs_store_vacuum(db->store, err);
}

static clipsearch_collection_info info_of(const cs_store_collection *row)
{
    cs_hnsw_options index = {.m = row->m, .ef_construction = row->ef_construction, .ef = row->ef};
    clipsearch_codes codes = CLIPSEARCH_CODES_DEFAULT;
    cs_codes_of_word(row->codes, &codes);
    cs_hnsw_options_set_defaults(&index);
    return (clipsearch_collection_info){.struct_size = sizeof(clipsearch_collection_info),
                                        .name = row->name,
                                        .encoder = row->encoder,
                                        .fingerprint = row->fingerprint,
                                        .preprocessing = row->preprocessing,
                                        .dim = row->dim,
                                        .metric = row->metric,
                                        .count = row->count,
                                        .vector_bytes = row->count * row->dim * sizeof(float),
                                        .created = row->created,
                                        .index_codes = codes ? codes : CLIPSEARCH_CODES_I8,
                                        .index_m = (unsigned)index.m,
                                        .index_ef_construction = (unsigned)index.ef_construction,
                                        .index_ef = (unsigned)index.ef,
                                        .indexed = row->index_owner != 0};
}

typedef struct each_call {
    bool (*each)(void *context, const clipsearch_collection_info *info);
    void *context;
} each_call;

static bool call_each(void *context, const cs_store_collection *row)
{
    const each_call *call = context;
    clipsearch_collection_info info = info_of(row);
    return call->each(call->context, &info);
}

clipsearch_status cs_database_collections(clipsearch_database *db,
                                          bool (*each)(void *context, const clipsearch_collection_info *info),
                                          void *context, clipsearch_error *err)
{
    each_call call = {each, context};
    return cs_store_each(db->store, call_each, &call, err);
}

/* ---- collections ---- */

clipsearch_status cs_collection_check_encoder(const cs_store_collection *row, const clipsearch_encoder *encoder,
                                              clipsearch_error *err)
{
    if (row->dim != cs_model_dim(&encoder->dir))
        return cs_fail(
            err, CLIPSEARCH_E_MISMATCH,
            "the collection %s holds vectors of %zu numbers made by the encoder %s; the encoder %s makes %zu",
            row->name, row->dim, row->encoder, encoder->name, cs_model_dim(&encoder->dir));
    if (strcmp(row->fingerprint, encoder->fingerprint) != 0)
        return cs_fail(err, CLIPSEARCH_E_MISMATCH,
                       "the collection %s was made with the encoder %s (fingerprint %.12s), not with %s (%.12s); their "
                       "vectors cannot be compared: use that encoder, or another collection",
                       row->name, row->encoder, row->fingerprint, encoder->name, encoder->fingerprint);
    if (strcmp(row->preprocessing, encoder->preprocessing) != 0)
        return cs_fail(err, CLIPSEARCH_E_MISMATCH,
                       "the pictures of the collection %s were prepared by \"%s\"; the encoder %s prepares by \"%s\"",
                       row->name, row->preprocessing, encoder->name, encoder->preprocessing);
    return CLIPSEARCH_OK;
}

static clipsearch_status make_handle(clipsearch_database *db, const cs_store_collection *row,
                                     clipsearch_collection **out, clipsearch_error *err)
{
    clipsearch_collection *collection = cs_zalloc_array(1, sizeof *collection);
    if (!collection)
        return cs_fail_memory(err, "a collection handle");
    collection->db = db;
    collection->row = *row;
    collection->next = db->open;
    db->open = collection;
    *out = collection;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_collection_open(clipsearch_database *db, const char *name, const clipsearch_encoder *encoder,
                                     clipsearch_collection **collection, clipsearch_error *err)
{
    *collection = NULL;
    cs_store_collection row;
    clipsearch_status status = cs_store_find(db->store, name, &row, err);
    if (status == CLIPSEARCH_OK && encoder)
        status = cs_collection_check_encoder(&row, encoder, err);
    return status == CLIPSEARCH_OK ? make_handle(db, &row, collection, err) : status;
}

static const char *metric_name(clipsearch_metric metric)
{
    return metric == CLIPSEARCH_COSINE ? "cosine" : metric == CLIPSEARCH_IP ? "inner product" : "L2";
}

static clipsearch_status create(clipsearch_database *db, const char *name, const clipsearch_encoder *encoder,
                                clipsearch_metric metric, const clipsearch_index_options *options,
                                cs_store_collection *row, clipsearch_error *err)
{
    cs_store_collection made = {.dim = cs_model_dim(&encoder->dir),
                                .metric = metric,
                                .m = options->m,
                                .ef_construction = options->ef_construction,
                                .ef = options->ef};
    snprintf(made.codes, sizeof made.codes, "%s", cs_codes_word(options->codes));
    clipsearch_status status = cs_store_check_name(name, err);
    if (status != CLIPSEARCH_OK)
        return status;
    snprintf(made.name, sizeof made.name, "%s", name);
    snprintf(made.encoder, sizeof made.encoder, "%s", encoder->name);
    snprintf(made.fingerprint, sizeof made.fingerprint, "%s", encoder->fingerprint);
    snprintf(made.preprocessing, sizeof made.preprocessing, "%s", encoder->preprocessing);
    status = cs_store_begin(db->store, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_store_find(db->store, name, row, err);
    if (status == CLIPSEARCH_E_NOT_FOUND) {
        *row = made;
        status = cs_store_create(db->store, row, err);
    } /* else another process was quicker */
    if (status == CLIPSEARCH_OK)
        status = cs_store_commit(db->store, err);
    if (status != CLIPSEARCH_OK)
        cs_store_rollback(db->store);
    return status;
}

/* An index of these parameters can be made. */
static clipsearch_status check_options(const cs_store_collection *row, const clipsearch_encoder *encoder,
                                       clipsearch_metric metric, const clipsearch_index_options *options,
                                       clipsearch_error *err)
{
    cs_index *index = NULL;
    const cs_hnsw_options wanted = {.m = options->m, .ef_construction = options->ef_construction, .ef = options->ef};
    if (!cs_codes_word(options->codes))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "there are no codes %d", (int)options->codes);
    clipsearch_status status = cs_index_hnsw_open(cs_model_dim(&encoder->dir), metric, &wanted, &index, err);
    cs_index_close(&index);
    if (status != CLIPSEARCH_OK || !row)
        return status;
    const clipsearch_collection_info is = info_of(row);
    if ((options->codes && options->codes != is.index_codes) || (options->m && options->m != is.index_m) ||
        (options->ef_construction && options->ef_construction != is.index_ef_construction) ||
        (options->ef && options->ef != is.index_ef))
        return cs_fail(
            err, CLIPSEARCH_E_MISMATCH,
            "the index of the collection %s was made with codes %s, m %u, ef_construction %u and ef %u, which"
            " are fixed; use another name",
            row->name, cs_codes_word(is.index_codes), is.index_m, is.index_ef_construction, is.index_ef);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_collection_check_new(const char *path, const char *name, const clipsearch_encoder *encoder,
                                          clipsearch_metric metric, const clipsearch_index_options *options,
                                          clipsearch_error *err)
{
    clipsearch_status status = cs_store_check_file(path, CLIPSEARCH_CREATE, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_check_name(name, err);
    return status == CLIPSEARCH_OK ? check_options(NULL, encoder, metric, options, err) : status;
}

clipsearch_status cs_collection_ensure(clipsearch_database *db, const char *name, const clipsearch_encoder *encoder,
                                       clipsearch_metric metric, const clipsearch_index_options *options,
                                       clipsearch_collection **collection, clipsearch_error *err)
{
    *collection = NULL;
    cs_store_collection row;
    clipsearch_status status = cs_store_find(db->store, name, &row, err);
    const bool exists = status == CLIPSEARCH_OK;
    if (exists || status == CLIPSEARCH_E_NOT_FOUND) {
        clipsearch_status good = check_options(exists ? &row : NULL, encoder, metric, options, err);
        if (good != CLIPSEARCH_OK)
            return good;
    }
    if (status == CLIPSEARCH_E_NOT_FOUND) {
        /* the handle first: no empty collection is left when there is no memory for it */
        row = (cs_store_collection){0};
        status = make_handle(db, &row, collection, err);
        if (status == CLIPSEARCH_OK)
            status = create(db, name, encoder, metric, options, &(*collection)->row, err);
        if (status != CLIPSEARCH_OK)
            cs_collection_close(collection);
        else
            row = (*collection)->row;
    }
    if (status == CLIPSEARCH_OK && row.metric != metric)
        status = cs_fail(err, CLIPSEARCH_E_MISMATCH, "the collection %s compares by %s, not by %s; use another name",
                         name, metric_name(row.metric), metric_name(metric));
    if (status == CLIPSEARCH_OK)
        status = cs_collection_check_encoder(&row, encoder, err);
    if (status == CLIPSEARCH_OK && !*collection)
        status = make_handle(db, &row, collection, err);
    if (status != CLIPSEARCH_OK)
        cs_collection_close(collection);
    return status;
}

void cs_collection_close(clipsearch_collection **handle)
{
    clipsearch_collection *collection = *handle;
    if (!collection)
        return;
    clipsearch_collection **link = &collection->db->open;
    while (*link != collection)
        link = &(*link)->next;
    *link = collection->next;
    cs_index_close(&collection->index);
    cs_graph_close(&collection->graph);
    cs_pool_close(&collection->pool);
    cs_free(collection);
    *handle = NULL;
}

clipsearch_status cs_collection_drop(clipsearch_database *db, const char *name, clipsearch_error *err)
{
    for (const clipsearch_collection *open = db->open; open; open = open->next)
        if (strcmp(open->row.name, name) == 0)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the collection %s is open; close it before dropping it", name);
    clipsearch_status status = cs_store_begin(db->store, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_store_drop(db->store, name, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_commit(db->store, err);
    if (status != CLIPSEARCH_OK)
        cs_store_rollback(db->store);
    else
        cs_checkpoint_forget(db->store, name);
    return status;
}

clipsearch_status cs_collection_refresh(clipsearch_collection *collection, clipsearch_error *err)
{
    cs_store_collection row;
    bool there = false;
    clipsearch_status status = cs_store_refresh(collection->db->store, &collection->row, &there, err);
    if (status != CLIPSEARCH_OK || there)
        return status;
    status = cs_store_find(collection->db->store, collection->row.name, &row, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (row.key != collection->row.key || row.created != collection->row.created ||
        strcmp(row.fingerprint, collection->row.fingerprint) != 0)
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND,
                       "the collection %s was dropped and made anew since it was opened; open it again", row.name);
    collection->row = row;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_collection_describe(clipsearch_collection *collection, clipsearch_collection_info *info,
                                         clipsearch_error *err)
{
    clipsearch_status status = cs_collection_refresh(collection, err);
    if (status == CLIPSEARCH_OK)
        *info = info_of(&collection->row);
    if (status == CLIPSEARCH_OK && info->indexed)
        status = cs_store_count_changes(collection->db->store, &collection->row, collection->row.log_from, false,
                                        &info->changes, err);
    return status;
}

/* ---- changes ---- */

static clipsearch_status check_item(const cs_store_collection *row, const clipsearch_item *item, const float *vector,
                                    size_t i, clipsearch_error *err)
{
    if (!item->path || item->path[0] != '/')
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "item %zu: the path \"%s\" is not absolute", i,
                       item->path ? item->path : "");
    double length = 0;
    for (size_t d = 0; d < row->dim; d++) {
        if (!isfinite(vector[d]))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "item %zu (%s): element %zu of its vector is no finite number",
                           i, item->path, d);
        length += (double)vector[d] * vector[d];
    }
    if (row->metric == CLIPSEARCH_COSINE && fabs(length - 1) > UNIT_TOLERANCE)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "item %zu (%s): its vector has length %.3f; a cosine collection takes L2-normalised ones", i,
                       item->path, sqrt(length));
    return CLIPSEARCH_OK;
}

clipsearch_status cs_collection_put(clipsearch_collection *collection, const clipsearch_item *items,
                                    const float *vectors, size_t count, int64_t *ids, clipsearch_error *err)
{
    cs_store *store = collection->db->store;
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        status = check_item(&collection->row, &items[i], vectors + i * collection->row.dim, i, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_begin(store, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_collection_refresh(collection, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        clipsearch_item item = items[i];
        if (!item.attributes)
            item.attributes = "{}";
        int64_t id;
        status = cs_store_put(store, &collection->row, &item, vectors + i * collection->row.dim, &id, err);
        if (status == CLIPSEARCH_OK && ids)
            ids[i] = id;
    }
    if (status == CLIPSEARCH_OK)
        status = cs_store_commit(store, err);
    if (status != CLIPSEARCH_OK)
        cs_store_rollback(store);
    return status;
}

clipsearch_status cs_collection_remove(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                       size_t *removed, clipsearch_error *err)
{
    cs_store *store = collection->db->store;
    size_t gone = 0;
    if (removed)
        *removed = 0;
    clipsearch_status status = cs_store_begin(store, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_collection_refresh(collection, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        bool was_there = false;
        status = cs_store_remove(store, &collection->row, ids[i], &was_there, err);
        gone += was_there;
    }
    if (status == CLIPSEARCH_OK)
        status = cs_store_commit(store, err);
    if (status != CLIPSEARCH_OK)
        cs_store_rollback(store);
    else if (removed)
        *removed = gone;
    return status;
}
