/* SPDX-License-Identifier: MIT
 * item_attributes.c - joins the user's and the file's attributes, and takes them apart. */
#include "ingest/item_attributes.h"

#include "base/item_limits.h"
#include "base/json.h"
#include "metadata/values.h"

#include <string.h>

enum { MAX_VALUES = CS_ITEM_ATTRIBUTES_MAX };

/* The field of a name, CS_META_FIELDS when there is none. */
static unsigned field_of(const char *name, size_t size)
{
    unsigned i = 0;
    for (; i < CS_META_FIELDS; i++) {
        const char *known = cs_metadata_field_name((cs_metadata_field)i);
        if (strlen(known) == size && memcmp(known, name, size) == 0)
            break;
    }
    return i;
}

/* Behind the string that begins at `text` with its quote. */
static const char *skip_string(const char *text)
{
    for (text++; *text && *text != '"'; text++)
        if (*text == '\\' && text[1])
            text++;
    return *text ? text + 1 : text;
}

/* A member of the file's attributes, which have no white space. */
typedef struct file_member {
    unsigned field;
    const char *text; /* [size]: name, colon, value */
    size_t size;
} file_member;

/* The member at *at, which moves to the next one or to the brace at the end. False: there is none, or it is none that a
 * file states. */
static bool next_member(const char **at, file_member *member)
{
    const char *end = *at;
    if (*end != '"')
        return false;
    end = skip_string(end);
    member->field = field_of(*at + 1, (size_t)(end - *at) - 2);
    member->text = *at;
    if (member->field == CS_META_FIELDS || *end != ':')
        return false;
    for (unsigned depth = 0; *end && *end != ' ' && (depth || (*end != ',' && *end != '}'));)
        if (*end == '"') {
            end = skip_string(end);
        } else {
            depth += *end == '[' || *end == '{';
            depth -= depth && (*end == ']' || *end == '}');
            end++;
        }
    member->size = (size_t)(end - *at);
    *at = *end == ',' ? end + 1 : end;
    return *end == ',' || *end == '}';
}

/* The first of the file's members in what is stored; NULL: there are none. */
static const char *find_file_part(const char *stored)
{
    const char *at = stored;
    if (*at != '{')
        return NULL;
    while (*at && *at != ' ')
        at = *at == '"' ? skip_string(at) : at + 1;
    if (!*at || (at[-1] != '{' && at[-1] != ','))
        return NULL;
    const char *first = ++at;
    file_member member;
    do
        if (!next_member(&at, &member))
            return NULL;
    while (*at != '}');
    return at[1] ? NULL : first;
}

void cs_item_attributes_user(const char *stored, cs_buf *out)
{
    const char *file = find_file_part(stored);
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

void cs_item_attributes_file(const char *stored, uint32_t fields, cs_buf *out, bool *fewer)
{
    const char *at = find_file_part(stored);
    bool any = false;
    *fewer = false;
    cs_buf_putc(out, '{');
    for (file_member member; at && next_member(&at, &member);) {
        const bool wanted = fields >> member.field & 1;
        *fewer |= !wanted;
        if (!wanted)
            continue;
        if (any)
            cs_buf_putc(out, ',');
        cs_buf_append(out, member.text, member.size);
        any = true;
    }
    cs_buf_putc(out, '}');
}

/* The fields of which the object has a member, one bit for each. */
static clipsearch_status find_fields(const char *object, uint32_t *fields, clipsearch_error *err)
{
    cs_json_document *document = NULL;
    *fields = 0;
    if (strcmp(object, "{}") == 0)
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_json_parse(object, strlen(object), "attributes", MAX_VALUES, &document, err);
    if (status != CLIPSEARCH_OK)
        return status;
    for (const cs_json *m = cs_json_root(document)->first; m; m = m->next) {
        const unsigned field = m->key ? field_of(m->key, m->key_len) : CS_META_FIELDS;
        if (field < CS_META_FIELDS)
            *fields |= 1u << field;
    }
    cs_json_close(&document);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_item_attributes_join(const char *user, const char *file, cs_buf *out, clipsearch_error *err)
{
    uint32_t given;
    clipsearch_status status = find_fields(user, &given, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const size_t start = out->len, user_size = strlen(user);
    const bool empty = strcmp(user, "{}") == 0;
    cs_buf_append(out, user, user_size);
    if (file[0] != '{' || user_size < 2 || user[user_size - 1] != '}' ||
        user_size + strlen(file) > CS_ITEM_ATTRIBUTES_MAX)
        return out->failed ? cs_fail_memory(err, "an image's attributes") : CLIPSEARCH_OK;
    bool any = false;
    const char *at = file + 1;
    for (file_member member; next_member(&at, &member);) {
        if (given >> member.field & 1)
            continue;
        if (!any && !out->failed)
            out->data[out->len = start + user_size - 1] = '\0'; /* without the brace */
        cs_buf_puts(out, any ? "," : empty ? " " : ", ");
        cs_buf_append(out, member.text, member.size);
        any = true;
    }
    if (any)
        cs_buf_putc(out, '}');
    return out->failed ? cs_fail_memory(err, "an image's attributes") : CLIPSEARCH_OK;
}

clipsearch_status cs_item_attributes_uncovers(const char *before, const char *now, bool *uncovers,
                                              clipsearch_error *err)
{
    uint32_t had = 0, has = 0;
    clipsearch_status status = strcmp(before, now) != 0 ? find_fields(before, &had, err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK && had)
        status = find_fields(now, &has, err);
    *uncovers = had & ~has;
    return status;
}
