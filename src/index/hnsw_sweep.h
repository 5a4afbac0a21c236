/* SPDX-License-Identifier: MIT
 * hnsw_sweep.h - mending the graph around removed nodes a few rows at a time, beside other changes. */
#ifndef CS_INDEX_HNSW_SWEEP_H
#define CS_INDEX_HNSW_SWEEP_H

#include "index/hnsw_graph.h"

/* Go on with a sweep, or begin one when `due`: mend the links of at most `rows` rows that lead to removed nodes; once
 * no row's do, free those nodes' rows and zero their bytes. Searches go on meanwhile. On failure (CLIPSEARCH_E_MEMORY)
 * the index is as it was. The writer's lock is held. */
clipsearch_status cs_hnsw_sweep(cs_hnsw *hnsw, bool due, size_t rows, clipsearch_error *err);

#endif
