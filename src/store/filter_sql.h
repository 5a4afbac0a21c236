/* SPDX-License-Identifier: MIT
 * filter_sql.h - a compiled filter's inside: the condition and the values of its parameters. */
#ifndef CS_STORE_FILTER_SQL_H
#define CS_STORE_FILTER_SQL_H

#include "filter/tree.h"

#include <sqlite3.h>

/* The first parameter of a condition; those before are the statement's own. */
enum { CS_FILTER_FIRST_PARAMETER = 4 };

typedef struct cs_filter_value {
    enum { CS_VALUE_INTEGER, CS_VALUE_REAL, CS_VALUE_TEXT } kind;
    int64_t integer;
    double real;
    size_t text, text_size; /* in cs_filter.texts */
} cs_filter_value;

struct cs_filter {
    cs_buf sql;
    cs_buf texts;
    cs_filter_value *values; /* [count]: value i is parameter CS_FILTER_FIRST_PARAMETER + i */
    size_t count, capacity;
};

/* Write the tree's condition and values into the empty `filter`. */
clipsearch_status cs_filter_write(const cs_filter_tree *tree, cs_filter *filter, clipsearch_error *err);

/* Bind the values, which must live until the statement is done. Returns SQLite's code. */
int cs_filter_bind(const cs_filter *filter, sqlite3_stmt *statement);

/* The functions that conditions use, for a connection. Returns SQLite's code. */
int cs_filter_add_functions(sqlite3 *db);

#endif
