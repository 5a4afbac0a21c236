/* SPDX-License-Identifier: MIT
 * milvus_attributes.c - objects of JSON written again: without nulls, or merged. */
#include "remote/milvus_attributes.h"

#include "base/json.h"
#include "base/stored_attributes.h"

#include <string.h>

enum { MAX_VALUES = 1 << 17 };

static clipsearch_status parse_object(const char *text, const char *name, cs_json_document **document,
                                      clipsearch_error *err)
{
    clipsearch_error why;
    clipsearch_status status = cs_json_parse(text, strlen(text), name, MAX_VALUES, document, &why);
    if (status == CLIPSEARCH_E_MEMORY)
        return cs_fail_memory(err, name);
    if (status != CLIPSEARCH_OK)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: its attributes are no JSON object: %s", name, why.message);
    return cs_json_root(*document)->type == CS_JSON_OBJECT
               ? CLIPSEARCH_OK
               : cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: its attributes are no JSON object", name);
}

/* Recursion here and below is as deep as cs_json_parse lets a text nest. */
static bool has_null(const cs_json *value)
{
    for (const cs_json *member = value->first; member; member = member->next)
        if ((value->type == CS_JSON_OBJECT && member->type == CS_JSON_NULL) || has_null(member))
            return true;
    return false;
}

static void put_value(const char *text, const cs_json *value, cs_buf *out);

static void put_key(const cs_json *member, bool *first, cs_buf *out)
{
    cs_buf_puts(out, *first ? "" : ",");
    cs_json_put_string(out, member->key, member->key_len);
    cs_buf_putc(out, ':');
    *first = false;
}

/* Numbers as they are written. */
static void put_number(const char *text, const cs_json *value, cs_buf *out)
{
    const char *at = text + value->offset;
    cs_buf_append(out, at, strspn(at, "0123456789+-.eE"));
}

static void put_array(const char *text, const cs_json *value, cs_buf *out)
{
    cs_buf_putc(out, '[');
    for (const cs_json *element = value->first; element; element = element->next) {
        put_value(text, element, out);
        cs_buf_puts(out, element->next ? "," : "");
    }
    cs_buf_putc(out, ']');
}

/* Members of objects that are null are left out. */
static void put_value(const char *text, const cs_json *value, cs_buf *out)
{
    bool first = true;
    switch (value->type) {
    case CS_JSON_NULL:
        cs_buf_puts(out, "null");
        break;
    case CS_JSON_BOOL:
        cs_buf_puts(out, value->boolean ? "true" : "false");
        break;
    case CS_JSON_NUMBER:
        put_number(text, value, out);
        break;
    case CS_JSON_STRING:
        cs_json_put_string(out, value->string, value->string_len);
        break;
    case CS_JSON_ARRAY:
        put_array(text, value, out);
        break;
    case CS_JSON_OBJECT:
        cs_buf_putc(out, '{');
        for (const cs_json *member = value->first; member; member = member->next) {
            if (member->type == CS_JSON_NULL)
                continue;
            put_key(member, &first, out);
            put_value(text, member, out);
        }
        cs_buf_putc(out, '}');
        break;
    }
}

clipsearch_status cs_milvus_put_attributes(const char *text, const char *path, cs_buf *out, clipsearch_error *err)
{
    cs_json_document *document = NULL;
    clipsearch_status status = parse_object(text, path, &document, err);
    if (status != CLIPSEARCH_OK) {
        cs_json_close(&document);
        return status;
    }
    const cs_json *root = cs_json_root(document);
    /* Milvus compares names as they are written: they must not be written with escapes that need not be */
    if (!has_null(root) && !strstr(text, "\\u")) {
        cs_buf_puts(out, text);
    } else {
        const char *file = cs_file_attributes(text); /* a space stands before the first that the file states */
        bool first = true, marked = false;
        cs_buf_putc(out, '{');
        for (const cs_json *member = root->first; member; member = member->next) {
            if (member->type == CS_JSON_NULL)
                continue;
            const bool of_file = file && text + member->offset > file && !marked;
            if (of_file && !first)
                cs_buf_puts(out, ", ");
            else if (of_file)
                cs_buf_putc(out, ' ');
            marked = marked || of_file;
            first = first || of_file; /* the comma is there */
            put_key(member, &first, out);
            put_value(text, member, out);
        }
        cs_buf_putc(out, '}');
    }
    cs_json_close(&document);
    return out->failed ? cs_fail_memory(err, path) : CLIPSEARCH_OK;
}

static const cs_json *find_member(const cs_json *object, const cs_json *like)
{
    for (const cs_json *member = object->first; member; member = member->next)
        if (member->key_len == like->key_len && memcmp(member->key, like->key, like->key_len) == 0)
            return member;
    return NULL;
}

/* `into` NULL: there is nothing to merge into. */
static void put_merged(const char *text, const cs_json *into, const char *patch_text, const cs_json *patch, cs_buf *out)
{
    bool first = true;
    if (patch->type != CS_JSON_OBJECT || !into || into->type != CS_JSON_OBJECT) {
        put_value(patch_text, patch, out);
        return;
    }
    cs_buf_putc(out, '{');
    for (const cs_json *member = into->first; member; member = member->next) {
        const cs_json *changed = find_member(patch, member);
        if (changed && changed->type == CS_JSON_NULL)
            continue;
        put_key(member, &first, out);
        if (changed)
            put_merged(text, member, patch_text, changed, out);
        else
            put_value(text, member, out);
    }
    for (const cs_json *member = patch->first; member; member = member->next) {
        if (member->type == CS_JSON_NULL || find_member(into, member))
            continue;
        put_key(member, &first, out);
        put_value(patch_text, member, out);
    }
    cs_buf_putc(out, '}');
}

clipsearch_status cs_milvus_merge_attributes(const char *text, const char *patch, cs_buf *out, clipsearch_error *err)
{
    cs_json_document *own = NULL, *other = NULL;
    clipsearch_status status = parse_object(text, "an item", &own, err);
    if (status == CLIPSEARCH_OK)
        status = parse_object(patch, "a change", &other, err);
    if (status == CLIPSEARCH_OK) {
        put_merged(text, cs_json_root(own), patch, cs_json_root(other), out);
        status = out->failed ? cs_fail_memory(err, "attributes") : CLIPSEARCH_OK;
    }
    cs_json_close(&own);
    cs_json_close(&other);
    return status;
}
