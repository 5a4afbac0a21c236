/* SPDX-License-Identifier: MIT
 * tree.h - the nodes of a parsed filter, for the printers that turn it into the language of a database. */
#ifndef CS_FILTER_TREE_H
#define CS_FILTER_TREE_H

#include "base/buf.h"
#include "filter/filter.h"

#include <stdint.h>

/* What is known of a node's value before any row is seen. CS_TYPE_ANY: an attribute, which each row may give another
 * type or none. */
typedef enum cs_filter_type {
    CS_TYPE_NUMBER,
    CS_TYPE_TEXT,
    CS_TYPE_BOOLEAN,
    CS_TYPE_ANY,
    CS_TYPE_CONDITION
} cs_filter_type;

typedef enum cs_filter_kind {
    /* values */
    CS_NODE_FIELD,     /* index: of a column, see cs_filter_fields */
    CS_NODE_ATTRIBUTE, /* first, count: its keys, each a CS_NODE_STRING or CS_NODE_INTEGER */
    CS_NODE_INTEGER,
    CS_NODE_REAL,
    CS_NODE_STRING,
    CS_NODE_BOOLEAN,  /* integer: 1 or 0; as a condition too */
    CS_NODE_NEGATIVE, /* left */
    CS_NODE_ADD,      /* left, right; these five in this order */
    CS_NODE_SUBTRACT,
    CS_NODE_MULTIPLY,
    CS_NODE_DIVIDE,
    CS_NODE_REMAINDER,
    /* conditions */
    CS_NODE_TRUTH, /* left: an attribute that is true */
    CS_NODE_EQ,    /* left, right; these six in the tokens' order */
    CS_NODE_NE,
    CS_NODE_LT,
    CS_NODE_LE,
    CS_NODE_GT,
    CS_NODE_GE,
    CS_NODE_IN,       /* left; first, count: the list */
    CS_NODE_CONTAINS, /* left is an element of right, an attribute that is a list */
    CS_NODE_LIKE,     /* left, right: the pattern */
    CS_NODE_UNDER,    /* left: the field path; right: a folder, as a string */
    CS_NODE_IS_NULL,  /* left: a field or attribute */
    CS_NODE_NOT,      /* left */
    CS_NODE_AND,      /* left, right */
    CS_NODE_OR
} cs_filter_kind;

typedef struct cs_filter_node {
    cs_filter_kind kind;
    cs_filter_type type;
    size_t at;             /* where it begins in the text */
    unsigned depth;        /* of arithmetic, or of and within or within and; 0 for the rest */
    uint32_t left, right;  /* numbers of nodes */
    uint32_t first, count; /* nodes first .. first + count - 1 */
    uint32_t index;
    int64_t integer;
    double real;
    size_t text, text_size; /* in the tree's texts; a NUL stands behind it */
} cs_filter_node;

struct cs_filter_tree {
    cs_filter_node *nodes;
    uint32_t count;
    size_t capacity;
    uint32_t root;
    cs_buf texts;
};

typedef enum cs_filter_field {
    CS_FIELD_ID,
    CS_FIELD_PATH,
    CS_FIELD_NAME,
    CS_FIELD_SIZE,
    CS_FIELD_MTIME,
    CS_FIELD_WIDTH,
    CS_FIELD_HEIGHT,
    CS_FIELDS
} cs_filter_field;

/* The built-in fields: the word and the type. */
typedef struct cs_filter_field_row {
    const char *name;
    cs_filter_type type;
} cs_filter_field_row;
extern const cs_filter_field_row cs_filter_fields[CS_FIELDS];

#endif
