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
/* Which k remain depends only on what was offered, not on its order: of equal scores the lower id is the better. A NaN
 * is never kept. */
void cs_topk_offer(cs_topk *top, int64_t id, float score);
/* Sort storage best first, ties by ascending id; returns how many there are. The heap cannot be used again. */
size_t cs_topk_finish(cs_topk *top);

/* False when an offer of this score would change nothing: a scan asks inline, before the cost of the call. */
static inline bool cs_topk_would_keep(const cs_topk *top, float score)
{
    if (top->count < top->k)
        return true;
    return top->k > 0 && (top->nearer_is_higher ? score >= top->heap[0].score : score <= top->heap[0].score);
}

#endif
