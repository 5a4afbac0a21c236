/* SPDX-License-Identifier: MIT
 * yaml_tree.h - a YAML document as a tree with the line and column of each value. */
#ifndef CS_CONFIG_YAML_TREE_H
#define CS_CONFIG_YAML_TREE_H

#include "base/error.h"

/* Limits, far above what a hand-written file needs. */
enum {
    CS_YAML_MAX_BYTES = 1 << 20,
    CS_YAML_MAX_DEPTH = 32,
    CS_YAML_MAX_NODES = 20000,
    CS_YAML_MAX_MEMBERS = 1000 /* of one map: the search for repeated keys is quadratic */
};

typedef enum cs_yaml_kind { CS_YAML_SCALAR, CS_YAML_LIST, CS_YAML_MAP } cs_yaml_kind;

/* One value. Elements and members are linked lists in the order of the text. Lines and columns begin at 1. */
typedef struct cs_yaml_node cs_yaml_node;
struct cs_yaml_node {
    cs_yaml_kind kind;
    const char *text; /* CS_YAML_SCALAR: UTF-8 without NUL inside */
    bool plain;       /* not quoted: it may be a number, true, null ... */
    size_t line, column;
    const char *key; /* of a member of a map, else NULL */
    size_t key_line, key_column;
    size_t count;               /* elements or members */
    cs_yaml_node *first, *last; /* elements or members */
    cs_yaml_node *next, *parent;
};

typedef struct cs_yaml cs_yaml;

/* Where a value is written; no node: in no YAML file. */
typedef struct cs_yaml_place {
    const cs_yaml *yaml;
    const cs_yaml_node *node;
} cs_yaml_place;

/* Parse `size` bytes; every message begins with name:line:column. There must be only one document; an empty text gives
 * a NULL root. Anchors, aliases and tags are errors (nothing here needs them, and aliases can make a small file huge),
 * and so are repeated keys, keys that are not plain text, and what exceeds the limits above. No recursion.
 * Errors: CLIPSEARCH_E_FORMAT, _LIMIT, _MEMORY. The tree owns everything and does not refer to `text`. */
clipsearch_status cs_yaml_parse(const char *text, size_t size, const char *name, cs_yaml **yaml, clipsearch_error *err);

/* The same from a file. Errors besides: CLIPSEARCH_E_NOT_FOUND, _IO. */
clipsearch_status cs_yaml_load(const char *path, cs_yaml **yaml, clipsearch_error *err);
void cs_yaml_close(cs_yaml **yaml);

const char *cs_yaml_name(const cs_yaml *yaml);
const cs_yaml_node *cs_yaml_root(const cs_yaml *yaml);

/* Zeroed memory that lives as long as the tree; NULL when out of memory. */
void *cs_yaml_alloc(cs_yaml *yaml, size_t count, size_t size);

/* Fill `err` with "name:line:column: " and the message; the place is that of `node`, or of its key when `at_key`;
 * without a node it is the beginning of the file. Returns CLIPSEARCH_E_FORMAT. */
clipsearch_status cs_yaml_fail(const cs_yaml *yaml, const cs_yaml_node *node, bool at_key, clipsearch_error *err,
                               const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The version of libyaml. */
const char *cs_yaml_library(void);

#endif
