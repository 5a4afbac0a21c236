/* SPDX-License-Identifier: MIT
 * select.c - the items that a filter lets through. Statements are made anew each time: no two filters are alike. */
#include "store/filter_sql.h"
#include "store/store_internal.h"

#include <string.h>

/* SQLite can find a condition too much for it that is within our limits. */
static clipsearch_status fail_prepare(const cs_store *store, int code, clipsearch_error *err)
{
    static const char *const too_much[] = {"stack overflow", "too large", "too many"};
    const char *words = sqlite3_errmsg(store->db);
    for (size_t i = 0; i < sizeof too_much / sizeof *too_much; i++)
        if (strstr(words, too_much[i]))
            return cs_fail(err, CLIPSEARCH_E_LIMIT, "the filter is too complex for SQLite (%s); ask for less at once",
                           words);
    return cs_store_fail(store, code, "reading by a filter", err);
}

clipsearch_status cs_store_prepare_where(cs_store *store, const cs_store_identity *collection, const char *before,
                                         const cs_filter_tree *filter, const char *behind, sqlite3_stmt **statement,
                                         clipsearch_error *err)
{
    int code = SQLITE_OK;
    cs_filter_sql condition = {0};
    clipsearch_status status = filter ? cs_filter_print_sql(filter, &condition, err) : CLIPSEARCH_OK;
    *statement = NULL;
    cs_buf sql = cs_buf_make(SIZE_MAX / 2);
    cs_buf_printf(&sql, "%s WHERE collection = ?1 AND (", before);
    cs_buf_puts(&sql, filter && !status ? condition.sql.data : "1");
    cs_buf_printf(&sql, ") %s", behind);
    if (!status && sql.failed)
        status = cs_fail_memory(err, "a filter");
    if (!status && (code = sqlite3_prepare_v2(store->db, sql.data, -1, statement, NULL)) != SQLITE_OK)
        status = fail_prepare(store, code, err);
    if (!status) {
        sqlite3_bind_int64(*statement, 1, collection->key);
        if (filter && (code = cs_filter_sql_bind(&condition, *statement)) != SQLITE_OK)
            status = cs_store_fail(store, code, "reading by a filter", err);
    }
    cs_filter_sql_free(&condition);
    cs_buf_free(&sql);
    return status;
}

static int64_t at_most(uint64_t count)
{
    return count > INT64_MAX ? INT64_MAX : (int64_t)count;
}

clipsearch_status cs_store_each_where(cs_store *store, const cs_store_identity *collection,
                                      const cs_filter_tree *filter, bool with_gone, bool falling, int64_t after,
                                      uint64_t offset, uint64_t limit,
                                      bool (*each)(void *context, const clipsearch_item *item), void *context,
                                      clipsearch_error *err)
{
    static const char *const endings[2][2] = {
        {"AND gone_since = 0 AND id > ?4 ORDER BY id LIMIT ?2 OFFSET ?3",
         "AND gone_since = 0 AND id < ?4 ORDER BY id DESC LIMIT ?2 OFFSET ?3"},
        {"AND id > ?4 ORDER BY id LIMIT ?2 OFFSET ?3", "AND id < ?4 ORDER BY id DESC LIMIT ?2 OFFSET ?3"}};
    sqlite3_stmt *statement;
    clipsearch_status status = cs_store_prepare_where(store, collection, "SELECT " CS_STORE_ITEM_COLUMNS " FROM items",
                                                      filter, endings[with_gone][falling], &statement, err);
    if (!status) {
        sqlite3_bind_int64(statement, 2, at_most(limit));
        sqlite3_bind_int64(statement, 3, at_most(offset));
        sqlite3_bind_int64(statement, 4, falling && !after ? INT64_MAX : after);
        status = cs_store_walk(store, statement, SQLITE_OK, each, context, err);
    }
    sqlite3_finalize(statement);
    return status;
}

clipsearch_status cs_store_each_id(cs_store *store, const cs_store_identity *collection, const cs_filter_tree *filter,
                                   bool with_gone,
                                   clipsearch_status (*each)(void *context, int64_t id, clipsearch_error *err),
                                   void *context, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = true;
    clipsearch_status status = cs_store_prepare_where(
        store, collection, "SELECT id FROM items", filter,
        with_gone ? "AND " CS_STORE_HAS_VECTOR " ORDER BY id" : "AND gone_since = 0 ORDER BY id", &statement, err);
    while (!status && row) {
        status = cs_store_step(store, statement, &row, "reading by a filter", err);
        if (!status && row)
            status = each(context, sqlite3_column_int64(statement, 0), err);
    }
    sqlite3_finalize(statement);
    return status;
}
