/* SPDX-License-Identifier: MIT
 * source_rows.c - the table of sources, and what is known of the files of items. */
#include "store/store_internal.h"

#include <string.h>

/* ---- files of items */

clipsearch_status cs_store_set_file(cs_store *store, const cs_store_identity *collection, int64_t id,
                                    const cs_item_file *file, bool *found, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    clipsearch_status status = cs_store_need_transaction(store, err);
    if (!status)
        status = cs_store_touch(store, collection, err);
    if (!status)
        status = cs_store_statement(store, CS_SQL_ITEM_FILE, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, id);
    sqlite3_bind_int64(statement, 3, file->ctime_ns);
    sqlite3_bind_int64(statement, 4, file->gone_since);
    status = cs_store_run(store, statement, "changing an item", err);
    if (found)
        *found = !status && sqlite3_changes(store->db) > 0;
    return status;
}

clipsearch_status cs_store_mark_gone(cs_store *store, const cs_store_identity *collection, int64_t id, int64_t since,
                                     bool *marked, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    *marked = false;
    clipsearch_status status = cs_store_need_transaction(store, err);
    if (!status)
        status = cs_store_touch(store, collection, err);
    if (!status)
        status = cs_store_statement(store, CS_SQL_ITEM_GONE, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, id);
    sqlite3_bind_int64(statement, 3, since);
    status = cs_store_run(store, statement, "changing an item", err);
    *marked = !status && sqlite3_changes(store->db) > 0;
    return status;
}

