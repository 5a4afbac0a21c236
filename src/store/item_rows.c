/* SPDX-License-Identifier: MIT
 * item_rows.c - the table of items: changes. */
#include "store/store_internal.h"

#include <stdio.h>
#include <string.h>

enum { PATH_OF_ID = 24 }; /* bytes of '#' and an id */

/* ---- checking what comes in */

static clipsearch_status check_item(const cs_store *store, const cs_store_identity *collection,
                                    const clipsearch_item *item, clipsearch_error *err)
{
    clipsearch_status status = cs_store_need_transaction(store, err);
    if (status)
        return status;
    if (!item->path || item->path[0] == '\0' || strnlen(item->path, CS_ITEM_PATH_MAX + 1) > CS_ITEM_PATH_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "an item for %s: its path must have 1 to %d bytes", collection->name,
                       CS_ITEM_PATH_MAX);
    if (item->size > INT64_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: a size of %llu bytes cannot be", item->path,
                       (unsigned long long)item->size);
    if (!item->attributes || strnlen(item->attributes, CS_ITEM_ATTRIBUTES_MAX + 1) > CS_ITEM_ATTRIBUTES_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: its attributes must be a JSON object of at most %d bytes",
                       item->path, CS_ITEM_ATTRIBUTES_MAX);
    return CLIPSEARCH_OK;
}

/* ---- small steps of a change, each inside its savepoint */

/* The key and id of the row that `which` finds for bound values; *key 0: none. */
static clipsearch_status find_key(cs_store *store, const cs_store_identity *collection, const char *path, int64_t id,
                                  int64_t *key, int64_t *found_id, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = false;
    int code = SQLITE_OK;
    *key = 0;
    clipsearch_status status =
        cs_store_statement(store, path ? CS_SQL_ITEM_KEY_BY_PATH : CS_SQL_ITEM_KEY_BY_ID, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    if (path)
        cs_store_bind_blob(statement, 2, path, strlen(path), &code);
    else
        sqlite3_bind_int64(statement, 2, id);
    status = code ? cs_store_fail(store, code, "looking up an item", err)
                  : cs_store_step(store, statement, &row, "looking up an item", err);
    if (!status && row) {
        *key = sqlite3_column_int64(statement, 0);
        *found_id = sqlite3_column_int64(statement, 1);
    }
    cs_store_done(statement);
    return status;
}

static clipsearch_status next_id(cs_store *store, const cs_store_identity *collection, int64_t *id,
                                 clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = false;
    clipsearch_status status = cs_store_statement(store, CS_SQL_NEXT_ID, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    status = cs_store_step(store, statement, &row, "looking for a free id", err);
    if (!status) {
        *id = row ? sqlite3_column_int64(statement, 0) : 0;
        /* INT64_MAX + 1 comes as a float; INT64_MAX itself is never given, so that next_id can stand behind it */
        if (!row || sqlite3_column_type(statement, 0) != SQLITE_INTEGER || *id < 1 || *id == INT64_MAX)
            status = cs_fail(err, CLIPSEARCH_E_DATABASE,
                             "%s: no id is left behind the greatest in collection %s; give ids below it, or drop the"
                             " collection and ingest again",
                             store->path, collection->name);
    }
    cs_store_done(statement);
    return status;
}

static clipsearch_status raise_next_id(cs_store *store, const cs_store_identity *collection, int64_t above,
                                       clipsearch_error *err)
{
    sqlite3_stmt *statement;
    clipsearch_status status = cs_store_statement(store, CS_SQL_RAISE_NEXT_ID, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, above + 1);
    return cs_store_run(store, statement, "taking an id", err);
}

static clipsearch_status fail_attributes(cs_store *store, const clipsearch_item *item, clipsearch_error *err)
{
    bool is_object;
    clipsearch_status status = cs_store_is_json_object(store, item->attributes, &is_object, err);
    if (status)
        return status;
    if (is_object)
        return cs_store_fail(store, SQLITE_NOMEM, "storing an item", err);
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: its attributes are not a JSON object: %.200s", item->path,
                   item->attributes);
}

/* Write the row: insert with `id` when *key is 0 (*key receives the new one), else replace the row *key. */
static clipsearch_status write_row(cs_store *store, const cs_store_identity *collection, const clipsearch_item *item,
                                   int64_t id, int64_t *key, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    clipsearch_status status =
        cs_store_statement(store, *key ? CS_SQL_ITEM_REPLACE : CS_SQL_ITEM_INSERT, &statement, err);
    if (status)
        return status;
    int code = SQLITE_OK;
    cs_store_bind_blob(statement, 1, item->path, strlen(item->path), &code);
    sqlite3_bind_int64(statement, 2, (int64_t)item->size);
    sqlite3_bind_int64(statement, 3, item->mtime_ns);
    cs_store_bind_blob(statement, 4, item->hash, sizeof item->hash, &code);
    sqlite3_bind_int64(statement, 5, item->width);
    sqlite3_bind_int64(statement, 6, item->height);
    cs_store_bind_text(statement, 7, item->attributes, &code);
    sqlite3_bind_int64(statement, 8, *key ? *key : collection->key);
    if (!*key)
        sqlite3_bind_int64(statement, 9, id);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_CONSTRAINT_CHECK) /* the one check that check_item leaves to SQLite's JSON parser */
        status = fail_attributes(store, item, err);
    else if (code == SQLITE_CONSTRAINT_UNIQUE)
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: another item of collection %s has this path", item->path,
                         collection->name);
    else if (code != SQLITE_DONE)
        status = cs_store_fail(store, code, "storing an item", err);
    else if (!*key)
        *key = sqlite3_last_insert_rowid(store->db);
    cs_store_done(statement);
    return status;
}

