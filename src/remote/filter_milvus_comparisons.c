/* SPDX-License-Identifier: MIT
 * filter_milvus_comparisons.c - comparisons in an expression of Milvus. */
#include "remote/filter_milvus_parts.h"

#include <math.h>
#include <string.h>

static const char *const operators[] = {" == ", " != ", " < ", " <= ", " > ", " >= "};

void cs_milvus_put_test(cs_milvus_writer *w, uint32_t variable, cs_filter_kind kind)
{
    cs_milvus_put_variable(w, variable);
    cs_milvus_put(w, operators[kind - CS_NODE_EQ]);
}

/* A field of whole numbers with a real one: Milvus would refuse it or cut the fraction off. */
static void put_whole_with_real(cs_milvus_writer *w, uint32_t variable, cs_filter_kind kind, double real)
{
    const bool is_integer = floor(real) == real, up = kind == CS_NODE_LT || kind == CS_NODE_GE;
    const double limit = up ? ceil(real) : floor(real);
    if (kind == CS_NODE_EQ && !is_integer)
        cs_milvus_put_constant(w, false);
    else if (limit >= 0x1p63 || limit < -0x1p63)
        cs_milvus_put_constant(w, kind != CS_NODE_EQ && (limit > 0) == (kind == CS_NODE_LT || kind == CS_NODE_LE));
    else {
        cs_milvus_put_test(w, variable, kind);
        cs_buf_printf(w->out, "%lld", (long long)limit);
    }
}

void cs_milvus_put_number_test(cs_milvus_writer *w, uint32_t variable, cs_filter_kind kind, cs_filter_number number)
{
    const double real = number.real;
    if (isnan(real)) {
        cs_milvus_put_constant(w, false);
    } else if (!number.whole && cs_milvus_is_whole_field(w, variable)) {
        put_whole_with_real(w, variable, kind, real);
    } else if (isinf(real)) { /* above or below all that JSON can hold */
        if (kind == CS_NODE_EQ || (real > 0) == (kind == CS_NODE_GT || kind == CS_NODE_GE)) {
            cs_milvus_put_constant(w, false);
        } else {
            cs_milvus_put_test(w, variable, real > 0 ? CS_NODE_LE : CS_NODE_GE);
            cs_milvus_put_real(w, real > 0 ? 1.7976931348623157e308 : -1.7976931348623157e308);
        }
    } else {
        cs_milvus_put_test(w, variable, kind);
        cs_milvus_put_number(w, number);
    }
}

static cs_filter_kind mirrored(cs_filter_kind kind)
{
    switch (kind) {
    case CS_NODE_LT:
        return CS_NODE_GT;
    case CS_NODE_LE:
        return CS_NODE_GE;
    case CS_NODE_GT:
        return CS_NODE_LT;
    case CS_NODE_GE:
        return CS_NODE_LE;
    default:
        return kind;
    }
}

/* Both sides are constants. */
static void put_known(cs_milvus_writer *w, cs_filter_kind kind, int order)
{
    cs_milvus_put_constant(w, kind == CS_NODE_EQ   ? order == 0
                              : kind == CS_NODE_LT ? order < 0
                              : kind == CS_NODE_LE ? order <= 0
                              : kind == CS_NODE_GT ? order > 0
                                                   : order >= 0);
}

static int compare_texts(const cs_milvus_writer *w, const cs_filter_node *a, const cs_filter_node *b)
{
    const size_t n = a->text_size < b->text_size ? a->text_size : b->text_size;
    const int order = memcmp(w->tree->texts.data + a->text, w->tree->texts.data + b->text, n);
    return order ? order : (a->text_size > b->text_size) - (a->text_size < b->text_size);
}

static void put_known_comparison(cs_milvus_writer *w, cs_filter_kind kind, uint32_t left, uint32_t right)
{
    cs_filter_number x, y;
    const cs_filter_node *a = cs_milvus_node(w, left), *b = cs_milvus_node(w, right);
    const bool numbers = cs_filter_fold(w->tree, left, &x) && cs_filter_fold(w->tree, right, &y);
    if (a->kind == CS_NODE_STRING && b->kind == CS_NODE_STRING)
        put_known(w, kind, compare_texts(w, a, b));
    else if (a->kind == CS_NODE_BOOLEAN && b->kind == CS_NODE_BOOLEAN)
        put_known(w, kind, (int)a->integer - (int)b->integer);
    else if (numbers && x.whole && y.whole)
        put_known(w, kind, (x.integer > y.integer) - (x.integer < y.integer));
    else if (numbers && !isnan(x.real) && !isnan(y.real))
        put_known(w, kind, (x.real > y.real) - (x.real < y.real));
    else if (numbers || (a->kind == CS_NODE_STRING) != (b->kind == CS_NODE_STRING) || a->kind == CS_NODE_BOOLEAN ||
             b->kind == CS_NODE_BOOLEAN)
        cs_milvus_put_constant(w, false);
    else
        cs_milvus_refuse(w, "arithmetic with fields or attributes is");
}

/* A comparison of two fields: both must be numbers of one kind, or texts. */
static void put_two_variables(cs_milvus_writer *w, cs_filter_kind kind, uint32_t left, uint32_t right)
{
    if (cs_milvus_node(w, left)->kind != CS_NODE_FIELD || cs_milvus_node(w, right)->kind != CS_NODE_FIELD) {
        cs_milvus_refuse(w, "comparing attributes with one another is");
        return;
    }
    cs_milvus_put_test(w, left, kind);
    cs_milvus_put_variable(w, right);
}

void cs_milvus_put_comparison(cs_milvus_writer *w, const cs_filter_node *n)
{
    cs_filter_kind kind = n->kind == CS_NODE_NE ? CS_NODE_EQ : n->kind; /* the caller turns it round */
    uint32_t left = n->left, right = n->right;
    cs_filter_number number;
    if (cs_milvus_is_variable(w, left) && cs_milvus_is_variable(w, right)) {
        put_two_variables(w, kind, left, right);
        return;
    }
    if (cs_milvus_is_variable(w, right)) {
        left = n->right;
        right = n->left;
        kind = mirrored(kind);
    }
    if (!cs_milvus_is_variable(w, left)) {
        put_known_comparison(w, kind, left, right);
        return;
    }
    const cs_filter_node *value = cs_milvus_node(w, right);
    if (value->kind == CS_NODE_STRING) {
        cs_milvus_put_test(w, left, kind);
        cs_milvus_put_string(w, value);
    } else if (value->kind == CS_NODE_BOOLEAN) {
        cs_milvus_put_test(w, left, kind);
        cs_milvus_put(w, value->integer ? "true" : "false");
    } else if (cs_filter_fold(w->tree, right, &number)) {
        cs_milvus_put_number_test(w, left, kind, number);
    } else {
        cs_milvus_refuse(w, "arithmetic with fields or attributes is");
    }
}
