/* SPDX-License-Identifier: MIT
 * yaml_keys.h - checks a map of a YAML file against a table of the keys it may have. */
#ifndef CS_CONFIG_YAML_KEYS_H
#define CS_CONFIG_YAML_KEYS_H

#include "config/yaml_tree.h"

typedef enum cs_key_kind {
    CS_KEY_NAME,   /* the name of a collection */
    CS_KEY_TEXT,   /* any scalar that is not empty */
    CS_KEY_BOOL,   /* true, false, yes, no, on, off */
    CS_KEY_COUNT,  /* a whole number from `min` to `max` */
    CS_KEY_SHARE,  /* a number from 0 to 1 */
    CS_KEY_CHOICE, /* one of `choices` */
    CS_KEY_TEXTS,  /* a text, or a list of texts */
    CS_KEY_MAP,
    CS_KEY_LIST
} cs_key_kind;

typedef struct cs_yaml_key {
    const char *name;
    cs_key_kind kind;
    size_t min, max;            /* CS_KEY_COUNT */
    const char *const *choices; /* CS_KEY_CHOICE: NULL-ended */
} cs_yaml_key;

/* Check `map` against `count` keys: found[i] receives the value of keys[i], or NULL. For an unknown key the message has
 * its place and the most similar known key; for a value of the wrong kind, what it should be. `what` names the map in
 * messages ("a source"). `count` is at most 32. Errors: CLIPSEARCH_E_FORMAT. */
clipsearch_status cs_yaml_match(const cs_yaml *yaml, const cs_yaml_node *map, const char *what, const cs_yaml_key *keys,
                                size_t count, const cs_yaml_node **found, clipsearch_error *err);

/* Whether the node is a text: a scalar that is not empty, and not the null of YAML (~ or null without quotes). */
bool cs_yaml_is_text(const cs_yaml_node *node);

/* Fail at `node`: "what must be wanted, not ..." and what it is. Returns CLIPSEARCH_E_FORMAT. */
clipsearch_status cs_yaml_fail_kind(const cs_yaml *yaml, const cs_yaml_node *node, const char *what, const char *wanted,
                                    clipsearch_error *err);

/* The values of nodes that cs_yaml_match has checked. */
bool cs_yaml_bool(const cs_yaml_node *node);
size_t cs_yaml_count(const cs_yaml_node *node);
float cs_yaml_share(const cs_yaml_node *node);

/* Read `text` as a whole decimal number without a sign, at most `max`. False, with *value unchanged, when it is no such
 * number. */
bool cs_read_count(const char *text, size_t max, size_t *value);

#endif
