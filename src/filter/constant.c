/* SPDX-License-Identifier: MIT
 * constant.c - calculations with numbers alone. */
#include "filter/constant.h"

#include <math.h>

static cs_filter_number negative_of(cs_filter_number a)
{
    cs_filter_number n = {.real = -a.real};
    n.whole = a.whole && !__builtin_sub_overflow((int64_t)0, a.integer, &n.integer);
    return n;
}

/* What overflows, and all that is divided, is a real number. */
static cs_filter_number compute(cs_filter_kind kind, cs_filter_number a, cs_filter_number b)
{
    const bool whole = a.whole && b.whole;
    cs_filter_number n = {.whole = false};
    switch (kind) {
    case CS_NODE_ADD:
        n.whole = whole && !__builtin_add_overflow(a.integer, b.integer, &n.integer);
        n.real = a.real + b.real;
        break;
    case CS_NODE_SUBTRACT:
        n.whole = whole && !__builtin_sub_overflow(a.integer, b.integer, &n.integer);
        n.real = a.real - b.real;
        break;
    case CS_NODE_MULTIPLY:
        n.whole = whole && !__builtin_mul_overflow(a.integer, b.integer, &n.integer);
        n.real = a.real * b.real;
        break;
    case CS_NODE_DIVIDE:
        n.real = b.real == 0 ? NAN : a.real / b.real;
        break;
    default:
        n.whole = whole && b.integer != 0;
        n.integer = n.whole && b.integer != -1 ? a.integer % b.integer : 0;
        n.real = fmod(a.real, b.real);
        break;
    }
    return n;
}

bool cs_filter_fold(const cs_filter_tree *tree, uint32_t node, cs_filter_number *number)
{
    const cs_filter_node *n = &tree->nodes[node];
    cs_filter_number left, right;
    if (n->kind == CS_NODE_INTEGER) {
        *number = (cs_filter_number){.whole = true, .integer = n->integer, .real = (double)n->integer};
        return true;
    }
    if (n->kind == CS_NODE_REAL) {
        *number = (cs_filter_number){.real = n->real};
        return true;
    }
    if (n->kind < CS_NODE_NEGATIVE || n->kind > CS_NODE_REMAINDER || !cs_filter_fold(tree, n->left, &left))
        return false;
    if (n->kind == CS_NODE_NEGATIVE) {
        *number = negative_of(left);
        return true;
    }
    if (!cs_filter_fold(tree, n->right, &right))
        return false;
    *number = compute(n->kind, left, right);
    return true;
}
