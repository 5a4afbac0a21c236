/* SPDX-License-Identifier: MIT
 * filter_milvus.c - prints a filter in Milvus's language. Every condition is true or false for every item, as in SQL
 * (store/filter_sql.c): what an item does not have is equal to nothing and in no order. */
#include "remote/filter_milvus.h"

#include "base/utf8.h"
#include "remote/filter_milvus_parts.h"

/* Far above what the limits of filter.h let through. */
enum { MAX_EXPRESSION = 16 << 20 };

static void put_leaf(cs_milvus_writer *w, const cs_filter_node *n)
{
    switch (n->kind) {
    case CS_NODE_BOOLEAN:
        cs_milvus_put_constant(w, n->integer != 0);
        break;
    case CS_NODE_TRUTH:
        cs_milvus_put_test(w, n->left, CS_NODE_EQ);
        cs_milvus_put(w, "true");
        break;
    case CS_NODE_IN:
        cs_milvus_put_in(w, n);
        break;
    case CS_NODE_CONTAINS:
        cs_milvus_put_contains(w, n);
        break;
    case CS_NODE_LIKE:
        cs_milvus_put_like(w, n);
        break;
    case CS_NODE_UNDER:
        cs_milvus_put_under(w->out, cs_milvus_field_name(w, CS_FIELD_PATH),
                            w->tree->texts.data + cs_milvus_node(w, n->right)->text,
                            cs_milvus_node(w, n->right)->text_size);
        break;
    case CS_NODE_IS_NULL:
        if (cs_milvus_may_lack(w, n->left)) {
            cs_milvus_put(w, "not (exists ");
            cs_milvus_put_variable(w, n->left);
            cs_milvus_put(w, ")");
        } else {
            cs_milvus_put_constant(w, false);
        }
        break;
    default:
        cs_milvus_put_comparison(w, n);
        break;
    }
}

/* The attribute of a leaf that an item may lack, or UINT32_MAX. */
static uint32_t lacking(const cs_milvus_writer *w, const cs_filter_node *n)
{
    if (n->kind == CS_NODE_IS_NULL || n->kind == CS_NODE_BOOLEAN || n->kind == CS_NODE_UNDER)
        return UINT32_MAX;
    if (n->kind == CS_NODE_CONTAINS)
        return n->right;
    if (cs_milvus_may_lack(w, n->left))
        return n->left;
    return n->kind >= CS_NODE_EQ && n->kind <= CS_NODE_GE && cs_milvus_may_lack(w, n->right) ? n->right : UINT32_MAX;
}

/* An item without the attribute matches what is negated: said as such, because not every version of Milvus agrees. */
static void put_negated(cs_milvus_writer *w, const cs_filter_node *n)
{
    const uint32_t attribute = lacking(w, n);
    if (attribute != UINT32_MAX) {
        cs_milvus_put(w, "(not (exists ");
        cs_milvus_put_variable(w, attribute);
        cs_milvus_put(w, ") or ");
    }
    cs_milvus_put(w, "not (");
    put_leaf(w, n);
    cs_milvus_put(w, attribute != UINT32_MAX ? "))" : ")");
}

/* Chains of and (or) lean to the left, and are printed without recursion; what nests recurses, as deep as the
 * parentheses. Negation goes down to the leaves. */
static void put_condition(cs_milvus_writer *w, uint32_t number, bool negated)
{
    if (w->status != CLIPSEARCH_OK || w->out->failed)
        return;
    for (; cs_milvus_node(w, number)->kind == CS_NODE_NOT; number = cs_milvus_node(w, number)->left)
        negated = !negated;
    const cs_filter_node *n = cs_milvus_node(w, number);
    if (n->kind != CS_NODE_AND && n->kind != CS_NODE_OR) {
        if (negated != (n->kind == CS_NODE_NE))
            put_negated(w, n);
        else
            put_leaf(w, n);
        return;
    }
    const cs_filter_kind kind = n->kind;
    const char *between = (kind == CS_NODE_AND) != negated ? " and " : " or ";
    cs_milvus_put(w, "(");
    for (; cs_milvus_node(w, number)->kind == kind; number = cs_milvus_node(w, number)->left) {
        put_condition(w, cs_milvus_node(w, number)->right, negated);
        cs_milvus_put(w, between);
    }
    put_condition(w, number, negated);
    cs_milvus_put(w, ")");
}

clipsearch_status cs_filter_print_milvus(const cs_filter_tree *tree, const milvus_database *db,
                                         const cs_milvus_schema *schema, cs_buf *out, bool *none, clipsearch_error *err)
{
    const cs_filter_node *root = &tree->nodes[tree->root];
    cs_milvus_writer w = {.tree = tree, .db = db, .schema = schema, .out = out, .err = err};
    *none = root->kind == CS_NODE_BOOLEAN && !root->integer;
    if (root->kind == CS_NODE_BOOLEAN)
        return CLIPSEARCH_OK;
    put_condition(&w, tree->root, false);
    if (!out->failed && !cs_is_utf8(out->data, out->len))
        cs_milvus_refuse(&w, "text that is not UTF-8 is");
    if (w.status == CLIPSEARCH_OK && (out->failed || out->len > MAX_EXPRESSION))
        return out->failed ? cs_fail_memory(err, "a filter")
                           : cs_fail(err, CLIPSEARCH_E_LIMIT, "the filter is too long");
    return w.status;
}
