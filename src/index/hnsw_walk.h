/* SPDX-License-Identifier: MIT
 * hnsw_walk.h - walking the graph and choosing neighbours: what building, searching and repairing share. */
#ifndef CS_INDEX_HNSW_WALK_H
#define CS_INDEX_HNSW_WALK_H

#include "index/hnsw_graph.h"

/* Algorithm 2 with ef = 1, from the entry down to `level` + 1: the node nearest to scratch->query, into
 * scratch->pool[0]. */
void cs_hnsw_descend(const cs_hnsw *hnsw, int level, cs_hnsw_scratch *scratch);

/* Algorithm 2: the `ef` nodes nearest to scratch->query at `level`, from the first `starts` of scratch->pool (1 to ef,
 * nearest first), into scratch->pool, nearest first; DEAD ones among them. Returns how many. */
size_t cs_hnsw_walk(const cs_hnsw *hnsw, size_t starts, size_t ef, int level, cs_hnsw_scratch *scratch);

/* Algorithm 4: at most `most` of candidates [count] (nearest first; the call overwrites them) into links, ended by NONE
 * when fewer than `cap`. count <= scratch->sort_capacity. */
void cs_hnsw_choose(const cs_hnsw *hnsw, cs_hnsw_node *candidates, size_t count, size_t most, size_t cap,
                    uint32_t *links, cs_hnsw_scratch *scratch);

/* Nearest first, ties by row. */
void cs_hnsw_sort(cs_hnsw_node *nodes, size_t count);

#endif
