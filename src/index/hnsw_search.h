/* SPDX-License-Identifier: MIT
 * hnsw_search.h - searching an HNSW index. */
#ifndef CS_INDEX_HNSW_SEARCH_H
#define CS_INDEX_HNSW_SEARCH_H

#include "index/hnsw_graph.h"

/* cs_index_search; takes the shared lock. */
clipsearch_status cs_hnsw_search(const cs_hnsw *hnsw, const float *query, const cs_index_search_params *params,
                                 cs_neighbour *out, size_t *found, clipsearch_error *err);

#endif
