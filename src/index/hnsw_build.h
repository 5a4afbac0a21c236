/* SPDX-License-Identifier: MIT
 * hnsw_build.h - putting vectors into the graph. */
#ifndef CS_INDEX_HNSW_BUILD_H
#define CS_INDEX_HNSW_BUILD_H

#include "index/hnsw_graph.h"

/* cs_index_put_many; the writer's lock is held. */
clipsearch_status cs_hnsw_put_many(cs_hnsw *hnsw, const int64_t *ids, const float *vectors, size_t count, cs_pool *pool,
                                   clipsearch_error *err);

#endif