clipsearch_status cs_store_each_gone(cs_store *store, const cs_store_identity *collection, bool without_vector,
                                     clipsearch_status (*each)(void *context, int64_t id, clipsearch_error *err),
                                     void *context, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = true;
    clipsearch_status status =
        cs_store_statement(store, without_vector ? CS_SQL_ITEMS_WITHOUT_VECTOR : CS_SQL_ITEMS_GONE, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    while (!status && row) {
        status = cs_store_step(store, statement, &row, "reading the items", err);
        if (!status && row)
            status = each(context, sqlite3_column_int64(statement, 0), err);
    }
    cs_store_done(statement);
    return status;
}

/* ---- paths */

/* The path of a row, as a string in store->item_path. */
static clipsearch_status read_path(cs_store *store, sqlite3_stmt *row, clipsearch_error *err)
{
    cs_buf *path = &store->item_path;
    const void *bytes = sqlite3_column_type(row, 0) == SQLITE_BLOB ? sqlite3_column_blob(row, 0) : NULL;
    const size_t size = (size_t)sqlite3_column_bytes(row, 0);
    if (!bytes && sqlite3_errcode(store->db) == SQLITE_NOMEM)
        return cs_store_fail(store, SQLITE_NOMEM, "reading the items", err);
    if (!bytes || size == 0 || size > path->max || memchr(bytes, '\0', size))
        return cs_store_fail_content(store, err, "an item has a path that cannot be");
    cs_buf_clear(path);
    return cs_buf_append(path, bytes, size) ? CLIPSEARCH_OK : cs_fail_memory(err, "an item");
}

clipsearch_status cs_store_each_path(cs_store *store, const cs_store_identity *collection, const char *root,
                                     clipsearch_status (*each)(void *context, const char *path, clipsearch_error *err),
                                     void *context, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    int code = SQLITE_OK;
    bool none = false, row = true;
    clipsearch_status status = cs_store_statement(store, root ? CS_SQL_PATHS_BELOW : CS_SQL_PATHS_ALL, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    if (root)
        status = cs_store_bind_root(store, statement, root, &none, &code, err);
    if (!status && code)
        status = cs_store_fail(store, code, "reading the items", err);
    while (!status && !none && row) {
        status = cs_store_step(store, statement, &row, "reading the items", err);
        if (!status && row)
            status = read_path(store, statement, err);
        if (!status && row)
            status = each(context, store->item_path.data, err);
    }
    cs_store_done(statement);
    return status;
}

/* ---- sources */

/* A value's bytes; NULL with *size 0 when it is empty. *good false: of another type. */
static const char *read_bytes(sqlite3_stmt *row, int column, size_t *size, bool *good)
{
    const char *bytes = sqlite3_column_blob(row, column);
    *size = (size_t)sqlite3_column_bytes(row, column);
    *good = *good && sqlite3_column_type(row, column) == SQLITE_BLOB && (bytes || !*size);
    return bytes;
}

/* What another program wrote must not be read as strings that have no end. */
static bool is_string_list(const char *bytes, size_t size)
{
    return size == 0 || bytes[size - 1] == '\0';
}

/* The record of a row; path and list are copied into the store's buffers for their NUL bytes. */
static clipsearch_status read_source(cs_store *store, sqlite3_stmt *row, cs_source_record *out, clipsearch_error *err)
{
    size_t list_size = 0;
    bool good = true;
    clipsearch_status status = read_path(store, row, err);
    if (status)
        return status;
    const char *list = read_bytes(row, 1, &list_size, &good);
    *out = (cs_source_record){.path = store->item_path.data};
    out->options = read_bytes(row, 2, &out->options_size, &good);
    out->devices = read_bytes(row, 3, &out->devices_size, &good);
    if (!good || (list_size && memchr(list, '\0', list_size)) || list_size > CS_ITEM_PATH_MAX ||
        !is_string_list(out->options, out->options_size) || !is_string_list(out->devices, out->devices_size))
        return cs_store_fail_content(store, err, "a source that is remembered cannot be read");
    cs_buf_clear(&store->item_attributes);
    if (!cs_buf_append(&store->item_attributes, list_size ? list : "", list_size))
        return cs_fail_memory(err, "a source");
    out->list = store->item_attributes.data;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_store_each_source(cs_store *store, const cs_store_identity *collection,
                                       clipsearch_status (*each)(void *context, const cs_source_record *source,
                                                                 clipsearch_error *err),
                                       void *context, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = true;
    clipsearch_status status = cs_store_statement(store, CS_SQL_SOURCES, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    while (!status && row) {
        cs_source_record source;
        status = cs_store_step(store, statement, &row, "reading the sources", err);
        if (!status && row)
            status = read_source(store, statement, &source, err);
        if (!status && row)
            status = each(context, &source, err);
    }
    cs_store_done(statement);
    return status;
}

/* Run a statement whose parameters are collection, list, and with `source` path, options and devices. */
static clipsearch_status run_source(cs_store *store, const cs_store_identity *collection, cs_sql which,
                                    const char *list, const cs_source_record *source, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    int code = SQLITE_OK;
    clipsearch_status status = cs_store_statement(store, which, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    cs_store_bind_blob(statement, 2, list, strlen(list), &code);
    if (source) {
        cs_store_bind_blob(statement, 3, source->path, strlen(source->path), &code);
        cs_store_bind_blob(statement, 4, source->options_size ? source->options : "", source->options_size, &code);
        cs_store_bind_blob(statement, 5, source->devices_size ? source->devices : "", source->devices_size, &code);
    }
    return cs_store_run_bound(store, statement, code, "remembering a source", err);
}

clipsearch_status cs_store_put_sources(cs_store *store, const cs_store_identity *collection, const char *list,
                                       const cs_source_record *sources, size_t count, clipsearch_error *err)
{
    clipsearch_status status = cs_store_need_transaction(store, err);
    if (!status && *list)
        status = run_source(store, collection, CS_SQL_SOURCES_DELETE, list, NULL, err);
    for (size_t i = 0; i < count && !status; i++) {
        bool replaced = false;
        if (!sources[i].path[0] || strnlen(sources[i].path, CS_ITEM_PATH_MAX + 1) > CS_ITEM_PATH_MAX)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a source's path must have 1 to %d bytes", CS_ITEM_PATH_MAX);
        if (!*list) {
            status = run_source(store, collection, CS_SQL_SOURCE_REPLACE, list, &sources[i], err);
            replaced = !status && sqlite3_changes(store->db) > 0;
        }
        if (!status && !replaced)
            status = run_source(store, collection, CS_SQL_SOURCE_INSERT, list, &sources[i], err);
    }
    return status;
}

clipsearch_status cs_store_forget_sources(cs_store *store, const cs_store_identity *collection, const char *name,
                                          uint64_t *forgotten, clipsearch_error *err)
{
    clipsearch_status status = cs_store_need_transaction(store, err);
    *forgotten = 0;
    if (!status)
        status = run_source(store, collection, CS_SQL_SOURCES_FORGET, name, NULL, err);
    if (!status)
        *forgotten = (uint64_t)sqlite3_changes64(store->db);
    return status;
}
