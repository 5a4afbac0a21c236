/* SPDX-License-Identifier: MIT
 * stored_attributes.c - joins the user's and the file's attributes, and takes them apart. */
#include "base/stored_attributes.h"

#include "base/item_limits.h"
#include "base/json.h"

#include <string.h>

enum { MAX_VALUES = CS_ITEM_ATTRIBUTES_MAX };

/* Behind the string that begins at `text` with its quote. */
static const char *skip_string(const char *text)
{
    for (text++; *text && *text != '"'; text++)
        if (*text == '\\' && text[1])
            text++;
    return *text ? text + 1 : text;
}

bool cs_next_file_attribute(const char **at, cs_file_attribute *attribute)
{
    const char *end = *at;
    if (!end || *end != '"')
        return false;
    end = skip_string(end);
    *attribute = (cs_file_attribute){.name = *at + 1, .name_size = (size_t)(end - *at) - 2, .text = *at};
    if (*end != ':')
        return false;
    for (unsigned depth = 0; *end && *end != ' ' && (depth || (*end != ',' && *end != '}'));)
        if (*end == '"') {
            end = skip_string(end);
        } else {
            depth += *end == '[' || *end == '{';
            depth -= depth && (*end == ']' || *end == '}');
            end++;
        }
    attribute->size = (size_t)(end - *at);
    *at = *end == ',' ? end + 1 : end;
    return *end == ',' || *end == '}';
}

const char *cs_file_attributes(const char *stored)
{
    const char *at = stored;
    if (*at != '{')
        return NULL;
    while (*at && *at != ' ' && *at != '\n' && *at != '\t')
        at = *at == '"' ? skip_string(at) : at + 1;
    if (*at != ' ' || (at[-1] != '{' && at[-1] != ','))
        return NULL;
    const char *first = ++at;
    cs_file_attribute attribute;
    do
        if (!cs_next_file_attribute(&at, &attribute))
            return NULL;
    while (*at != '}');
    return at[1] ? NULL : first;
}

void cs_put_user_attributes(const char *stored, cs_buf *out)
{
    const char *file = cs_file_attributes(stored);
    if (!file) {
        cs_buf_puts(out, stored);
        return;
    }
    size_t size = (size_t)(file - stored) - 1; /* without the space */
    if (stored[size - 1] == ',')
        size--;
    cs_buf_append(out, stored, size);
    cs_buf_putc(out, '}');
}

static bool has_member(const cs_json_document *object, const cs_file_attribute *attribute)
{
    const cs_json *m = object ? cs_json_root(object)->first : NULL;
    while (m && !(m->key && m->key_len == attribute->name_size && memcmp(m->key, attribute->name, m->key_len) == 0))
        m = m->next;
    return m != NULL;
}

/* *document is NULL for an empty object. */
static clipsearch_status parse_object(const char *object, cs_json_document **document, clipsearch_error *err)
{
    *document = NULL;
    return object && strcmp(object, "{}") != 0
               ? cs_json_parse(object, strlen(object), "attributes", MAX_VALUES, document, err)
               : CLIPSEARCH_OK;
}

/* Put the file's members into the object at the end of `out`, which the user's attributes are. */
static void put_file_attributes(const cs_json_document *user, const cs_json_document *without, const char *file,
                                cs_buf *out)
{
    const bool empty = !user || !cs_json_root(user)->first;
    bool any = false;
    for (cs_file_attribute a; !out->failed && cs_next_file_attribute(&file, &a);) {
        if (has_member(user, &a) || has_member(without, &a))
            continue;
        if (!any)
            out->data[--out->len] = '\0'; /* the brace */
        cs_buf_puts(out, any ? "," : empty ? " " : ", ");
        cs_buf_append(out, a.text, a.size);
        any = true;
    }
    if (any)
        cs_buf_putc(out, '}');
}

clipsearch_status cs_join_attributes(const char *user, const char *file, const char *without, cs_buf *out,
                                     clipsearch_error *err)
{
    cs_json_document *given = NULL, *left_out = NULL;
    const size_t size = strlen(user);
    clipsearch_status status = CLIPSEARCH_OK;
    cs_buf_append(out, user, size);
    if (file && *file == '"' && size >= 2 && user[size - 1] == '}' && size + strlen(file) <= CS_ITEM_ATTRIBUTES_MAX) {
        status = parse_object(user, &given, err);
        if (status == CLIPSEARCH_OK)
            status = parse_object(without, &left_out, err);
        if (status == CLIPSEARCH_OK)
            put_file_attributes(given, left_out, file, out);
        else if (status != CLIPSEARCH_E_MEMORY) /* JSON that the database allows and our reader does not */
            status = CLIPSEARCH_OK;
        cs_json_close(&given);
        cs_json_close(&left_out);
    }
    return status != CLIPSEARCH_OK || !out->failed ? status : cs_fail_memory(err, "an image's attributes");
}
