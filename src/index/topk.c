/* SPDX-License-Identifier: MIT
 * topk.c - a binary heap whose top is the worst neighbour kept. */
#include "index/topk.h"

#include <math.h>

/* (score, id) is a total order, so the k best are one set whatever the order of the offers. */
static bool is_worse(cs_neighbour a, cs_neighbour b, bool nearer_is_higher)
{
    if (a.score != b.score)
        return nearer_is_higher ? a.score < b.score : a.score > b.score;
    return a.id > b.id;
}

/* Put `entry` at `hole` or below it, so that no child is worse than its parent. */
static void sift_down(cs_topk *top, size_t hole, cs_neighbour entry)
{
    for (;;) {
        size_t child = 2 * hole + 1;
        if (child >= top->count)
            break;
        if (child + 1 < top->count && is_worse(top->heap[child + 1], top->heap[child], top->nearer_is_higher))
            child++;
        if (!is_worse(top->heap[child], entry, top->nearer_is_higher))
            break;
        top->heap[hole] = top->heap[child];
        hole = child;
    }
    top->heap[hole] = entry;
}

cs_topk cs_topk_make(cs_neighbour *storage, size_t k, bool nearer_is_higher)
{
    return (cs_topk){.heap = storage, .k = k, .nearer_is_higher = nearer_is_higher};
}

void cs_topk_offer(cs_topk *top, int64_t id, float score)
{
    cs_neighbour entry = {.id = id, .score = score};
    if (isnan(score) || top->k == 0)
        return;
    if (top->count == top->k) {
        if (is_worse(top->heap[0], entry, top->nearer_is_higher))
            sift_down(top, 0, entry);
        return;
    }
    size_t hole = top->count++;
    while (hole > 0 && is_worse(entry, top->heap[(hole - 1) / 2], top->nearer_is_higher)) {
        top->heap[hole] = top->heap[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    top->heap[hole] = entry;
}

size_t cs_topk_finish(cs_topk *top)
{
    size_t found = top->count;
    while (top->count > 1) { /* heap sort: the worst goes to the end, again and again */
        cs_neighbour worst = top->heap[0];
        cs_neighbour last = top->heap[--top->count];
        sift_down(top, 0, last);
        top->heap[top->count] = worst;
    }
    top->count = 0;
    return found;
}
