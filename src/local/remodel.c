/* SPDX-License-Identifier: MIT
 * remodel.c - a collection that is encoded anew with another model: new vectors beside the old ones, then the
 * switch. */
#include "local/collection.h"

#include "backend/far_vector.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

clipsearch_status cs_local_describe_remodel(clipsearch_collection *base, cs_remodel_state *state, clipsearch_error *err)
{
    local_read read;
    cs_store_identity to;
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_store_find_remodel(read.store, read.identity, &state->begun, &to, &state->done, err);
    if (status == CLIPSEARCH_OK && state->begun)
        snprintf(state->encoder, sizeof state->encoder, "%s", to.encoder);
    cs_local_end_read(&read);
    return status;
}

clipsearch_status cs_local_begin_remodel(clipsearch_collection *base, const cs_encoder_identity *encoder,
                                         clipsearch_metric metric, bool *resumed, clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    cs_store *store = collection->db->writer;
    const cs_store_identity *own = &collection->shared->identity;
    cs_store_identity to = *own;
    cs_store_state state = {0};
    bool there = false;
    clipsearch_status status = cs_local_begin_change(collection->db, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_local_set_encoder(encoder, metric, &to);
    status = cs_local_check_exists(collection, store, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_refresh(store, own, &state, &there, err);
    const bool same = strcmp(own->fingerprint, to.fingerprint) == 0 &&
                      strcmp(own->preprocessing, to.preprocessing) == 0 && own->metric == metric &&
                      !cs_precisions_differ(state.precisions, encoder->precisions);
    if (status == CLIPSEARCH_OK)
        status = same ? cs_store_forget_remodel(store, own, err) : cs_store_begin_remodel(store, &to, resumed, err);
    return cs_local_end_change(collection->db, status, err);
}

/* ---- items without a new vector */

typedef struct item_reading {
    const cs_store *store;
    cs_items *items;
    clipsearch_status status;
    clipsearch_error *err;
} item_reading;

static bool add_item(void *context, const clipsearch_item *item)
{
    item_reading *r = context;
    r->status = cs_items_add(r->items, item, cs_store_item_file(r->store), r->err);
    return r->status == CLIPSEARCH_OK;
}

clipsearch_status cs_local_items_to_remodel(clipsearch_collection *base, int64_t after, size_t most, cs_items *items,
                                            clipsearch_error *err)
{
    local_read read;
    item_reading r = {.items = items, .err = err};
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status != CLIPSEARCH_OK)
        return status;
    r.store = read.store;
    status = cs_store_each_to_remodel(read.store, read.identity, after, most, add_item, &r, err);
    if (status == CLIPSEARCH_OK)
        status = r.status;
    cs_local_end_read(&read);
    return status;
}

/* ---- new vectors */

/* In a change: the collection's identity with the model that it is encoded anew with. */
static clipsearch_status find_model(const local_collection *collection, cs_store_identity *to, clipsearch_error *err)
{
    bool found;
    uint64_t done;
    cs_store *store = collection->db->writer;
    clipsearch_status status = cs_local_check_exists(collection, store, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_find_remodel(store, &collection->shared->identity, &found, to, &done, err);
    if (status == CLIPSEARCH_OK && !found)
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the collection %s is not being encoded anew",
                         collection->shared->identity.name);
    return status;
}

clipsearch_status cs_local_put_new_vectors(clipsearch_collection *base, const cs_new_vector *vectors, size_t count,
                                           clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    cs_store_identity to;
    clipsearch_status status = cs_local_begin_change(collection->db, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = find_model(collection, &to, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        status = cs_store_put_new_vector(collection->db->writer, &to, vectors[i].id, vectors[i].hash, vectors[i].vector,
                                         err);
    return cs_local_end_change(collection->db, status, err);
}

/* ---- the switch */

typedef struct finishing {
    const int64_t *without; /* [count], ascending */
    size_t count;
    bool other; /* another item has no new vector */
} finishing;

static int compare_ids(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool look_at_item(void *context, const clipsearch_item *item)
{
    finishing *f = context;
    f->other = !f->count || !bsearch(&item->id, f->without, f->count, sizeof *f->without, compare_ids);
    return !f->other;
}

/* In a change: finish it, unless items beside those of `without` have no new vector. */
static clipsearch_status finish(const local_collection *collection, const int64_t *without, size_t count,
                                bool *finished, clipsearch_error *err)
{
    cs_store *store = collection->db->writer;
    cs_store_identity to;
    finishing f = {.without = without, .count = count};
    clipsearch_status status = find_model(collection, &to, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_each_to_remodel(store, &to, 0, UINT64_MAX, look_at_item, &f, err);
    if (status != CLIPSEARCH_OK || f.other)
        return status;
    const int64_t now = (int64_t)time(NULL);
    float *far = cs_alloc_array(to.dim, sizeof *far);
    if (!far)
        return cs_fail_memory(err, "a vector");
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        cs_far_vector(without[i], to.dim, far);
        status = cs_store_put_no_vector(store, &to, without[i], now > 0 ? now : 1, far, err);
    }
    cs_free(far);
    if (status == CLIPSEARCH_OK)
        status = cs_store_finish_remodel(store, &to, err);
    *finished = status == CLIPSEARCH_OK;
    return status;
}

clipsearch_status cs_local_finish_remodel(clipsearch_collection *base, const int64_t *without, size_t count,
                                          bool *finished, clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    local_database *db = collection->db;
    bool done = false;
    clipsearch_status status = cs_local_begin_change(db, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = finish(collection, without, count, &done, err);
    if (status == CLIPSEARCH_OK && !done)
        cs_local_undo_change(db);
    else
        status = cs_local_end_change(db, status, err);
    *finished = done && status == CLIPSEARCH_OK;
    if (*finished && collection->shared->index_path) /* of the old model; no database refers to it any more */
        cs_index_file_remove(collection->shared->index_path);
    return status;
}
