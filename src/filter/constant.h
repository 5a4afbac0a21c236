/* SPDX-License-Identifier: MIT
 * constant.h - numbers in a filter that are known before any row is seen, for printers to languages that cannot
 * calculate. */
#ifndef CS_FILTER_CONSTANT_H
#define CS_FILTER_CONSTANT_H

#include "filter/tree.h"

typedef struct cs_filter_number {
    bool whole; /* `integer` has it exactly */
    int64_t integer;
    double real; /* in any case */
} cs_filter_number;

/* The number that a node is, or that is computed of numbers alone; false: it is none. A division by zero gives a NaN:
 * it has no value. */
bool cs_filter_fold(const cs_filter_tree *tree, uint32_t node, cs_filter_number *number);

#endif
