/* SPDX-License-Identifier: MIT
 * item_attributes.c - attributes by the names that files state. */
#include "ingest/item_attributes.h"

#include "base/item_limits.h"
#include "base/json.h"
#include "metadata/values.h"

#include <string.h>

enum { MAX_VALUES = CS_ITEM_ATTRIBUTES_MAX };

/* One bit for the field of this name; 0: there is none. */
static uint32_t field_of(const char *name, size_t size)
{
    for (unsigned i = 0; i < CS_META_FIELDS; i++) {
        const char *known = cs_metadata_field_name((cs_metadata_field)i);
        if (strlen(known) == size && memcmp(known, name, size) == 0)
            return 1u << i;
    }
    return 0;
}

void cs_item_attributes_user(const char *stored, cs_buf *out)
{
    const char *at = cs_file_attributes(stored);
    bool known = true;
    for (cs_file_attribute a; cs_next_file_attribute(&at, &a);)
        known &= field_of(a.name, a.name_size) != 0;
    if (known)
        cs_put_user_attributes(stored, out);
    else
        cs_buf_puts(out, stored);
}

void cs_item_attributes_file(const char *stored, uint32_t fields, cs_buf *out)
{
    const char *at = cs_file_attributes(stored);
    bool any = false;
    cs_buf_putc(out, '{');
    for (cs_file_attribute a; cs_next_file_attribute(&at, &a);) {
        if (!(field_of(a.name, a.name_size) & fields))
            continue;
        if (any)
            cs_buf_putc(out, ',');
        cs_buf_append(out, a.text, a.size);
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
    if (status != CLIPSEARCH_OK) /* JSON that the database allows and our reader does not: no field is known */
        return status == CLIPSEARCH_E_MEMORY ? status : CLIPSEARCH_OK;
    for (const cs_json *m = cs_json_root(document)->first; m; m = m->next)
        *fields |= m->key ? field_of(m->key, m->key_len) : 0;
    cs_json_close(&document);
    return CLIPSEARCH_OK;
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
