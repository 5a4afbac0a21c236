/* SPDX-License-Identifier: MIT
 * filter_sql.h - a filter printed as SQL: a condition over the table of items, and the values of its parameters. */
#ifndef CS_STORE_FILTER_SQL_H
#define CS_STORE_FILTER_SQL_H

#include "filter/tree.h"

#include <sqlite3.h>

/* The first parameter of a condition; those before are the statement's own. */
enum { CS_FILTER_FIRST_PARAMETER = 5 };

typedef struct cs_filter_value {
    enum { CS_VALUE_INTEGER, CS_VALUE_REAL, CS_VALUE_TEXT } kind;
    int64_t integer;
    double real;
    size_t text, text_size; /* in cs_filter_sql.texts */
} cs_filter_value;

typedef struct cs_filter_sql {
    cs_buf sql; /* the condition; each of the user's values and names is a parameter */
    cs_buf texts;
    cs_filter_value *values; /* [count]: value i is parameter CS_FILTER_FIRST_PARAMETER + i */
    size_t count, capacity;
} cs_filter_sql;

/* Print the tree. Free `filter` in any case. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_filter_print_sql(const cs_filter_tree *tree, cs_filter_sql *filter, clipsearch_error *err);
void cs_filter_sql_free(cs_filter_sql *filter);

/* Bind the values, which the statement copies. Returns SQLite's code. */
int cs_filter_sql_bind(const cs_filter_sql *filter, sqlite3_stmt *statement);

/* Add the functions that conditions use to a connection. Returns SQLite's code. */
int cs_filter_sql_add_functions(sqlite3 *db);

#endif
