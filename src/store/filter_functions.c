/* SPDX-License-Identifier: MIT
 * filter_functions.c - the two SQL functions that filters need and SQLite lacks. */
#include "store/filter_sql.h"

#include <math.h>
#include <string.h>

/* clipsearch_name(path): what stands behind the last '/'. */
static void name_of(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    const char *path = sqlite3_value_blob(values[0]);
    size_t size = (size_t)sqlite3_value_bytes(values[0]), at = size;
    while (at > 0 && path[at - 1] != '/')
        at--;
    if (path)
        sqlite3_result_text64(context, path + at, size - at, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* clipsearch_remainder(a, b): what is left of a / b, with the sign of a; NULL unless both are numbers and b is not 0.
 * SQLite's % cuts fractions off first. */
static void remainder_of(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    int a = sqlite3_value_type(values[0]), b = sqlite3_value_type(values[1]);
    if (a == SQLITE_INTEGER && b == SQLITE_INTEGER) {
        sqlite3_int64 by = sqlite3_value_int64(values[1]);
        if (by == -1) /* the least integer by -1 overflows */
            sqlite3_result_int64(context, 0);
        else if (by != 0)
            sqlite3_result_int64(context, sqlite3_value_int64(values[0]) % by);
    } else if ((a == SQLITE_INTEGER || a == SQLITE_FLOAT) && (b == SQLITE_INTEGER || b == SQLITE_FLOAT)) {
        sqlite3_result_double(context, fmod(sqlite3_value_double(values[0]), sqlite3_value_double(values[1])));
    } /* SQLite makes NULL of a NaN */
}

int cs_filter_sql_add_functions(sqlite3 *db)
{
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    int code = sqlite3_create_function_v2(db, "clipsearch_name", 1, flags, NULL, name_of, NULL, NULL, NULL);
    return code == SQLITE_OK
               ? sqlite3_create_function_v2(db, "clipsearch_remainder", 2, flags, NULL, remainder_of, NULL, NULL, NULL)
               : code;
}
