/* SPDX-License-Identifier: MIT
 * filter.h - the filter language (docs/filter.md): text to an SQL condition over the table of items. */
#ifndef CS_FILTER_FILTER_H
#define CS_FILTER_FILTER_H

#include "base/error.h"

/* Limits on any filter, whoever asks. They keep what is made of it within SQLite's own limits (variables, depth of an
 * expression). */
enum {
    CS_FILTER_MAX_BYTES = 64 << 10,
    CS_FILTER_MAX_DEPTH = 64,      /* parentheses within parentheses; and within or within and */
    CS_FILTER_MAX_FIELDS = 1000,   /* uses of fields and attributes */
    CS_FILTER_MAX_VALUES = 10000,  /* numbers, strings, true and false, those of lists too */
    CS_FILTER_MAX_KEYS = 16,       /* steps of one attribute: a.b.c has 3 */
    CS_FILTER_MAX_PATTERN = 10000, /* bytes of a pattern of like */
    CS_FILTER_MAX_ARITHMETIC = 16  /* operators within operators */
};

typedef struct cs_filter cs_filter;

/* Read `text` (NUL-terminated) and compile it. The filter depends on no database and may be shared by threads.
 * Errors: CLIPSEARCH_E_ARGUMENT with the column (in characters, from 1) and what was expected there, _LIMIT, _MEMORY.
 * *column (may be NULL) receives the column, 0 when the fault has none. */
clipsearch_status cs_filter_compile(const char *text, cs_filter **filter, size_t *column, clipsearch_error *err);
void cs_filter_close(cs_filter **filter);

/* The condition over the columns of items, each of the user's values a parameter. */
const char *cs_filter_sql(const cs_filter *filter);

#endif
