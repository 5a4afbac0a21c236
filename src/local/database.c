/* SPDX-License-Identifier: MIT
 * database.c - a database file, opened. */
#include "local/collection.h"
#include "local/local.h"

#include "base/mem.h"

typedef struct each_call {
    bool (*each)(void *context, const cs_collection_identity *identity, const cs_collection_state *state);
    void *context;
} each_call;

static bool call_each(void *context, const cs_store_collection *row)
{
    const each_call *call = context;
    const cs_collection_identity identity = cs_local_identity(row);
    const cs_collection_state state = {
        .count = row->count, .generation = row->generation, .indexed = row->index_owner != 0};
    return call->each(call->context, &identity, &state);
}

static clipsearch_status each_collection(clipsearch_database *db,
                                         bool (*each)(void *context, const cs_collection_identity *identity,
                                                      const cs_collection_state *state),
                                         void *context, clipsearch_error *err)
{
    each_call call = {each, context};
    return cs_store_each(cs_local_database(db)->store, call_each, &call, err);
}

static clipsearch_status vacuum(clipsearch_database *db, clipsearch_error *err)
{
    return cs_store_vacuum(cs_local_database(db)->store, err);
}

static void close_database(clipsearch_database *base)
{
    local_database *db = cs_local_database(base);
    cs_store_close(&db->store);
    cs_database_destroy(base);
    cs_free(db);
}

static const cs_database_ops ops = {
    .each_collection = each_collection,
    .open_collection = cs_local_open_collection,
    .ensure_collection = cs_local_ensure_collection,
    .drop_collection = cs_local_drop_collection,
    .vacuum = vacuum,
    .close = close_database,
};

clipsearch_status cs_local_open(const char *path, unsigned flags, clipsearch_database **out, clipsearch_error *err)
{
    *out = NULL;
    local_database *db = cs_zalloc_array(1, sizeof *db);
    if (!db)
        return cs_fail_memory(err, "a database handle");
    cs_database_init(&db->base, &ops,
                     CS_BACKEND_ATOMIC_APPLY | CS_BACKEND_SNAPSHOT | CS_BACKEND_CHECKPOINT | CS_BACKEND_VACUUM);
    db->read_only = flags == CLIPSEARCH_READ_ONLY;
    clipsearch_status status = cs_store_open(path, flags, &db->store, err);
    *out = &db->base;
    if (status != CLIPSEARCH_OK)
        cs_database_close(out);
    return status;
}
