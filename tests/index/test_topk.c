/* SPDX-License-Identifier: MIT
 * test_topk.c - the heap of the k best, against sorting everything. */
#include "index/topk.h"
#include "tap.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM = 500 };

static uint64_t seed = 1;

static uint32_t next_random(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

static int by_high_score(const void *a, const void *b)
{
    const cs_neighbour *x = a, *y = b;
    return x->score != y->score ? (x->score < y->score ? 1 : -1) : (x->id > y->id) - (x->id < y->id);
}

static int by_low_score(const void *a, const void *b)
{
    const cs_neighbour *x = a, *y = b;
    return x->score != y->score ? (x->score > y->score ? 1 : -1) : (x->id > y->id) - (x->id < y->id);
}

static bool same(const cs_neighbour *a, const cs_neighbour *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].id != b[i].id || a[i].score != b[i].score)
            return false;
    return true;
}

/* `values` different scores: few make many ties. */
static void test_stream(bool higher, uint32_t values)
{
    cs_neighbour stream[STREAM], sorted[STREAM], heap[STREAM + 20];
    bool pass = true, may_take = true;
    for (size_t k = 1; k <= STREAM + 20 && pass; k = k < 40 ? k + 1 : k + 97) {
        for (size_t i = 0; i < STREAM; i++) {
            stream[i].id = (int64_t)i * 7 - 1000;
            stream[i].score = (float)(next_random() % values) - (float)values / 2;
        }
        for (size_t i = STREAM - 1; i > 0; i--) { /* ids out of order */
            size_t j = next_random() % (i + 1);
            cs_neighbour swap = stream[i];
            stream[i] = stream[j];
            stream[j] = swap;
        }
        memcpy(sorted, stream, sizeof sorted);
        qsort(sorted, STREAM, sizeof *sorted, higher ? by_high_score : by_low_score);
        cs_topk top = cs_topk_make(heap, k, higher);
        for (size_t i = 0; i < STREAM; i++) {
            if (cs_topk_would_keep(&top, stream[i].score))
                cs_topk_offer(&top, stream[i].id, stream[i].score);
        }
        size_t expected = k < STREAM ? k : STREAM;
        may_take = may_take && !cs_topk_would_keep(&(cs_topk){.heap = heap, .k = 0}, 1.0f);
        pass = cs_topk_finish(&top) == expected && same(heap, sorted, expected);
    }
    TAP_OK(pass && may_take, "the k best of %d, %s is nearer, %u different scores", STREAM, higher ? "higher" : "lower",
           values);
}

static void test_odd_values(void)
{
    cs_neighbour heap[3];
    cs_topk top = cs_topk_make(heap, 3, true);
    cs_topk_offer(&top, 1, NAN);
    TAP_OK(top.count == 0, "a NaN does not enter an empty heap");
    cs_topk_offer(&top, 2, -INFINITY);
    cs_topk_offer(&top, 3, INFINITY);
    cs_topk_offer(&top, 4, 0.0f);
    cs_topk_offer(&top, 5, NAN);
    cs_topk_offer(&top, 1, -0.0f); /* equal to 0.0, lower id */
    TAP_OK(cs_topk_finish(&top) == 3 && heap[0].id == 3 && heap[1].id == 1 && heap[2].id == 4,
           "infinities are ordered, NaN stays out, -0 and 0 tie");
    top = cs_topk_make(heap, 0, true);
    cs_topk_offer(&top, 1, 1.0f);
    TAP_OK(cs_topk_finish(&top) == 0, "k of 0 keeps nothing");
    top = cs_topk_make(heap, 3, false);
    TAP_OK(cs_topk_finish(&top) == 0, "nothing offered");
    top = cs_topk_make(heap, 1, true);
    cs_topk_offer(&top, INT64_MAX, 1.0f);
    cs_topk_offer(&top, INT64_MIN, 1.0f);
    TAP_OK(cs_topk_finish(&top) == 1 && heap[0].id == INT64_MIN, "ids at both ends");
}

int main(void)
{
    test_stream(true, 1);
    test_stream(true, 5);
    test_stream(true, 100000);
    test_stream(false, 1);
    test_stream(false, 5);
    test_stream(false, 100000);
    test_odd_values();
    return tap_done();
}
