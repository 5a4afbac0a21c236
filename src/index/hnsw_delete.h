/* SPDX-License-Identifier: MIT
 * hnsw_delete.h - taking vectors out, and mending the graph. */
#ifndef CS_INDEX_HNSW_DELETE_H
#define CS_INDEX_HNSW_DELETE_H

#include "index/hnsw_graph.h"

static inline size_t cs_hnsw_mend_sort(const cs_hnsw *hnsw)
{
    return (hnsw->m0 + 1) * hnsw->m0;
}

/* Take the id of `row`, LIVE or SAME, out of what a search can find. Other ids may change rows. Both locks are held. */
void cs_hnsw_detach(cs_hnsw *hnsw, size_t row);
/* Zero a row that nothing leads to, and keep it for later. Both locks are held. */
void cs_hnsw_let_go(cs_hnsw *hnsw, uint32_t row);
/* What row's links at a level should be, into links [cap]: with one to a removed node among them algorithm 4's choice
 * among its living neighbours and those of the removed. scratch: for a choice among cs_hnsw_mend_sort. A lock is
 * held. */
void cs_hnsw_mend_links(const cs_hnsw *hnsw, uint32_t row, int level, uint32_t *links, cs_hnsw_scratch *scratch);
/* Let some of those that `row` links to link back, where they have links to spare: a node that few lead to is missed.
 * The writer's lock is held. */
void cs_hnsw_answer(cs_hnsw *hnsw, uint32_t row);
/* Link what no path from the entry leads to. The writer's lock is held. */
clipsearch_status cs_hnsw_connect(cs_hnsw *hnsw, clipsearch_error *err);
/* Replace all links to DEAD rows by links to what lay behind them, free those rows and zero their bytes; then
 * cs_hnsw_connect. On failure the index is whole and finds what it found. The writer's lock is held. */
clipsearch_status cs_hnsw_mend(cs_hnsw *hnsw, cs_pool *pool, clipsearch_error *err);

#endif
