/* SPDX-License-Identifier: MIT
 * topk.h - the k best of a stream of scored ids. */
#ifndef CS_INDEX_TOPK_H
#define CS_INDEX_TOPK_H

#include "index/index.h"

/* A bounded heap over the caller's array, worst on top. nearer_is_higher: cosine and inner product. */
typedef struct cs_topk {
    cs_neighbour *heap; /* [k] */
    size_t k, count;
    bool nearer_is_higher;
} cs_topk;

cs_topk cs_topk_make(cs_neighbour *storage, size_t k, bool nearer_is_higher);
void cs_topk_offer(cs_topk *top, int64_t id, float score);
/* Sort storage best first, ties by ascending id; returns how many there are. The heap is spent. */
size_t cs_topk_finish(cs_topk *top);

#endif
