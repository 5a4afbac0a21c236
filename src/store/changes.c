/* SPDX-License-Identifier: MIT
 * changes.c - which vectors have changed since the index file was written. */
#include "store/store_internal.h"

/* ---- noting */

clipsearch_status cs_store_log(cs_store *store, const cs_store_identity *collection, int64_t id, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    if (!store->logging)
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_store_statement(store, CS_SQL_CHANGE_ADD, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, id);
    sqlite3_bind_int64(statement, 3, store->touched_generation);
    return cs_store_run(store, statement, "noting a change", err);
}

clipsearch_status cs_store_log_where(cs_store *store, const cs_store_identity *collection, const cs_filter_tree *filter,
                                     clipsearch_error *err)
{
    sqlite3_stmt *statement;
    if (!store->logging)
        return CLIPSEARCH_OK;
    clipsearch_status status =
        cs_store_prepare_where(store, collection,
                               "INSERT OR REPLACE INTO changes(collection, id, generation) SELECT collection, id, ?2"
                               " FROM items",
                               filter, "", &statement, err);
    if (!status) {
        sqlite3_bind_int64(statement, 2, store->touched_generation);
        status = cs_store_run(store, statement, "noting changes", err);
    }
    sqlite3_finalize(statement);
    return status;
}

clipsearch_status cs_store_log_changes(cs_store *store, cs_store_collection *logged, clipsearch_error *err)
{
    const cs_store_identity *collection = &logged->identity;
    sqlite3_stmt *statement;
    bool there = false;
    clipsearch_status status = cs_store_begin(store, err);
    if (status)
        return status;
    status = cs_store_statement(store, CS_SQL_LOG_BEGIN, &statement, err);
    if (!status) {
        sqlite3_bind_int64(statement, 1, collection->key);
        status = cs_store_run(store, statement, "noting changes", err);
    }
    if (!status)
        status = cs_store_refresh(store, collection, &logged->state, &there, err);
    if (!status && !there)
        status = cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: collection %s has been dropped meanwhile", store->path,
                         collection->name);
    if (!status)
        status = cs_store_commit(store, err);
    if (status)
        cs_store_rollback(store);
    return status;
}

clipsearch_status cs_store_announce_index(cs_store *store, const cs_store_identity *collection, uint64_t owner,
                                          clipsearch_error *err)
{
    sqlite3_stmt *statement;
    clipsearch_status status = cs_store_need_transaction(store, err);
    if (!status)
        status = cs_store_statement(store, CS_SQL_LOG_ANNOUNCE, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, (int64_t)owner);
    return cs_store_run(store, statement, "noting the index file", err);
}

clipsearch_status cs_store_record_index(cs_store *store, const cs_store_identity *collection, uint64_t owner,
                                        uint64_t generation, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    clipsearch_status status = cs_store_need_transaction(store, err);
    if (!status)
        status = cs_store_statement(store, CS_SQL_LOG_RECORD, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, (int64_t)owner);
    if (owner)
        sqlite3_bind_int64(statement, 3, (int64_t)generation);
    status = cs_store_run(store, statement, "noting the index file", err);
    if (!status)
        status = cs_store_statement(store, CS_SQL_CHANGES_FORGET, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, owner ? (int64_t)generation : INT64_MAX);
    return cs_store_run(store, statement, "forgetting changes", err);
}

/* ---- reading */

clipsearch_status cs_store_each_change(cs_store *store, const cs_store_identity *collection, uint64_t generation,
                                       clipsearch_status (*each)(void *context, int64_t id, clipsearch_error *err),
                                       void *context, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = false;
    clipsearch_status status = cs_store_statement(store, CS_SQL_CHANGES_SINCE, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, (int64_t)generation);
    while (!(status = cs_store_step(store, statement, &row, "reading what has changed", err)) && row)
        if ((status = each(context, sqlite3_column_int64(statement, 0), err)))
            break;
    cs_store_done(statement);
    return status;
}

clipsearch_status cs_store_each_changed_vector(cs_store *store, const cs_store_identity *collection,
                                               uint64_t generation,
                                               clipsearch_status (*each)(void *context, int64_t id, const float *vector,
                                                                         clipsearch_error *err),
                                               void *context, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = false;
    clipsearch_status status = cs_store_statement(store, CS_SQL_CHANGES_VECTORS, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, (int64_t)generation);
    while (!(status = cs_store_step(store, statement, &row, "reading what has changed", err)) && row) {
        const int64_t id = sqlite3_column_int64(statement, 0);
        const bool there = sqlite3_column_type(statement, 1) != SQLITE_NULL;
        if (there)
            status = cs_store_read_vector(store, statement, 2, collection, id, store->vector, err);
        if (!status)
            status = each(context, id, there ? store->vector : NULL, err);
        if (status)
            break;
    }
    cs_store_done(statement);
    return status;
}

clipsearch_status cs_store_count_changes(cs_store *store, const cs_store_identity *collection, uint64_t generation,
                                         bool present, uint64_t *count, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = false;
    clipsearch_status status =
        cs_store_statement(store, present ? CS_SQL_CHANGES_PRESENT : CS_SQL_CHANGES_COUNT, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, (int64_t)generation);
    status = cs_store_step(store, statement, &row, "counting what has changed", err);
    *count = row ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    cs_store_done(statement);
    return status;
}

clipsearch_status cs_store_vectors_after(cs_store *store, const cs_store_identity *collection, int64_t after,
                                         size_t most, int64_t *ids, float *vectors, size_t *count,
                                         clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = false;
    *count = 0;
    clipsearch_status status = cs_store_statement(store, CS_SQL_VECTORS_AFTER, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, after);
    sqlite3_bind_int64(statement, 3, (int64_t)most);
    while (!(status = cs_store_step(store, statement, &row, "reading the vectors", err)) && row && *count < most) {
        ids[*count] = sqlite3_column_int64(statement, 0);
        status =
            cs_store_read_vector(store, statement, 1, collection, ids[*count], vectors + *count * collection->dim, err);
        if (status)
            break;
        ++*count;
    }
    cs_store_done(statement);
    return status;
}
