/* SPDX-License-Identifier: MIT
 * remodel.c - the tables of a collection that is being encoded anew with another model. */
#include "store/store_internal.h"

#include <string.h>

/* ---- which model */

static clipsearch_status read_remodel(const cs_store *store, sqlite3_stmt *row, const cs_store_identity *collection,
                                      cs_store_identity *to, clipsearch_error *err)
{
    *to = *collection;
    if (cs_store_read_model(row, 0, to) && cs_store_read_precisions(row, 6, &to->precisions))
        return CLIPSEARCH_OK;
    return cs_store_fail_content(store, err, "the model that collection %s is encoded anew with cannot be read",
                                 collection->name);
}

clipsearch_status cs_store_find_remodel(cs_store *store, const cs_store_identity *collection, bool *found,
                                        cs_store_identity *to, uint64_t *done, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = false;
    *found = false;
    *done = 0;
    clipsearch_status status = cs_store_statement(store, CS_SQL_REMODEL_FIND, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    status = cs_store_step(store, statement, found, "looking for new vectors", err);
    if (!status && *found)
        status = read_remodel(store, statement, collection, to, err);
    cs_store_done(statement);
    if (status || !*found)
        return status;
    status = cs_store_statement(store, CS_SQL_REMODEL_COUNT, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    status = cs_store_step(store, statement, &row, "counting new vectors", err);
    *done = row ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    cs_store_done(statement);
    return status;
}

/* Run a statement whose one parameter is the collection. */
static clipsearch_status run_for(cs_store *store, cs_sql which, const cs_store_identity *collection, const char *doing,
                                 clipsearch_error *err)
{
    sqlite3_stmt *statement;
    clipsearch_status status = cs_store_statement(store, which, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    return cs_store_run(store, statement, doing, err);
}

clipsearch_status cs_store_forget_remodel(cs_store *store, const cs_store_identity *collection, clipsearch_error *err)
{
    clipsearch_status status = cs_store_need_transaction(store, err);
    if (!status)
        status = run_for(store, CS_SQL_NEW_VECTORS_DELETE, collection, "removing new vectors", err);
    return status ? status : run_for(store, CS_SQL_REMODEL_DELETE, collection, "removing new vectors", err);
}

static bool is_same_model(const cs_store_identity *a, const cs_store_identity *b)
{
    return strcmp(a->fingerprint, b->fingerprint) == 0 && strcmp(a->preprocessing, b->preprocessing) == 0 &&
           a->dim == b->dim && a->metric == b->metric && a->precisions == b->precisions;
}

clipsearch_status cs_store_begin_remodel(cs_store *store, const cs_store_identity *to, bool *resumed,
                                         clipsearch_error *err)
{
    sqlite3_stmt *statement;
    cs_store_identity before;
    uint64_t done;
    bool found;
    *resumed = false;
    clipsearch_status status = cs_store_need_transaction(store, err);
    if (!status)
        status = cs_store_find_remodel(store, to, &found, &before, &done, err);
    if (status)
        return status;
    *resumed = found && is_same_model(&before, to);
    if (!*resumed)
        status = cs_store_forget_remodel(store, to, err);
    if (!status)
        status = cs_store_statement(store, CS_SQL_REMODEL_PUT, &statement, err);
    if (status)
        return status;
    int code = SQLITE_OK;
    sqlite3_bind_int64(statement, 1, to->key);
    cs_store_bind_model(statement, 2, to, &code);
    sqlite3_bind_int64(statement, 8, to->precisions);
    return cs_store_run_bound(store, statement, code, "beginning with new vectors", err);
}

/* ---- the new vectors */

clipsearch_status cs_store_each_to_remodel(cs_store *store, const cs_store_identity *collection, int64_t after,
                                           uint64_t limit, bool (*each)(void *context, const clipsearch_item *item),
                                           void *context, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    clipsearch_status status = cs_store_statement(store, CS_SQL_REMODEL_ITEMS, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, after);
    sqlite3_bind_int64(statement, 3, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    return cs_store_walk(store, statement, SQLITE_OK, each, context, err);
}

clipsearch_status cs_store_put_new_vector(cs_store *store, const cs_store_identity *to, int64_t id,
                                          const uint8_t hash[32], const float *vector, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    int code = SQLITE_OK;
    clipsearch_status status = cs_store_need_transaction(store, err);
    if (status)
        return status;
    if (!cs_store_vector_is_finite(vector, to->dim))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "item %lld: its vector holds a NaN or an infinity", (long long)id);
    status = cs_store_statement(store, CS_SQL_NEW_VECTOR_PUT, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, to->key);
    sqlite3_bind_int64(statement, 2, id);
    cs_store_bind_blob(statement, 3, hash, 32, &code);
    cs_store_bind_blob(statement, 4, vector, to->dim * sizeof *vector, &code);
    return cs_store_run_bound(store, statement, code, "storing a new vector", err);
}

clipsearch_status cs_store_put_no_vector(cs_store *store, const cs_store_identity *to, int64_t id, int64_t gone_since,
                                         const float *far, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = false;
    uint8_t hash[32];
    clipsearch_status status = cs_store_need_transaction(store, err);
    if (!status)
        status = cs_store_statement(store, CS_SQL_ITEM_WITHOUT_VECTOR, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, to->key);
    sqlite3_bind_int64(statement, 2, id);
    sqlite3_bind_int64(statement, 3, gone_since);
    status = cs_store_step(store, statement, &row, "changing an item", err);
    const void *bytes = !status && row ? sqlite3_column_blob(statement, 0) : NULL;
    const bool whole = bytes && sqlite3_column_bytes(statement, 0) == (int)sizeof hash;
    if (whole)
        memcpy(hash, bytes, sizeof hash);
    if (!status && row && !whole)
        status = cs_store_fail(store, SQLITE_NOMEM, "changing an item", err);
    if (!status && row) /* to its end */
        status = cs_store_step(store, statement, &row, "changing an item", err);
    cs_store_done(statement);
    return !status && whole ? cs_store_put_new_vector(store, to, id, hash, far, err) : status;
}

/* ---- the switch */

clipsearch_status cs_store_finish_remodel(cs_store *store, const cs_store_identity *to, clipsearch_error *err)
{
    static const struct {
        cs_sql which;
        const char *doing;
    } steps[] = {{CS_SQL_NEW_VECTORS_MOVE, "moving new vectors to their place"},
                 {CS_SQL_NEW_VECTORS_DELETE, "moving new vectors to their place"},
                 {CS_SQL_CHANGES_DELETE, "forgetting changes"},
                 {CS_SQL_REMODEL_DELETE, "ending with new vectors"}};
    sqlite3_stmt *statement;
    int code = SQLITE_OK;
    clipsearch_status status = cs_store_need_transaction(store, err);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !status; i++)
        status = run_for(store, steps[i].which, to, steps[i].doing, err);
    if (!status)
        status = cs_store_statement(store, CS_SQL_REMODEL_SWITCH, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, to->key);
    cs_store_bind_model(statement, 2, to, &code);
    sqlite3_bind_int64(statement, 8, to->precisions);
    return cs_store_run_bound(store, statement, code, "changing a collection's model", err);
}
