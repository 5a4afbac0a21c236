/* SPDX-License-Identifier: MIT
 * yaml_keys.c - maps against tables of keys. */
#include "config/yaml_keys.h"

#include "base/buf.h"
#include "base/collection_name.h"
#include "base/decimal.h"
#include "config/nearest.h"
#include "config/names.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { MAX_KEYS = 32 };

bool cs_read_count(const char *text, size_t max, size_t *value)
{
    size_t sum = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (size_t)(*text - '0'), &sum) || sum > max)
            return false;
    }
    *value = sum;
    return true;
}

/* The words of YAML 1.1; version 1.2 has only true and false. */
static int bool_of(const char *text)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0)
            return (int)(i % 2);
    return -1;
}

bool cs_yaml_bool(const cs_yaml_node *node)
{
    return bool_of(node->text) == 1;
}

size_t cs_yaml_count(const cs_yaml_node *node)
{
    size_t value = 0;
    (void)cs_read_count(node->text, SIZE_MAX, &value);
    return value;
}

float cs_yaml_share(const cs_yaml_node *node)
{
    float value = 0;
    (void)cs_read_float(node->text, &value);
    return value;
}

bool cs_yaml_is_text(const cs_yaml_node *node)
{
    if (node->kind != CS_YAML_SCALAR || !node->text[0])
        return false;
    return !(node->plain && (strcmp(node->text, "~") == 0 || strcasecmp(node->text, "null") == 0));
}

/* What was found instead of a text. */
static const char *describe_kind(const cs_yaml_node *node)
{
    return node->kind == CS_YAML_LIST ? "a list" : node->kind == CS_YAML_MAP ? "a map" : "nothing";
}

clipsearch_status cs_yaml_fail_kind(const cs_yaml *yaml, const cs_yaml_node *node, const char *what, const char *wanted,
                                    clipsearch_error *err)
{
    if (cs_yaml_is_text(node))
        return cs_yaml_fail(yaml, node, false, err, "%s must be %s, not \"%.64s\"", what, wanted, node->text);
    if (node->kind == CS_YAML_SCALAR && node->plain && strcmp(node->text, "~") == 0)
        return cs_yaml_fail(yaml, node, false, err,
                            "%s must be %s, not nothing, which ~ alone means in YAML; the home directory is ~/", what,
                            wanted);
    return cs_yaml_fail(yaml, node, false, err, "%s must be %s, not %s", what, wanted, describe_kind(node));
}

static clipsearch_status fail_choice(const cs_yaml *yaml, const cs_yaml_node *node, const cs_yaml_key *key,
                                     clipsearch_error *err)
{
    cs_buf list = cs_buf_make(512);
    cs_put_names(&list, key->choices);
    const char *nearest =
        cs_yaml_is_text(node) ? cs_nearest(node->text, key->choices, cs_name_count(key->choices)) : NULL;
    clipsearch_status status;
    if (nearest)
        status = cs_yaml_fail(yaml, node, false, err, "%s must be %s, not \"%.64s\"; did you mean %s?", key->name,
                              list.data ? list.data : "", node->text, nearest);
    else
        status = cs_yaml_fail_kind(yaml, node, key->name, list.data ? list.data : "", err);
    cs_buf_free(&list);
    return status;
}

static clipsearch_status check_texts(const cs_yaml *yaml, const cs_yaml_node *node, const char *key,
                                     clipsearch_error *err)
{
    if (node->kind != CS_YAML_LIST)
        return cs_yaml_is_text(node) ? CLIPSEARCH_OK
                                     : cs_yaml_fail_kind(yaml, node, key, "a text or a list of texts", err);
    for (const cs_yaml_node *child = node->first; child; child = child->next)
        if (!cs_yaml_is_text(child))
            return cs_yaml_fail(yaml, child, false, err, "every element of %s must be a text, not %s", key,
                                describe_kind(child));
    return CLIPSEARCH_OK;
}

