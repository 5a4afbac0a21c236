/* SPDX-License-Identifier: MIT
 * filter_milvus_parts.h - the parts of an expression of Milvus that filter_milvus.c puts together. */
#ifndef CS_REMOTE_FILTER_MILVUS_PARTS_H
#define CS_REMOTE_FILTER_MILVUS_PARTS_H

#include "filter/constant.h"
#include "remote/milvus_schema.h"

/* One filter on its way into `out`. A number of a node is that in the tree. */
typedef struct cs_milvus_writer {
    const cs_filter_tree *tree;
    const milvus_database *db;
    const cs_milvus_schema *schema;
    cs_buf *out;
    clipsearch_status status; /* the first error */
    clipsearch_error *err;
} cs_milvus_writer;

/* ---- filter_milvus_values.c */

const cs_filter_node *cs_milvus_node(const cs_milvus_writer *w, uint32_t number);

void cs_milvus_put(cs_milvus_writer *w, const char *text);
/* Fail with CLIPSEARCH_E_UNSUPPORTED: `what` ends with "is" or "are", "not possible" follows. */
void cs_milvus_refuse(cs_milvus_writer *w, const char *what);

/* A condition that holds for all items, or for none. */
void cs_milvus_put_constant(cs_milvus_writer *w, bool all);

void cs_milvus_put_string(cs_milvus_writer *w, const cs_filter_node *n);
void cs_milvus_put_real(cs_milvus_writer *w, double real);
void cs_milvus_put_number(cs_milvus_writer *w, cs_filter_number number);

/* What the collection calls a built-in field (cs_filter_field); fails when its items have none. */
const char *cs_milvus_field_name(cs_milvus_writer *w, uint32_t index);
/* Whether a node is a field or an attribute; such a one written; whether an item may lack it; whether the server keeps
 * it as whole numbers. */
bool cs_milvus_is_variable(const cs_milvus_writer *w, uint32_t number);
void cs_milvus_put_variable(cs_milvus_writer *w, uint32_t number);
bool cs_milvus_may_lack(const cs_milvus_writer *w, uint32_t number);
bool cs_milvus_is_whole_field(const cs_milvus_writer *w, uint32_t number);

/* ---- filter_milvus_comparisons.c */

/* A variable and the operator behind it, CS_NODE_EQ to CS_NODE_GE. */
void cs_milvus_put_test(cs_milvus_writer *w, uint32_t variable, cs_filter_kind kind);
/* The same with a number behind that. */
void cs_milvus_put_number_test(cs_milvus_writer *w, uint32_t variable, cs_filter_kind kind, cs_filter_number number);
/* A whole comparison; != as ==, which the caller negates. */
void cs_milvus_put_comparison(cs_milvus_writer *w, const cs_filter_node *n);

/* ---- filter_milvus_lists.c */

void cs_milvus_put_in(cs_milvus_writer *w, const cs_filter_node *n);
void cs_milvus_put_contains(cs_milvus_writer *w, const cs_filter_node *n);
void cs_milvus_put_like(cs_milvus_writer *w, const cs_filter_node *n);

#endif
