/* SPDX-License-Identifier: MIT
 * lookup.c - the table of items: reading one, and walks. */
#include "store/store_internal.h"

#include <string.h>

/* ---- a row */

static clipsearch_status fail_field(const cs_store *store, sqlite3_stmt *row, const char *field, clipsearch_error *err)
{
    return cs_store_fail_content(store, err, "item %lld: its %s cannot be", (long long)sqlite3_column_int64(row, 0),
                                 field);
}

/* An integer in [least, greatest]. */
static bool read_integer(sqlite3_stmt *row, int column, int64_t least, int64_t greatest, int64_t *out)
{
    *out = sqlite3_column_int64(row, column);
    return sqlite3_column_type(row, column) == SQLITE_INTEGER && *out >= least && *out <= greatest;
}

/* Copy a value's bytes into `buf`, as a string. *good false: another type, too long, or with a NUL inside. */
static clipsearch_status read_string(const cs_store *store, sqlite3_stmt *row, int column, int type, cs_buf *buf,
                                     bool *good, clipsearch_error *err)
{
    *good = false;
    cs_buf_clear(buf);
    if (sqlite3_column_type(row, column) != type)
        return CLIPSEARCH_OK;
    const void *bytes =
        type == SQLITE_BLOB ? sqlite3_column_blob(row, column) : (const void *)sqlite3_column_text(row, column);
    size_t size = (size_t)sqlite3_column_bytes(row, column);
    if (!bytes && sqlite3_errcode(store->db) == SQLITE_NOMEM)
        return cs_store_fail(store, SQLITE_NOMEM, "reading an item", err);
    if (!bytes || size == 0 || size > buf->max || memchr(bytes, '\0', size))
        return CLIPSEARCH_OK;
    *good = cs_buf_append(buf, bytes, size);
    return *good ? CLIPSEARCH_OK : cs_fail_memory(err, "an item");
}

clipsearch_status cs_store_is_json_object(cs_store *store, const char *text, bool *is_object, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    int code = SQLITE_OK;
    *is_object = false;
    clipsearch_status status = cs_store_statement(store, CS_SQL_JSON_TYPE, &statement, err);
    if (status)
        return status;
    cs_store_bind_text(statement, 1, text, &code);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *is_object = sqlite3_column_int(statement, 0) == 1;
    else if (code != SQLITE_ERROR) /* SQLITE_ERROR: "malformed JSON" */
        status = cs_store_fail(store, code, "reading attributes", err);
    cs_store_done(statement);
    return status;
}

/* Columns as CS_STORE_ITEM_COLUMNS. */
static clipsearch_status read_item(cs_store *store, sqlite3_stmt *row, clipsearch_item *item, clipsearch_error *err)
{
    bool good;
    int64_t size, width, height;
    cs_item_file *file = &store->item_file;
    *item = (clipsearch_item){0};
    if (!read_integer(row, 0, 1, INT64_MAX, &item->id))
        return fail_field(store, row, "id", err);
    clipsearch_status status = read_string(store, row, 1, SQLITE_BLOB, &store->item_path, &good, err);
    if (status || !good)
        return status ? status : fail_field(store, row, "path", err);
    if (!read_integer(row, 2, 0, INT64_MAX, &size))
        return fail_field(store, row, "size", err);
    if (!read_integer(row, 3, INT64_MIN, INT64_MAX, &item->mtime_ns))
        return fail_field(store, row, "time", err);
    const void *hash = sqlite3_column_type(row, 4) == SQLITE_BLOB ? sqlite3_column_blob(row, 4) : NULL;
    if (!hash || sqlite3_column_bytes(row, 4) != (int)sizeof item->hash)
        return fail_field(store, row, "hash", err);
    memcpy(item->hash, hash, sizeof item->hash);
    if (!read_integer(row, 5, 0, UINT32_MAX, &width) || !read_integer(row, 6, 0, UINT32_MAX, &height))
        return fail_field(store, row, "width or height", err);
    status = read_string(store, row, 7, SQLITE_TEXT, &store->item_attributes, &good, err);
    if (!status && good && sqlite3_column_int(row, 8) != 1)
        status = cs_store_is_json_object(store, store->item_attributes.data, &good, err);
    if (status)
        return status;
    if (!good)
        return fail_field(store, row, "attributes", err);
    if (!read_integer(row, 9, INT64_MIN, INT64_MAX, &file->ctime_ns) ||
        !read_integer(row, 10, 0, INT64_MAX, &file->gone_since))
        return fail_field(store, row, "time", err);
    item->path = store->item_path.data;
    item->size = (uint64_t)size;
    item->width = (uint32_t)width;
    item->height = (uint32_t)height;
    item->attributes = store->item_attributes.data;
    return CLIPSEARCH_OK;
}

const cs_item_file *cs_store_item_file(const cs_store *store)
{
    return &store->item_file;
}

/* ---- one item */

static clipsearch_status read_one(cs_store *store, sqlite3_stmt *statement, int code, bool *found,
                                  clipsearch_item *item, clipsearch_error *err)
{
    clipsearch_status status = code ? cs_store_fail(store, code, "looking up an item", err)
                                    : cs_store_step(store, statement, found, "looking up an item", err);
    if (!status && *found)
        status = read_item(store, statement, item, err);
    if (status)
        *found = false;
    cs_store_done(statement);
    return status;
}