/* ---- a change is whole or not at all */

static clipsearch_status run_plain(cs_store *store, cs_sql which, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    clipsearch_status status = cs_store_statement(store, which, &statement, err);
    return status ? status : cs_store_run(store, statement, "changing an item", err);
}

/* Inside a transaction. *touched is for end_change. */
static clipsearch_status begin_change(cs_store *store, int64_t *touched, clipsearch_error *err)
{
    *touched = store->touched;
    clipsearch_status status = cs_store_need_transaction(store, err);
    return status ? status : run_plain(store, CS_SQL_SAVEPOINT, err);
}

/* `touched` is what store->touched was before the change. */
static clipsearch_status end_change(cs_store *store, clipsearch_status status, int64_t touched, clipsearch_error *err)
{
    if (!status)
        status = run_plain(store, CS_SQL_RELEASE, err);
    if (status) {
        store->touched = touched;
        /* If even this fails, half a change must not be committed: the whole transaction goes. */
        if (!sqlite3_get_autocommit(store->db) &&
            (run_plain(store, CS_SQL_BACK_TO, NULL) || run_plain(store, CS_SQL_RELEASE, NULL)))
            cs_store_rollback(store);
    }
    return status;
}

static clipsearch_status put(cs_store *store, const cs_store_identity *collection, const clipsearch_item *item,
                             const float *vector, int64_t *id, clipsearch_error *err)
{
    int64_t key = 0;
    clipsearch_status status = cs_store_touch(store, collection, err);
    if (!status)
        status = find_key(store, collection, item->path, 0, &key, id, err);
    if (!status && !key && item->id)
        status = find_key(store, collection, NULL, item->id, &key, id, err);
    if (!status && !key) {
        *id = item->id;
        if (!*id)
            status = next_id(store, collection, id, err);
        if (!status)
            status = raise_next_id(store, collection, *id, err);
    }
    if (!status)
        status = write_row(store, collection, item, *id, &key, err);
    if (!status)
        status = cs_store_vector_put(store, key, vector, collection->dim, err);
    return status ? status : cs_store_log(store, collection, *id, err);
}

/* Name an item without a path after its id, which is chosen now if it has none: one whose name no other item has, which
 * the new one would replace. */
static clipsearch_status name_item(cs_store *store, const cs_store_identity *collection, clipsearch_item *item,
                                   char path[PATH_OF_ID], clipsearch_error *err)
{
    int64_t key = 0, owner, id = item->id;
    clipsearch_status status = id ? CLIPSEARCH_OK : next_id(store, collection, &id, err);
    do {
        id += key != 0;
        snprintf(path, PATH_OF_ID, "#%lld", (long long)id);
        if (!status && !item->id)
            status = find_key(store, collection, path, 0, &key, &owner, err);
    } while (!status && key && id < INT64_MAX);
    item->id = id;
    item->path = path;
    return status;
}

clipsearch_status cs_store_put(cs_store *store, const cs_store_identity *collection, const clipsearch_item *given,
                               const float *vector, int64_t *id, clipsearch_error *err)
{
    int64_t unwanted;
    char path[PATH_OF_ID];
    clipsearch_item named = *given;
    const clipsearch_item *item = &named;
    clipsearch_status status = given->path ? CLIPSEARCH_OK : name_item(store, collection, &named, path, err);
    if (!status)
        status = check_item(store, collection, item, err);
    if (status)
        return status;
    if (item->id < 0 || item->id == INT64_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "%s: %lld cannot be an id: give 1 or more, or 0 for the next free one", item->path,
                       (long long)item->id);
    if (!cs_store_vector_is_finite(vector, collection->dim))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: its vector holds a NaN or an infinity", item->path);
    int64_t touched;
    status = begin_change(store, &touched, err);
    if (status)
        return status;
    status = put(store, collection, item, vector, id ? id : &unwanted, err);
    return end_change(store, status, touched, err);
}

