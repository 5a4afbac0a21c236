/* SPDX-License-Identifier: MIT
 * filter_milvus_values.c - constants, fields and attributes in an expression of Milvus. */
#include "remote/filter_milvus_parts.h"

#include "base/decimal.h"
#include "remote/filter_milvus.h"

#include <string.h>

/* Every id is above this one: ids are positive. */
#define ALL_IDS "%s > -9223372036854775807"
#define NO_IDS "%s < -9223372036854775807"

const cs_filter_node *cs_milvus_node(const cs_milvus_writer *w, uint32_t number)
{
    return &w->tree->nodes[number];
}

void cs_milvus_put(cs_milvus_writer *w, const char *text)
{
    cs_buf_puts(w->out, text);
}

void cs_milvus_refuse(cs_milvus_writer *w, const char *what)
{
    if (w->status == CLIPSEARCH_OK)
        w->status = cs_fail(w->err, CLIPSEARCH_E_UNSUPPORTED, "the filter: %s not possible on a Milvus database %u.%u",
                            what, w->db->version[0], w->db->version[1]);
}

void cs_milvus_put_constant(cs_milvus_writer *w, bool all)
{
    cs_buf_printf(w->out, all ? ALL_IDS : NO_IDS, w->schema->key);
}

void cs_milvus_put_literal(cs_buf *out, const char *text, size_t size)
{
    cs_buf_putc(out, '"');
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            cs_buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            cs_buf_printf(out, "\\x%02x", c);
        else
            cs_buf_putc(out, (char)c);
    }
    cs_buf_putc(out, '"');
}

void cs_milvus_put_string(cs_milvus_writer *w, const cs_filter_node *n)
{
    cs_milvus_put_literal(w->out, w->tree->texts.data + n->text, n->text_size);
}

/* A real number must not look like a whole one. */
void cs_milvus_put_real(cs_milvus_writer *w, double real)
{
    const size_t before = w->out->len;
    cs_put_double(w->out, real);
    if (!w->out->failed && !strpbrk(w->out->data + before, ".en"))
        cs_milvus_put(w, ".0");
}

void cs_milvus_put_number(cs_milvus_writer *w, cs_filter_number number)
{
    if (number.whole)
        cs_buf_printf(w->out, "%lld", (long long)number.integer);
    else
        cs_milvus_put_real(w, number.real);
}

/* Where an item of ours has a built-in field. Others have none but the id and what looks like a path. */
const char *cs_milvus_field_name(cs_milvus_writer *w, uint32_t index)
{
    if (w->schema->own)
        return cs_filter_fields[index].name;
    if (index == CS_FIELD_ID)
        return w->schema->key;
    if (index == CS_FIELD_PATH && w->schema->path[0])
        return w->schema->path;
    for (size_t i = 0; i < w->schema->count; i++) /* one of theirs may be called so */
        if (strcmp(w->schema->fields[i].name, cs_filter_fields[index].name) == 0)
            return w->schema->fields[i].name;
    if (w->status == CLIPSEARCH_OK)
        w->status = cs_fail(w->err, CLIPSEARCH_E_UNSUPPORTED, "the filter: the items of the collection %s have no %s",
                            w->schema->name, cs_filter_fields[index].name);
    return w->schema->key;
}

/* Of the collections of others, an attribute may be a field. */
static const cs_milvus_field *field_of(const cs_milvus_writer *w, const cs_filter_node *n)
{
    const cs_filter_node *first = cs_milvus_node(w, n->first);
    if (w->schema->own || first->kind != CS_NODE_STRING)
        return NULL;
    for (size_t i = 0; i < w->schema->count; i++)
        if (strcmp(w->schema->fields[i].name, w->tree->texts.data + first->text) == 0)
            return &w->schema->fields[i];
    return NULL;
}

static void put_attribute(cs_milvus_writer *w, const cs_filter_node *n)
{
    const cs_milvus_field *field = field_of(w, n);
    cs_milvus_put(w, field ? field->name : "$meta");
    for (uint32_t i = n->first + (field != NULL); i < n->first + n->count; i++) {
        cs_milvus_put(w, "[");
        if (cs_milvus_node(w, i)->kind == CS_NODE_STRING && cs_milvus_node(w, i)->text_size == 0)
            cs_milvus_refuse(w, "an attribute without a name is");
        if (cs_milvus_node(w, i)->kind == CS_NODE_INTEGER)
            cs_buf_printf(w->out, "%lld", (long long)cs_milvus_node(w, i)->integer);
        else
            cs_milvus_put_string(w, cs_milvus_node(w, i));
        cs_milvus_put(w, "]");
    }
}

/* A field or attribute. */
void cs_milvus_put_variable(cs_milvus_writer *w, uint32_t number)
{
    const cs_filter_node *n = cs_milvus_node(w, number);
    if (n->kind == CS_NODE_FIELD)
        cs_milvus_put(w, cs_milvus_field_name(w, n->index));
    else
        put_attribute(w, n);
}

bool cs_milvus_is_variable(const cs_milvus_writer *w, uint32_t number)
{
    return cs_milvus_node(w, number)->kind == CS_NODE_FIELD || cs_milvus_node(w, number)->kind == CS_NODE_ATTRIBUTE;
}

/* An attribute that an item may lack. */
bool cs_milvus_may_lack(const cs_milvus_writer *w, uint32_t number)
{
    const cs_filter_node *n = cs_milvus_node(w, number);
    const cs_milvus_field *field = n->kind == CS_NODE_ATTRIBUTE ? field_of(w, n) : NULL;
    return n->kind == CS_NODE_ATTRIBUTE && (!field || field->type == CS_MILVUS_JSON);
}

bool cs_milvus_is_whole_field(const cs_milvus_writer *w, uint32_t number)
{
    const cs_filter_node *n = cs_milvus_node(w, number);
    if (n->kind == CS_NODE_FIELD)
        return cs_filter_fields[n->index].type == CS_TYPE_NUMBER && n->index != CS_FIELD_MTIME;
    const cs_milvus_field *field = field_of(w, n);
    return field && field->type >= CS_MILVUS_INT8 && field->type <= CS_MILVUS_INT64;
}
