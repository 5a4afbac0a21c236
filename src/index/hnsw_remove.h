/* SPDX-License-Identifier: MIT
 * hnsw_remove.h - taking ids out of an HNSW index. */
#ifndef CS_INDEX_HNSW_REMOVE_H
#define CS_INDEX_HNSW_REMOVE_H

#include "index/hnsw_graph.h"

/* Take the id of `row`, LIVE or SAME, out of what a search can find. Other ids may change rows. Both locks are held. */
void cs_hnsw_remove_id(cs_hnsw *hnsw, size_t row);

/* Zero a row that nothing links to, and keep it for a later vector. Both locks are held. */
void cs_hnsw_free_row(cs_hnsw *hnsw, uint32_t row);

#endif
