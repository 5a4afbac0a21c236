/* SPDX-License-Identifier: MIT
 * hnsw_delete.h - taking vectors out, and mending the graph. */
#ifndef CS_INDEX_HNSW_DELETE_H
#define CS_INDEX_HNSW_DELETE_H

#include "index/hnsw_graph.h"

/* Take the id of `row`, LIVE or SAME, out of what a search can find. Other ids may change rows. Both locks are held. */
void cs_hnsw_detach(cs_hnsw *hnsw, size_t row);
/* Zero a row that nothing leads to, and keep it for later. Both locks are held. */
void cs_hnsw_let_go(cs_hnsw *hnsw, uint32_t row);
/* Link what no path from the entry leads to. The writer's lock is held. */
clipsearch_status cs_hnsw_connect(cs_hnsw *hnsw, clipsearch_error *err);
/* Replace all links to DEAD rows by links to what lay behind them, free those rows and zero their bytes; then
 * cs_hnsw_connect. On failure the index is whole and finds what it found. The writer's lock is held. */
clipsearch_status cs_hnsw_mend(cs_hnsw *hnsw, cs_pool *pool, clipsearch_error *err);

#endif
