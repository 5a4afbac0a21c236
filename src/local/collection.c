/* SPDX-License-Identifier: MIT
 * collection.c - collections opened, made, described and dropped; read transactions on one. */
#include "local/collection.h"

#include "backend/code_kinds.h"
#include "base/collection_name.h"
#include "base/index_types.h"
#include "base/mem.h"
#include "index/hnsw.h"
#include "local/local.h"

#include <stdio.h>
#include <string.h>

cs_collection_identity cs_local_identity(const cs_store_identity *identity)
{
    cs_hnsw_options index = {.m = identity->m, .ef_construction = identity->ef_construction, .ef = identity->ef};
    clipsearch_codes codes = CLIPSEARCH_CODES_DEFAULT;
    cs_codes_of_word(identity->codes, &codes);
    cs_hnsw_options_set_defaults(&index);
    return (cs_collection_identity){.name = identity->name,
                                    .encoder = identity->encoder,
                                    .fingerprint = identity->fingerprint,
                                    .preprocessing = identity->preprocessing,
                                    .dim = identity->dim,
                                    .metric = identity->metric,
                                    .created = identity->created,
                                    .model_path = identity->model_path[0] ? identity->model_path : NULL,
                                    .index = {.codes = codes ? codes : CLIPSEARCH_CODES_I8,
                                              .m = (unsigned)index.m,
                                              .ef_construction = (unsigned)index.ef_construction,
                                              .ef = (unsigned)index.ef,
                                              .type = CLIPSEARCH_INDEX_TYPE_HNSW}};
}

cs_collection_state cs_local_state(const cs_store_state *state)
{
    return (cs_collection_state){.count = state->count,
                                 .gone = state->gone,
                                 .generation = state->generation,
                                 .indexed = state->index_owner != 0,
                                 .precisions = state->precisions};
}

/* ---- reading */

/* The collection is not there: say whether another of its name is. */
static clipsearch_status fail_dropped(const local_collection *collection, cs_store *store, clipsearch_error *err)
{
    cs_store_collection other;
    clipsearch_status status = cs_store_find(store, collection->shared->identity.name, &other, err);
    if (status == CLIPSEARCH_OK && other.identity.key == collection->shared->identity.key)
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND,
                       "the collection %s was encoded anew, with the model %s, since it was opened; open it again",
                       other.identity.name, other.identity.encoder);
    return status != CLIPSEARCH_OK
               ? status
               : cs_fail(err, CLIPSEARCH_E_NOT_FOUND,
                         "the collection %s was dropped and made anew since it was opened; open it again",
                         other.identity.name);
}

clipsearch_status cs_local_check_exists(const local_collection *collection, cs_store *store, clipsearch_error *err)
{
    bool there = false;
    clipsearch_status status = cs_store_exists(store, &collection->shared->identity, &there, err);
    return status != CLIPSEARCH_OK || there ? status : fail_dropped(collection, store, err);
}

/* Read the state, from the newest that any thread has read, so that the items are seldom counted. */
static clipsearch_status read_state(local_read *read, clipsearch_error *err)
{
    local_shared *shared = read->collection->shared;
    bool there = false;
    pthread_mutex_lock(&shared->lock);
    read->state = shared->state;
    pthread_mutex_unlock(&shared->lock);
    clipsearch_status status = cs_store_refresh(read->store, read->identity, &read->state, &there, err);
    if (status == CLIPSEARCH_OK && !there)
        status = fail_dropped(read->collection, read->store, err);
    if (status != CLIPSEARCH_OK) {
        cs_local_end_read(read);
        return status;
    }
    pthread_mutex_lock(&shared->lock);
    if (read->state.generation > shared->state.generation)
        shared->state = read->state;
    pthread_mutex_unlock(&shared->lock);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_local_begin_read(clipsearch_collection *base, local_read *read, clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    *read = (local_read){.collection = collection, .identity = &collection->shared->identity};
    clipsearch_status status = cs_local_begin_store_read(collection->db, &read->store, err);
    return status == CLIPSEARCH_OK ? read_state(read, err) : status;
}

clipsearch_status cs_local_renew_read(local_read *read, clipsearch_error *err)
{
    clipsearch_status status = cs_local_renew_store_read(read->store, err);
    if (status == CLIPSEARCH_OK)
        return read_state(read, err);
    cs_local_end_read(read);
    return status;
}

void cs_local_end_read(local_read *read)
{
    cs_local_end_store_read(read->collection->db, &read->store);
}

void cs_local_send_note(const local_read *read)
{
    if (read->noted)
        cs_database_note(&read->collection->db->base, "%s", read->note.message);
}

static clipsearch_status describe(clipsearch_collection *base, cs_collection_state *state, clipsearch_error *err)
{
    local_read read;
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status != CLIPSEARCH_OK)
        return status;
    *state = cs_local_state(&read.state);
    if (state->indexed)
        status = cs_store_count_changes(read.store, read.identity, read.state.log_from, false, &state->changes, err);
    cs_local_end_read(&read);
    return status;
}