static clipsearch_status check_value(const cs_yaml *yaml, const cs_yaml_node *node, const cs_yaml_key *key,
                                     clipsearch_error *err)
{
    bool text = cs_yaml_is_text(node);
    size_t count;
    float share;
    switch (key->kind) {
    case CS_KEY_NAME:
        return text && cs_can_name_collection(node->text)
                   ? CLIPSEARCH_OK
                   : cs_yaml_fail_kind(yaml, node, key->name, CS_COLLECTION_NAME_RULE, err);
    case CS_KEY_TEXT:
        return text ? CLIPSEARCH_OK : cs_yaml_fail_kind(yaml, node, key->name, "a text", err);
    case CS_KEY_BOOL:
        return text && bool_of(node->text) >= 0 ? CLIPSEARCH_OK
                                                : cs_yaml_fail_kind(yaml, node, key->name, "true or false", err);
    case CS_KEY_COUNT:
        if (text && cs_read_count(node->text, key->max, &count) && count >= key->min)
            return CLIPSEARCH_OK;
        char wanted[96];
        snprintf(wanted, sizeof wanted, "a whole number from %zu to %zu", key->min, key->max);
        return cs_yaml_fail_kind(yaml, node, key->name, wanted, err);
    case CS_KEY_SHARE:
        return text && cs_read_float(node->text, &share) && share >= 0 && share <= 1
                   ? CLIPSEARCH_OK
                   : cs_yaml_fail_kind(yaml, node, key->name, "a number from 0 to 1", err);
    case CS_KEY_CHOICE:
        return text && key->choices[cs_name_index(node->text, key->choices)] ? CLIPSEARCH_OK
                                                                             : fail_choice(yaml, node, key, err);
    case CS_KEY_TEXTS:
        return check_texts(yaml, node, key->name, err);
    case CS_KEY_MAP:
        return node->kind == CS_YAML_MAP ? CLIPSEARCH_OK
                                         : cs_yaml_fail_kind(yaml, node, key->name, "a map (key: value lines)", err);
    case CS_KEY_LIST:
        return node->kind == CS_YAML_LIST
                   ? CLIPSEARCH_OK
                   : cs_yaml_fail_kind(yaml, node, key->name, "a list (lines beginning with -)", err);
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status fail_key(const cs_yaml *yaml, const cs_yaml_node *node, const char *what,
                                  const cs_yaml_key *keys, size_t count, clipsearch_error *err)
{
    const char *names[MAX_KEYS];
    cs_buf list = cs_buf_make(1024);
    for (size_t i = 0; i < count; i++) {
        names[i] = keys[i].name;
        cs_buf_printf(&list, "%s%s", i ? ", " : "", keys[i].name);
    }
    const char *nearest = cs_nearest(node->key, names, count);
    clipsearch_status status =
        nearest ? cs_yaml_fail(yaml, node, true, err, "unknown key \"%.64s\" in %s; did you mean %s?", node->key, what,
                               nearest)
                : cs_yaml_fail(yaml, node, true, err, "unknown key \"%.64s\" in %s; the keys are %s", node->key, what,
                               list.data ? list.data : "");
    cs_buf_free(&list);
    return status;
}

clipsearch_status cs_yaml_match(const cs_yaml *yaml, const cs_yaml_node *map, const char *what, const cs_yaml_key *keys,
                                size_t count, const cs_yaml_node **found, clipsearch_error *err)
{
    assert(count <= MAX_KEYS);
    for (size_t i = 0; i < count; i++)
        found[i] = NULL;
    if (map->kind != CS_YAML_MAP)
        return cs_yaml_fail(yaml, map, false, err, "%s must be a map (key: value lines), not %s", what,
                            map->kind == CS_YAML_LIST ? "a list" : "a text");
    for (const cs_yaml_node *node = map->first; node; node = node->next) {
        size_t i = 0;
        while (i < count && strcmp(keys[i].name, node->key) != 0)
            i++;
        if (i == count)
            return fail_key(yaml, node, what, keys, count, err);
        clipsearch_status status = check_value(yaml, node, &keys[i], err);
        if (status != CLIPSEARCH_OK)
            return status;
        found[i] = node;
    }
    return CLIPSEARCH_OK;
}
