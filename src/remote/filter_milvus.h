/* SPDX-License-Identifier: MIT
 * filter_milvus.h - a filter printed as an expression of Milvus. */
#ifndef CS_REMOTE_FILTER_MILVUS_H
#define CS_REMOTE_FILTER_MILVUS_H

#include "filter/tree.h"
#include "remote/milvus_schema.h"

/* Append the expression to `out`, which may stay empty: every item matches. *none: no item does, and no server need be
 * asked. What a server of the database's version cannot do, or would silently do in another way than our own filters,
 * is CLIPSEARCH_E_UNSUPPORTED with a sentence. Other errors: _MEMORY. */
clipsearch_status cs_filter_print_milvus(const cs_filter_tree *tree, const milvus_database *db,
                                         const cs_milvus_schema *schema, cs_buf *out, bool *none,
                                         clipsearch_error *err);

/* Append a text as a literal, in quotes. */
void cs_milvus_put_literal(cs_buf *out, const char *text, size_t size);
/* Append the condition that a path is `folder` or lies below it. `field` holds the path. */
void cs_milvus_put_under(cs_buf *out, const char *field, const char *folder, size_t size);

#endif
