/* SPDX-License-Identifier: MIT
 * hnsw_repair_step.h - repairing the graph around removed nodes a few rows at a time, beside other changes. */
#ifndef CS_INDEX_HNSW_REPAIR_STEP_H
#define CS_INDEX_HNSW_REPAIR_STEP_H

#include "index/hnsw_graph.h"

/* Continue a gradual repair, or begin one when `due`: repair the links to removed nodes of at most `rows` rows; once no
 * row links to those nodes any more, free their rows and zero their bytes. Searches go on meanwhile. After
 * CLIPSEARCH_E_MEMORY the index is as it was. The writer's lock is held. */
clipsearch_status cs_hnsw_repair_step(cs_hnsw *hnsw, bool due, size_t rows, clipsearch_error *err);

#endif
