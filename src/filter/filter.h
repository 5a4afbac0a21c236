/* SPDX-License-Identifier: MIT
 * filter.h - the filter language (docs/filter.md): text to a tree that every backend prints in its own language. */
#ifndef CS_FILTER_FILTER_H
#define CS_FILTER_FILTER_H

#include "base/error.h"

/* Limits on any filter. They keep what is printed from it within the limits of SQLite (variables, depth of an
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

/* A parsed filter. It depends on no database, never changes, and may be shared by threads. Its nodes are in tree.h, for
 * those that print it. */
typedef struct cs_filter_tree cs_filter_tree;

/* Parse `text` (NUL-terminated). Free the tree with cs_filter_free.
 * Errors: CLIPSEARCH_E_ARGUMENT with the column (in characters, from 1) and what was expected there, _LIMIT, _MEMORY.
 * *column (may be NULL) receives the column of the error, 0 when it has none. */
clipsearch_status cs_filter_parse(const char *text, cs_filter_tree **tree, size_t *column, clipsearch_error *err);
/* The attributes that a filter uses: `each` gets the first key of each use, until it returns false. */
void cs_filter_each_attribute(const cs_filter_tree *tree, bool (*each)(void *context, const char *name), void *context);
void cs_filter_free(cs_filter_tree **tree);

#endif
