/* SPDX-License-Identifier: MIT
 * hnsw_repair.h - repairing the graph: links to removed nodes, and nodes that nothing links to. */
#ifndef CS_INDEX_HNSW_REPAIR_H
#define CS_INDEX_HNSW_REPAIR_H

#include "index/hnsw_graph.h"

/* The most candidates that cs_hnsw_repair_links chooses among: what scratch must have room for. */
static inline size_t cs_hnsw_repair_candidates(const cs_hnsw *hnsw)
{
    return (hnsw->m0 + 1) * hnsw->m0;
}

/* Write to links [cap] what the row's links at a level should be: as they are, or, when one leads to a removed node,
 * algorithm 4's choice among the living neighbours of the row and of those removed nodes. scratch: for
 * cs_hnsw_repair_candidates. A lock is held. */
void cs_hnsw_repair_links(const cs_hnsw *hnsw, uint32_t row, int level, uint32_t *links, cs_hnsw_scratch *scratch);

/* Make some of the nodes that `row` links to link back, where they have links to spare: a search misses a node that
 * few others link to. The writer's lock is held. */
void cs_hnsw_add_links_back(cs_hnsw *hnsw, uint32_t row);

/* Add a link to every living node that no path from the entry leads to. CLIPSEARCH_E_MEMORY. The writer's lock is
 * held. */
clipsearch_status cs_hnsw_link_unreachable(cs_hnsw *hnsw, clipsearch_error *err);

/* Repair every row's links, free the rows of removed nodes and zero their bytes; then cs_hnsw_link_unreachable. After
 * CLIPSEARCH_E_MEMORY the index is whole and finds what it found before. The writer's lock is held. */
clipsearch_status cs_hnsw_repair_all(cs_hnsw *hnsw, cs_pool *pool, clipsearch_error *err);

#endif
