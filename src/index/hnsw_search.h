/* SPDX-License-Identifier: MIT
 * hnsw_search.h - searching an HNSW index. */
#ifndef CS_INDEX_HNSW_SEARCH_H
#define CS_INDEX_HNSW_SEARCH_H

#include "index/hnsw_graph.h"

/* cs_index_search; takes the shared lock. `pool` serves a scan of codes; a walk is one thread's work. */
clipsearch_status cs_hnsw_search(const cs_hnsw *hnsw, const float *query, const cs_index_search_params *params,
                                 cs_pool *pool, cs_neighbour *out, size_t *found, clipsearch_error *err);

/* As cs_index_hnsw_shares_search; takes the shared lock. */
bool cs_hnsw_shares_search(const cs_hnsw *hnsw, const float *query, const cs_index_search_params *params);

/* The score of a row, from its exact vector. Its page has been verified. */
float cs_hnsw_exact_score(const cs_hnsw *hnsw, const float *query, uint32_t row);

#endif
