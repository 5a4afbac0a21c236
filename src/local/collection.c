/* SPDX-License-Identifier: MIT
 * collection.c - collections opened, made, described and dropped. */
#include "local/collection.h"

#include "backend/code_kinds.h"
#include "base/mem.h"
#include "index/hnsw.h"
#include "local/checkpoint.h"
#include "local/local.h"

#include <stdio.h>
#include <string.h>

cs_collection_identity cs_local_identity(const cs_store_collection *row)
{
    cs_hnsw_options index = {.m = row->m, .ef_construction = row->ef_construction, .ef = row->ef};
    clipsearch_codes codes = CLIPSEARCH_CODES_DEFAULT;
    cs_codes_of_word(row->codes, &codes);
    cs_hnsw_options_set_defaults(&index);
    return (cs_collection_identity){.name = row->name,
                                    .encoder = row->encoder,
                                    .fingerprint = row->fingerprint,
                                    .preprocessing = row->preprocessing,
                                    .dim = row->dim,
                                    .metric = row->metric,
                                    .created = row->created,
                                    .index = {.codes = codes ? codes : CLIPSEARCH_CODES_I8,
                                              .m = (unsigned)index.m,
                                              .ef_construction = (unsigned)index.ef_construction,
                                              .ef = (unsigned)index.ef}};
}

clipsearch_status cs_local_refresh(local_collection *collection, clipsearch_error *err)
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

static clipsearch_status describe(clipsearch_collection *base, cs_collection_state *state, clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    const cs_store_collection *row = &collection->row;
    clipsearch_status status = cs_local_refresh(collection, err);
    if (status != CLIPSEARCH_OK)
        return status;
    *state =
        (cs_collection_state){.count = row->count, .generation = row->generation, .indexed = row->index_owner != 0};
    if (!state->indexed)
        return status;
    return cs_store_count_changes(collection->db->store, row, row->log_from, false, &state->changes, err);
}

/* ---- handles */

static void close_handle(clipsearch_collection *base)
{
    local_collection *collection = cs_local_collection(base);
    local_collection **link = &collection->db->open;
    while (*link != collection)
        link = &(*link)->next;
    *link = collection->next;
    cs_index_close(&collection->index);
    cs_graph_close(&collection->graph);
    cs_pool_close(&collection->pool);
    cs_free(collection);
}

static const cs_collection_ops ops = {
    .describe = describe,
    .by_paths = cs_local_by_paths,
    .by_hashes = cs_local_by_hashes,
    .by_ids = cs_local_by_ids,
    .where = cs_local_where,
    .each_below = cs_local_each_below,
    .each_hash = cs_local_each_hash,
    .vectors = cs_local_vectors,
    .apply = cs_local_apply,
    .remove_where = cs_local_remove_where,
    .search = cs_local_search,
    .checkpoint = cs_local_checkpoint,
    .checkpoint_is_due = cs_local_checkpoint_is_due,
    .check = cs_local_check,
    .close = close_handle,
};

static clipsearch_status make_handle(local_database *db, const cs_store_collection *row, clipsearch_collection **out,
                                     clipsearch_error *err)
{
    local_collection *collection = cs_zalloc_array(1, sizeof *collection);
    if (!collection)
        return cs_fail_memory(err, "a collection handle");
    collection->row = *row;
    collection->base =
        (clipsearch_collection){.ops = &ops, .db = &db->base, .identity = cs_local_identity(&collection->row)};
    collection->db = db;
    collection->next = db->open;
    db->open = collection;
    *out = &collection->base;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_local_open_collection(clipsearch_database *base, const char *name, clipsearch_collection **out,
                                           clipsearch_error *err)
{
    local_database *db = cs_local_database(base);
    cs_store_collection row;
    clipsearch_status status = cs_store_find(db->store, name, &row, err);
    return status == CLIPSEARCH_OK ? make_handle(db, &row, out, err) : status;
}

static clipsearch_status create(local_database *db, const char *name, const cs_encoder_identity *encoder,
                                clipsearch_metric metric, const clipsearch_index_options *index,
                                cs_store_collection *row, clipsearch_error *err)
{
    cs_store_collection made = {.dim = encoder->dim,
                                .metric = metric,
                                .m = index->m,
                                .ef_construction = index->ef_construction,
                                .ef = index->ef};
    snprintf(made.codes, sizeof made.codes, "%s", cs_codes_word(index->codes));
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
static clipsearch_status check_index_options(size_t dim, clipsearch_metric metric,
                                             const clipsearch_index_options *options, clipsearch_error *err)
{
    cs_index *index = NULL;
    const cs_hnsw_options wanted = {.m = options->m, .ef_construction = options->ef_construction, .ef = options->ef};
    if (!cs_codes_word(options->codes))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "there are no codes %d", (int)options->codes);
    clipsearch_status status = cs_index_hnsw_open(dim, metric, &wanted, &index, err);
    cs_index_close(&index);
    return status;
}

clipsearch_status cs_local_check_new(const char *path, const char *name, const cs_encoder_identity *encoder,
                                     clipsearch_metric metric, const clipsearch_index_options *index,
                                     clipsearch_error *err)
{
    clipsearch_status status = cs_store_check_file(path, CLIPSEARCH_CREATE, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_check_name(name, err);
    return status == CLIPSEARCH_OK ? check_index_options(encoder->dim, metric, index, err) : status;
}

clipsearch_status cs_local_ensure_collection(clipsearch_database *base, const char *name,
                                             const cs_encoder_identity *encoder, clipsearch_metric metric,
                                             const clipsearch_index_options *index, clipsearch_collection **out,
                                             clipsearch_error *err)
{
    local_database *db = cs_local_database(base);
    cs_store_collection row;
    clipsearch_status status = cs_store_find(db->store, name, &row, err);
    if (status == CLIPSEARCH_OK || status == CLIPSEARCH_E_NOT_FOUND) {
        clipsearch_status good = check_index_options(encoder->dim, metric, index, err);
        if (good != CLIPSEARCH_OK)
            return good;
    }
    if (status != CLIPSEARCH_E_NOT_FOUND)
        return status == CLIPSEARCH_OK ? make_handle(db, &row, out, err) : status;
    /* the handle first: no empty collection is left when there is no memory for it */
    row = (cs_store_collection){0};
    status = make_handle(db, &row, out, err);
    if (status != CLIPSEARCH_OK)
        return status;
    local_collection *made = cs_local_collection(*out);
    status = create(db, name, encoder, metric, index, &made->row, err);
    made->base.identity = cs_local_identity(&made->row);
    if (status != CLIPSEARCH_OK)
        cs_collection_close(out);
    return status;
}

clipsearch_status cs_local_drop_collection(clipsearch_database *base, const char *name, clipsearch_error *err)
{
    local_database *db = cs_local_database(base);
    for (const local_collection *open = db->open; open; open = open->next)
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