clipsearch_status cs_store_update(cs_store *store, const cs_store_identity *collection, int64_t id,
                                  const clipsearch_item *item, clipsearch_error *err)
{
    int64_t key = 0, same;
    clipsearch_status status = check_item(store, collection, item, err);
    if (!status)
        status = find_key(store, collection, NULL, id, &key, &same, err);
    if (!status && !key)
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: no item %lld in collection %s", store->path, (long long)id,
                       collection->name);
    int64_t touched;
    if (!status)
        status = begin_change(store, &touched, err);
    if (status)
        return status;
    status = cs_store_touch(store, collection, err);
    if (!status)
        status = write_row(store, collection, item, id, &key, err);
    return end_change(store, status, touched, err);
}

clipsearch_status cs_store_remove(cs_store *store, const cs_store_identity *collection, int64_t id, bool *removed,
                                  clipsearch_error *err)
{
    sqlite3_stmt *statement;
    if (removed)
        *removed = false;
    int64_t touched;
    clipsearch_status status = begin_change(store, &touched, err);
    if (status)
        return status;
    bool gone = false;
    status = cs_store_statement(store, CS_SQL_ITEM_DELETE, &statement, err);
    if (!status) {
        sqlite3_bind_int64(statement, 1, collection->key);
        sqlite3_bind_int64(statement, 2, id);
        status = cs_store_run(store, statement, "removing an item", err);
        gone = !status && sqlite3_changes(store->db) > 0;
    }
    if (gone)
        status = cs_store_touch(store, collection, err);
    if (gone && !status)
        status = cs_store_log(store, collection, id, err);
    status = end_change(store, status, touched, err);
    if (removed)
        *removed = gone && !status;
    return status;
}

/* The merge itself. *merged: there is such an item. */
static clipsearch_status merge(cs_store *store, const cs_store_identity *collection, int64_t id, const char *attributes,
                               bool *merged, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    int code = SQLITE_OK;
    clipsearch_status status = cs_store_statement(store, CS_SQL_ITEM_MERGE, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, id);
    cs_store_bind_text(statement, 3, attributes, &code);
    status = code ? cs_store_fail(store, code, "changing attributes", err)
                  : cs_store_step(store, statement, merged, "changing attributes", err);
    if (!status && *merged && sqlite3_column_int64(statement, 0) > CS_ITEM_ATTRIBUTES_MAX)
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "item %lld: its attributes would have more than %d bytes",
                         (long long)id, CS_ITEM_ATTRIBUTES_MAX);
    cs_store_done(statement);
    return status;
}

clipsearch_status cs_store_merge_attributes(cs_store *store, const cs_store_identity *collection, int64_t id,
                                            const char *attributes, clipsearch_error *err)
{
    bool is_object, merged = false;
    clipsearch_status status = cs_store_is_json_object(store, attributes, &is_object, err);
    if (!status && !is_object)
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "item %lld: its attributes are not a JSON object: %.200s",
                         (long long)id, attributes);
    if (status)
        return status;
    int64_t touched;
    status = begin_change(store, &touched, err);
    if (status)
        return status;
    status = merge(store, collection, id, attributes, &merged, err);
    if (merged && !status)
        status = cs_store_touch(store, collection, err);
    return end_change(store, status, touched, err);
}

clipsearch_status cs_store_remove_where(cs_store *store, const cs_store_identity *collection,
                                        const cs_filter_tree *filter, uint64_t *removed, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    uint64_t gone = 0;
    if (removed)
        *removed = 0;
    int64_t touched;
    clipsearch_status status = begin_change(store, &touched, err);
    if (status)
        return status;
    /* touched first, to know the generation; taken back when nothing goes */
    status = cs_store_touch(store, collection, err);
    if (!status)
        status = cs_store_log_where(store, collection, filter, err);
    if (status)
        return end_change(store, status, touched, err);
    status = cs_store_prepare_where(store, collection, "DELETE FROM items", filter, "", &statement, err);
    if (!status)
        status = cs_store_run(store, statement, "removing items", err);
    if (!status)
        gone = (uint64_t)sqlite3_changes64(store->db);
    sqlite3_finalize(statement);
    if (!status && !gone) {
        store->touched = touched;
        status = run_plain(store, CS_SQL_BACK_TO, err);
    }
    status = end_change(store, status, touched, err);
    if (removed && !status)
        *removed = gone;
    return status;
}
