/* SPDX-License-Identifier: MIT
 * fuzz_filter.c - any text as a filter. What compiles must be valid SQL for SQLite, and each row must match either the
 * filter or its negation. */
#include "store/filter_sql.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS = 5 };

static sqlite3 *open_rows(void)
{
    sqlite3 *db;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK || cs_filter_sql_add_functions(db) != SQLITE_OK ||
        sqlite3_exec(db,
                     "CREATE TABLE items(id INTEGER, path BLOB, size INTEGER, mtime_ns INTEGER, width INTEGER,"
                     " height INTEGER, attributes TEXT);"
                     "INSERT INTO items VALUES"
                     " (1, x'2f612f622e6a7067', 1, 1704067200000000000, 1, 2, '{\"price\": 10, \"label\": \"dog\"}'),"
                     " (2, x'2f61', 0, 0, 0, 0, '{}'),"
                     " (3, x'ff2fff', 9, -1, 3, 3, '{\"price\": \"10\", \"a\": {\"b\": [1, true, null]}}'),"
                     " (4, x'2f', 2, 1, 4, 4, '{\"a\": 1e308, \"price\": -9223372036854775808}'),"
                     " (5, x'2f', 2, 1, 4, 4, '{\"a\": false, \"label\": null}')",
                     NULL, NULL, NULL) != SQLITE_OK)
        abort();
    return db;
}

/* How many rows match the filter; -1 if it is invalid or too complex. */
static int count_rows(sqlite3 *db, const char *text)
{
    cs_filter_tree *filter;
    cs_filter_sql condition;
    cs_buf sql = cs_buf_make(128 << 20);
    sqlite3_stmt *statement = NULL;
    size_t column;
    clipsearch_error err;
    int count = -1;
    clipsearch_status status = cs_filter_parse(text, &filter, &column, &err);
    if (status != CLIPSEARCH_OK) {
        if (filter || !err.message[0] || column > strlen(text) + 1 || (status == CLIPSEARCH_E_ARGUMENT && column == 0))
            abort();
        return -1;
    }
    if (cs_filter_print_sql(filter, &condition, &err) != CLIPSEARCH_OK)
        abort();
    cs_buf_printf(&sql, "SELECT count(*) FROM items WHERE ?1 AND (%s)", condition.sql.data);
    if (sqlite3_prepare_v2(db, sql.data, -1, &statement, NULL) == SQLITE_OK) {
        sqlite3_bind_int(statement, 1, 1);
        if (cs_filter_sql_bind(&condition, statement) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
            abort();
        count = sqlite3_column_int(statement, 0);
    } else if (!strstr(sqlite3_errmsg(db), "stack overflow") && !strstr(sqlite3_errmsg(db), "too large")) {
        abort();
    }
    sqlite3_finalize(statement);
    cs_buf_free(&sql);
    cs_filter_sql_free(&condition);
    cs_filter_free(&filter);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static sqlite3 *db;
    if (!db)
        db = open_rows();
    char *text = calloc(size + 1, 1), *negated = calloc(size + 16, 1);
    if (!text || !negated)
        abort();
    if (size)
        memcpy(text, data, size);
    int rows = count_rows(db, text);
    strcat(strcat(strcpy(negated, "not ("), text), ")");
    int others = rows < 0 ? -1 : count_rows(db, negated);
    if (rows >= 0 && others >= 0 && rows + others != ROWS)
        abort();
    free(text);
    free(negated);
    return 0;
}
