/* SPDX-License-Identifier: MIT
 * hnsw_train.h - the offset of 8-bit codes, taken anew as a collection grows. */
#ifndef CS_INDEX_HNSW_TRAIN_H
#define CS_INDEX_HNSW_TRAIN_H

#include "index/hnsw_graph.h"

/* When there are twice as many vectors as at the last time, take the mean of those in the index for the offset and code
 * them all anew; for an empty index the mean of what is about to come, vectors [count, dim]. Of a large index only
 * beside a large batch: one insert is not to wait for a million others. Nothing for other codes. The writer's lock is
 * held. */
clipsearch_status cs_hnsw_train(cs_hnsw *hnsw, const float *vectors, size_t count, cs_pool *pool,
                                clipsearch_error *err);

#endif
