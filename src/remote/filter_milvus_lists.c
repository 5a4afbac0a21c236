/* SPDX-License-Identifier: MIT
 * filter_milvus_lists.c - in, like and what else looks into a list or a text, in an expression of Milvus. */
#include "remote/filter_milvus_parts.h"

#include "remote/filter_milvus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values of one kind are one list of Milvus. Whole numbers are written as real ones for attributes: a list of whole
 * numbers would not find 1.0. Above 2^53 they are compared one by one. */
static bool is_listed(const cs_milvus_writer *w, const cs_filter_node *list, const cs_filter_node *value, bool text)
{
    if (text)
        return value->kind == CS_NODE_STRING;
    if (value->kind == CS_NODE_INTEGER)
        return cs_milvus_is_whole_field(w, list->left) || llabs(value->integer) <= 1LL << 53;
    return value->kind == CS_NODE_REAL && !cs_milvus_is_whole_field(w, list->left) && isfinite(value->real);
}

static bool put_list(cs_milvus_writer *w, const cs_filter_node *n, bool text, bool any)
{
    bool begun = false;
    for (uint32_t i = n->first; i < n->first + n->count; i++) {
        const cs_filter_node *value = cs_milvus_node(w, i);
        if (!is_listed(w, n, value, text))
            continue;
        if (!begun) {
            cs_milvus_put(w, any ? " or " : "");
            cs_milvus_put_variable(w, n->left);
        }
        cs_milvus_put(w, begun ? ", " : " in [");
        if (text)
            cs_milvus_put_string(w, value);
        else if (cs_milvus_is_whole_field(w, n->left))
            cs_buf_printf(w->out, "%lld", (long long)value->integer);
        else
            cs_milvus_put_real(w, value->kind == CS_NODE_INTEGER ? (double)value->integer : value->real);
        begun = true;
    }
    cs_milvus_put(w, begun ? "]" : "");
    return any || begun;
}

void cs_milvus_put_in(cs_milvus_writer *w, const cs_filter_node *n)
{
    if (!cs_milvus_is_variable(w, n->left)) {
        cs_milvus_refuse(w, "a list that a computed value is in is");
        return;
    }
    cs_milvus_put(w, "(");
    bool any = put_list(w, n, true, false);
    any = put_list(w, n, false, any);
    for (uint32_t i = n->first; i < n->first + n->count; i++) {
        const cs_filter_node *value = cs_milvus_node(w, i);
        if (is_listed(w, n, value, true) || is_listed(w, n, value, false))
            continue;
        cs_milvus_put(w, any ? " or " : "");
        if (value->kind == CS_NODE_BOOLEAN) {
            cs_milvus_put_test(w, n->left, CS_NODE_EQ);
            cs_milvus_put(w, value->integer ? "true" : "false");
        } else {
            cs_filter_number number = {0}; /* parsed as one */
            cs_filter_fold(w->tree, i, &number);
            cs_milvus_put_number_test(w, n->left, CS_NODE_EQ, number);
        }
        any = true;
    }
    if (!any)
        cs_milvus_put_constant(w, false);
    cs_milvus_put(w, ")");
}

void cs_milvus_put_contains(cs_milvus_writer *w, const cs_filter_node *n)
{
    cs_filter_number number;
    const cs_filter_node *value = cs_milvus_node(w, n->left);
    cs_milvus_put(w, "json_contains(");
    cs_milvus_put_variable(w, n->right);
    cs_milvus_put(w, ", ");
    if (value->kind == CS_NODE_STRING)
        cs_milvus_put_string(w, value);
    else if (value->kind == CS_NODE_BOOLEAN)
        cs_milvus_put(w, value->integer ? "true" : "false");
    else if (!cs_filter_fold(w->tree, n->left, &number) || !isfinite(number.real))
        cs_milvus_refuse(w, "looking for anything but a constant in a list is");
    else
        cs_milvus_put_number(w, number);
    cs_milvus_put(w, ")");
}

void cs_milvus_put_under(cs_buf *out, const char *field, const char *folder, size_t size)
{
    cs_buf_printf(out, "(%s == ", field);
    cs_milvus_put_literal(out, folder, size);
    for (int i = 0; i < 2; i++) { /* behind the path and '/', and before the path and '0', the byte after '/' */
        cs_buf_printf(out, i ? " and %s < " : " or (%s > ", field);
        cs_milvus_put_literal(out, folder, size);
        if (!out->failed)
            out->len--; /* the quote */
        cs_buf_puts(out, i ? "0\"" : "/\"");
    }
    cs_buf_puts(out, "))");
}

/* How much of a pattern is plain text, which `plain` receives, and whether all that follows it is one %. */
static bool is_beginning(const char *text, size_t size, cs_buf *plain, bool *whole)
{
    size_t i = 0;
    for (; i < size && text[i] != '%' && text[i] != '_'; i++) {
        if (text[i] == '\\' && i + 1 < size && strchr("%_\\", text[i + 1]))
            i++;
        cs_buf_putc(plain, text[i]);
    }
    *whole = i == size;
    while (i < size && text[i] == '%')
        i++;
    return i == size;
}

/* Up to 2.3 only the beginning of a text can be given. It is asked for by its order, which knows no special characters:
 * behind it no text comes that begins with it and the last of all characters. */
void cs_milvus_put_like(cs_milvus_writer *w, const cs_filter_node *n)
{
    static const char last[] = "\xf4\x8f\xbf\xbf";
    const cs_filter_node *pattern = cs_milvus_node(w, n->right);
    const char *text = w->tree->texts.data + pattern->text;
    cs_buf plain = cs_buf_make(CS_FILTER_MAX_BYTES);
    bool whole;
    if (!cs_milvus_is_variable(w, n->left)) {
        cs_milvus_refuse(w, "like behind anything but a field or attribute is");
    } else if (is_beginning(text, pattern->text_size, &plain, &whole)) {
        cs_milvus_put(w, "(");
        cs_milvus_put_test(w, n->left, whole ? CS_NODE_EQ : CS_NODE_GE);
        cs_milvus_put_literal(w->out, plain.data ? plain.data : "", plain.len);
        if (!whole) {
            cs_milvus_put(w, " and ");
            cs_milvus_put_test(w, n->left, CS_NODE_LT);
            cs_buf_puts(&plain, last);
            cs_milvus_put_literal(w->out, plain.data ? plain.data : "", plain.len);
        }
        cs_milvus_put(w, ")");
    } else if (!cs_milvus_is_since(w->db, 2, 4)) {
        cs_milvus_refuse(w, "like with anything but one % at the end is");
    } else {
        cs_milvus_put_variable(w, n->left);
        cs_milvus_put(w, " like ");
        cs_milvus_put_string(w, pattern);
    }
    if (plain.failed)
        w->out->failed = true;
    cs_buf_free(&plain);
}