clipsearch_status cs_store_get(cs_store *store, const cs_store_identity *collection, int64_t id, bool *found,
                               clipsearch_item *item, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    *found = false;
    clipsearch_status status = cs_store_statement(store, CS_SQL_ITEM_BY_ID, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, id);
    return read_one(store, statement, SQLITE_OK, found, item, err);
}

clipsearch_status cs_store_get_path(cs_store *store, const cs_store_identity *collection, const char *path, bool *found,
                                    clipsearch_item *item, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    int code = SQLITE_OK;
    *found = false;
    if (strnlen(path, CS_ITEM_PATH_MAX + 1) > CS_ITEM_PATH_MAX)
        return CLIPSEARCH_OK; /* no item has such a path */
    clipsearch_status status = cs_store_statement(store, CS_SQL_ITEM_BY_PATH, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    cs_store_bind_blob(statement, 2, path, strlen(path), &code);
    return read_one(store, statement, code, found, item, err);
}

/* ---- walks */

clipsearch_status cs_store_walk(cs_store *store, sqlite3_stmt *statement, int code,
                                bool (*each)(void *context, const clipsearch_item *item), void *context,
                                clipsearch_error *err)
{
    bool row = true;
    clipsearch_status status = code ? cs_store_fail(store, code, "reading the items", err) : CLIPSEARCH_OK;
    while (!status && row) {
        clipsearch_item item;
        status = cs_store_step(store, statement, &row, "reading the items", err);
        if (!status && row)
            status = read_item(store, statement, &item, err);
        if (!status && row)
            row = each(context, &item);
    }
    cs_store_done(statement);
    return status;
}

clipsearch_status cs_store_each_hash(cs_store *store, const cs_store_identity *collection, const uint8_t hash[32],
                                     bool (*each)(void *context, const clipsearch_item *item), void *context,
                                     clipsearch_error *err)
{
    sqlite3_stmt *statement;
    int code = SQLITE_OK;
    clipsearch_status status = cs_store_statement(store, CS_SQL_ITEMS_BY_HASH, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    cs_store_bind_blob(statement, 2, hash, 32, &code);
    return cs_store_walk(store, statement, code, each, context, err);
}

clipsearch_status cs_store_each_content(cs_store *store, const cs_store_identity *collection,
                                        clipsearch_status (*each)(void *context, const uint8_t hash[32],
                                                                  clipsearch_error *err),
                                        void *context, clipsearch_error *err)
{
    enum { HASH_BYTES = 32 };
    sqlite3_stmt *statement;
    bool row = true;
    clipsearch_status status = cs_store_statement(store, CS_SQL_ITEMS_HASHES, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    while (!(status = cs_store_step(store, statement, &row, "reading the items", err)) && row) {
        const void *hash = sqlite3_column_type(statement, 0) == SQLITE_BLOB ? sqlite3_column_blob(statement, 0) : NULL;
        if (!hash || sqlite3_column_bytes(statement, 0) != HASH_BYTES)
            status = cs_store_fail_content(store, err, "the row with key %lld: its hash cannot be",
                                           (long long)sqlite3_column_int64(statement, 1));
        else
            status = each(context, hash, err);
        if (status)
            break;
    }
    cs_store_done(statement);
    return status;
}

clipsearch_status cs_store_bind_root(cs_store *store, sqlite3_stmt *statement, const char *root, bool *none, int *code,
                                     clipsearch_error *err)
{
    size_t n = strnlen(root, CS_ITEM_PATH_MAX + 1);
    *none = n > CS_ITEM_PATH_MAX;
    if (*none)
        return CLIPSEARCH_OK;
    while (n > 0 && root[n - 1] == '/') /* "/" itself: every absolute path */
        n--;
    cs_buf *bounds = &store->bounds; /* root, root "/", root "0": '0' is the byte behind '/' */
    cs_buf_clear(bounds);
    cs_buf_append(bounds, root, n);
    cs_buf_append(bounds, root, n);
    cs_buf_putc(bounds, '/');
    cs_buf_append(bounds, root, n);
    cs_buf_putc(bounds, '/' + 1);
    if (bounds->failed)
        return cs_fail_memory(err, "a walk over the items");
    cs_store_bind_blob(statement, 2, bounds->data, n, code);
    cs_store_bind_blob(statement, 3, bounds->data + n, n + 1, code);
    cs_store_bind_blob(statement, 4, bounds->data + 2 * n + 1, n + 1, code);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_store_each_item(cs_store *store, const cs_store_identity *collection, const char *root,
                                     bool (*each)(void *context, const clipsearch_item *item), void *context,
                                     clipsearch_error *err)
{
    sqlite3_stmt *statement;
    int code = SQLITE_OK;
    bool none = false;
    clipsearch_status status = cs_store_statement(store, root ? CS_SQL_ITEMS_BELOW : CS_SQL_ITEMS_ALL, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    if (root)
        status = cs_store_bind_root(store, statement, root, &none, &code, err);
    if (!status && !none)
        return cs_store_walk(store, statement, code, each, context, err);
    cs_store_done(statement);
    return status;
}