static clipsearch_status set_model_path(clipsearch_collection *base, const char *path, clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    cs_store *store = collection->db->writer;
    clipsearch_status status = cs_local_begin_change(collection->db, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_local_check_exists(collection, store, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_set_model_path(store, &collection->shared->identity, path, err);
    return cs_local_end_change(collection->db, status, err);
}

/* ---- handles */

/* Drop one handle's hold. The database's lock is held. */
static void release_shared(local_database *db, local_shared *shared)
{
    if (!shared || --shared->handles)
        return;
    local_shared **link = &db->collections;
    while (*link != shared)
        link = &(*link)->next;
    *link = shared->next;
    cs_snapshot_release(&shared->snapshot);
    pthread_mutex_destroy(&shared->lock);
    pthread_mutex_destroy(&shared->build_lock);
    cs_free(shared->index_path);
    cs_free(shared);
}

static void close_handle(clipsearch_collection *base)
{
    local_collection *collection = cs_local_collection(base);
    local_database *db = collection->db;
    pthread_mutex_lock(&db->lock);
    release_shared(db, collection->shared);
    pthread_mutex_unlock(&db->lock);
    cs_free(collection);
}

static const cs_collection_ops ops = {
    .describe = describe,
    .by_paths = cs_local_by_paths,
    .by_hashes = cs_local_by_hashes,
    .by_ids = cs_local_by_ids,
    .where = cs_local_where,
    .each_path = cs_local_each_path,
    .each_hash = cs_local_each_hash,
    .vectors = cs_local_vectors,
    .apply = cs_local_apply,
    .remove_where = cs_local_remove_where,
    .each_source = cs_local_each_source,
    .put_sources = cs_local_put_sources,
    .forget_sources = cs_local_forget_sources,
    .set_model_path = set_model_path,
    .describe_remodel = cs_local_describe_remodel,
    .begin_remodel = cs_local_begin_remodel,
    .items_to_remodel = cs_local_items_to_remodel,
    .put_new_vectors = cs_local_put_new_vectors,
    .finish_remodel = cs_local_finish_remodel,
    .search = cs_local_search,
    .lock_ingestion = cs_local_lock_collection,
    .checkpoint = cs_local_checkpoint,
    .checkpoint_is_due = cs_local_checkpoint_is_due,
    .check = cs_local_check,
    .close = close_handle,
};

/* What the handles of a collection share, with one more handle. The database's lock is held. NULL: out of memory. */
static local_shared *find_shared(local_database *db, const cs_store_collection *row)
{
    for (local_shared *shared = db->collections; shared; shared = shared->next)
        if (shared->identity.key == row->identity.key && shared->identity.encoding == row->identity.encoding) {
            shared->handles++;
            return shared;
        }
    local_shared *shared = cs_zalloc_array(1, sizeof *shared);
    if (!shared)
        return NULL;
    shared->index_path = db->in_memory ? NULL : cs_index_file_path(db->first, row->identity.name);
    if (!db->in_memory && !shared->index_path) {
        cs_free(shared);
        return NULL;
    }
    shared->handles = 1;
    shared->identity = row->identity;
    shared->state = row->state;
    pthread_mutex_init(&shared->build_lock, NULL);
    pthread_mutex_init(&shared->lock, NULL);
    shared->next = db->collections;
    db->collections = shared;
    return shared;
}

/* Make `collection`, which cs_free can still free, a handle of the collection `row`. */
static clipsearch_status bind_handle(local_database *db, const cs_store_collection *row, local_collection *collection,
                                     clipsearch_error *err)
{
    pthread_mutex_lock(&db->lock);
    local_shared *shared = find_shared(db, row);
    pthread_mutex_unlock(&db->lock);
    if (!shared)
        return cs_fail_memory(err, "a collection handle");
    *collection =
        (local_collection){.base = {.ops = &ops, .db = &db->base, .identity = cs_local_identity(&shared->identity)},
                           .db = db,
                           .shared = shared};
    return CLIPSEARCH_OK;
}

static clipsearch_status find_collection(local_database *db, const char *name, cs_store_collection *row,
                                         clipsearch_error *err)
{
    cs_store *store;
    clipsearch_status status = cs_local_begin_store_read(db, &store, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_find(store, name, row, err);
    cs_local_end_store_read(db, &store);
    return status;
}

static clipsearch_status make_handle(local_database *db, const cs_store_collection *row, clipsearch_collection **out,
                                     clipsearch_error *err)
{
    local_collection *collection = cs_zalloc_array(1, sizeof *collection);
    if (!collection)
        return cs_fail_memory(err, "a collection handle");
    clipsearch_status status = bind_handle(db, row, collection, err);
    if (status == CLIPSEARCH_OK)
        *out = &collection->base;
    else
        cs_free(collection);
    return status;
}

clipsearch_status cs_local_open_collection(clipsearch_database *base, const char *name, clipsearch_collection **out,
                                           clipsearch_error *err)
{
    local_database *db = cs_local_database(base);
    cs_store_collection row;
    clipsearch_status status = find_collection(db, name, &row, err);
    return status == CLIPSEARCH_OK ? make_handle(db, &row, out, err) : status;
}

/* In a change: find or make the row, and bind the handle to it. */
static clipsearch_status create(local_database *db, const cs_store_identity *wanted, local_collection *collection,
                                clipsearch_error *err)
{
    cs_store_collection row;
    clipsearch_error why;
    clipsearch_status status = cs_local_begin_change(db, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_store_find(db->writer, wanted->name, &row, &why);
    if (status == CLIPSEARCH_E_NOT_FOUND) { /* else another process was quicker */
        row = (cs_store_collection){.identity = *wanted};
        status = cs_store_create(db->writer, &row, err);
    } else if (status != CLIPSEARCH_OK && err) {
        *err = why;
    }
    if (status == CLIPSEARCH_OK) /* before the commit: no empty collection is left when there is no memory for it */
        status = bind_handle(db, &row, collection, err);
    return cs_local_end_change(db, status, err);
}

void cs_local_set_encoder(const cs_encoder_identity *encoder, clipsearch_metric metric, cs_store_identity *identity)
{
    snprintf(identity->encoder, sizeof identity->encoder, "%s", encoder->name);
    snprintf(identity->fingerprint, sizeof identity->fingerprint, "%s", encoder->fingerprint);
    snprintf(identity->preprocessing, sizeof identity->preprocessing, "%s", encoder->preprocessing);
    identity->dim = encoder->dim;
    identity->metric = metric;
    identity->precisions = encoder->precisions;
    const bool fits = encoder->path && strlen(encoder->path) < sizeof identity->model_path;
    snprintf(identity->model_path, sizeof identity->model_path, "%s", fits ? encoder->path : "");
}

static clipsearch_status describe_new(const char *name, const cs_encoder_identity *encoder, clipsearch_metric metric,
                                      const clipsearch_index_options *index, cs_store_identity *made,
                                      clipsearch_error *err)
{
    *made = (cs_store_identity){.m = index->m, .ef_construction = index->ef_construction, .ef = index->ef};
    snprintf(made->codes, sizeof made->codes, "%s", cs_codes_word(index->codes));
    clipsearch_status status = cs_check_file_collection_name(name, err);
    if (status != CLIPSEARCH_OK)
        return status;
    snprintf(made->name, sizeof made->name, "%s", name);
    cs_local_set_encoder(encoder, metric, made);
    return CLIPSEARCH_OK;
}

/* An index of these parameters can be made. */
static clipsearch_status check_index_options(size_t dim, clipsearch_metric metric,
                                             const clipsearch_index_options *options, clipsearch_error *err)
{
    cs_index *index = NULL;
    const cs_hnsw_options wanted = {.m = options->m, .ef_construction = options->ef_construction, .ef = options->ef};
    if (!cs_codes_word(options->codes))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "there are no codes %d", (int)options->codes);
    clipsearch_status status = cs_index_type_check(CS_FILE_INDEX_TYPES, options->type, err);
    if (status == CLIPSEARCH_OK)
        status = cs_index_hnsw_open(dim, metric, &wanted, &index, err);
    cs_index_close(&index);
    return status;
}

clipsearch_status cs_local_check_new(const char *path, const char *name, const cs_encoder_identity *encoder,
                                     clipsearch_metric metric, const clipsearch_index_options *index,
                                     clipsearch_error *err)
{
    clipsearch_status status = cs_store_check_file(path, CLIPSEARCH_CREATE, err);
    if (status == CLIPSEARCH_OK)
        status = cs_check_file_collection_name(name, err);
    return status == CLIPSEARCH_OK ? check_index_options(encoder->dim, metric, index, err) : status;
}

clipsearch_status cs_local_ensure_collection(clipsearch_database *base, const char *name,
                                             const cs_encoder_identity *encoder, clipsearch_metric metric,
                                             const clipsearch_index_options *index, clipsearch_collection **out,
                                             clipsearch_error *err)
{
    local_database *db = cs_local_database(base);
    cs_store_identity wanted;
    cs_store_collection row;
    clipsearch_error why; /* that there is none is no error of the caller's */
    clipsearch_status status = find_collection(db, name, &row, &why);
    if (status == CLIPSEARCH_OK || status == CLIPSEARCH_E_NOT_FOUND) {
        clipsearch_status good = check_index_options(encoder->dim, metric, index, err);
        if (good != CLIPSEARCH_OK)
            return good;
    }
    if (status == CLIPSEARCH_OK)
        return make_handle(db, &row, out, err);
    if (status != CLIPSEARCH_E_NOT_FOUND) {
        if (err)
            *err = why;
        return status;
    }
    status = describe_new(name, encoder, metric, index, &wanted, err);
    if (status != CLIPSEARCH_OK)
        return status;
    local_collection *collection = cs_zalloc_array(1, sizeof *collection);
    if (!collection)
        return cs_fail_memory(err, "a collection handle");
    status = create(db, &wanted, collection, err);
    if (status == CLIPSEARCH_OK)
        *out = &collection->base;
    else if (collection->shared)
        close_handle(&collection->base);
    else
        cs_free(collection);
    return status;
}

clipsearch_status cs_local_drop_collection(clipsearch_database *base, const char *name, clipsearch_error *err)
{
    local_database *db = cs_local_database(base);
    bool open = false;
    pthread_mutex_lock(&db->lock);
    for (const local_shared *shared = db->collections; shared; shared = shared->next)
        open = open || strcmp(shared->identity.name, name) == 0;
    pthread_mutex_unlock(&db->lock);
    if (open)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the collection %s is open; close it before dropping it", name);
    clipsearch_status status = cs_local_begin_change(db, err);
    if (status == CLIPSEARCH_OK)
        status = cs_local_end_change(db, cs_store_drop(db->writer, name, err), err);
    char *path = status == CLIPSEARCH_OK && !db->in_memory ? cs_index_file_path(db->first, name) : NULL;
    if (path)
        cs_index_file_remove(path);
    cs_free(path);
    return status;
}
