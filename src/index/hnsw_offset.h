/* SPDX-License-Identifier: MIT
 * hnsw_offset.h - the offset of 8-bit codes, computed again as a collection grows. */
#ifndef CS_INDEX_HNSW_OFFSET_H
#define CS_INDEX_HNSW_OFFSET_H

#include "index/hnsw_graph.h"

/* When the index holds twice as many vectors as the last time, make their mean the offset and quantize all of them
 * again; for an empty index the offset is the mean of the vectors [count, dim] about to be inserted. A large index is
 * quantized again only beside a large batch: one insert must not wait for a million others. Does nothing for codes
 * other than 8-bit ones. A vector much longer than most counts as a shorter one in the mean. CLIPSEARCH_E_MEMORY. The
 * writer's lock is held. */
clipsearch_status cs_hnsw_update_offset(cs_hnsw *hnsw, const float *vectors, size_t count, cs_pool *pool,
                                        clipsearch_error *err);

#endif
