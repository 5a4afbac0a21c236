/* SPDX-License-Identifier: MIT
 * quantize_lanes.h - quantizing a row as qgemm_c.c defines it, in the words of lanes_<set>.h, which is included before
 * it. */
#ifndef CS_KERNELS_QUANTIZE_LANES_H
#define CS_KERNELS_QUANTIZE_LANES_H

#include "kernels/qgemm_row.h"

/* Vectors are loaded with a mask only behind the last whole step. */
enum { QUANTIZE_PARTS = QGEMM_LANES / LANES, QUANTIZE_STEP = 4 * QGEMM_LANES };

static inline __attribute__((always_inline)) void see_any(lanes value, lanes *sum, lanes *low, lanes *high)
{
    *sum = lanes_add(*sum, lanes_abs(value));
    *low = lanes_min(value, *low);
    *high = lanes_max(value, *high);
}

/* The sum of all sizes, and the extremes of all values. */
static inline float see_all(const float *x, size_t k, qgemm_extremes *found)
{
    lanes sums[QUANTIZE_PARTS], low = lanes_zero(), high = lanes_zero();
    for (size_t p = 0; p < QUANTIZE_PARTS; p++)
        sums[p] = lanes_zero();
    size_t i = 0;
    for (; i + QGEMM_LANES <= k; i += QGEMM_LANES)
        for (size_t p = 0; p < QUANTIZE_PARTS; p++)
            see_any(lanes_load(x + i + p * LANES), &sums[p], &low, &high);
    for (size_t p = 0; p < QUANTIZE_PARTS && i < k; p++, i += LANES)
        see_any(lanes_load_first(x + i, k - i), &sums[p], &low, &high);
    *found = (qgemm_extremes){.least = -lanes_most(lanes_sub(lanes_zero(), low)), .most = lanes_most(high)};
    found->size = -found->least > found->most ? -found->least : found->most;
    return lanes_total(sums);
}

typedef struct extremes_so_far {
    lanes low, high, all, over;
} extremes_so_far;

static inline __attribute__((always_inline)) void see(lanes value, lanes limit, extremes_so_far *so_far)
{
    const lanes size = lanes_abs(value);
    const lanes_mask wide = lanes_greater(size, limit);
    const lanes kept = lanes_select(wide, lanes_zero(), value);
    so_far->over = lanes_add(so_far->over, lanes_keep(wide, lanes_set(1)));
    so_far->low = lanes_min(kept, so_far->low);
    so_far->high = lanes_max(kept, so_far->high);
    so_far->all = lanes_max(size, so_far->all);
}

static inline qgemm_extremes find_extremes(const float *x, size_t k, float limit)
{
    const lanes most = lanes_set(limit), zero = lanes_zero();
    extremes_so_far a = {zero, zero, zero, zero}, b = a;
    size_t i = 0;
    for (; i + 2 * LANES <= k; i += 2 * LANES) {
        see(lanes_load(x + i), most, &a);
        see(lanes_load(x + i + LANES), most, &b);
    }
    for (; i < k; i += LANES)
        see(lanes_load_first(x + i, k - i), most, &a);
    lanes over[QUANTIZE_PARTS];
    for (size_t p = 0; p < QUANTIZE_PARTS; p++)
        over[p] = p ? zero : lanes_add(a.over, b.over);
    return (qgemm_extremes){.least = -lanes_most(lanes_sub(zero, lanes_min(a.low, b.low))),
                            .most = lanes_most(lanes_max(a.high, b.high)),
                            .size = lanes_most(lanes_max(a.all, b.all)),
                            .over = (size_t)lanes_total(over)};
}

/* Codes, and when `rest` is not NULL what they leave of the values that are not wide. */
static inline __attribute__((always_inline)) void encode(const float *x, size_t k, const qgemm_scale *s, uint8_t *codes,
                                                         float *rest)
{
    const lanes most = lanes_set(s->limit), inverse = lanes_set(s->inverse), scale = lanes_set(s->scale);
    const lanes end = lanes_set((float)(s->most - s->zero));
    const int32_t zero = s->zero;
    for (size_t i = 0; i < k;) {
        const size_t n = k - i < LANES ? k - i : LANES;
        const lanes value = n == LANES ? lanes_load(x + i) : lanes_load_first(x + i, n);
        const lanes kept = lanes_select(lanes_greater(lanes_abs(value), most), lanes_zero(), value);
        const lanes whole = lanes_min(lanes_round(lanes_mul(kept, inverse)), end);
        lanes_store_bytes(codes + i, n, whole, zero);
        if (rest)
            lanes_store_first(rest + i, n, lanes_sub(value, lanes_mul(whole, scale)));
        i += n;
    }
}

static void quantize(const float *x, size_t k, int32_t most_code, uint8_t *codes, cs_qgemm_row *row, float *rest)
{
    qgemm_scale s = {.most = most_code};
    memset(codes + k / CS_QGEMM_GROUP * CS_QGEMM_GROUP, 0, k % CS_QGEMM_GROUP ? CS_QGEMM_GROUP : 0);
    qgemm_extremes found;
    const float total = see_all(x, k, &found);
    s.limit = qgemm_first_limit(total, k);
    if (total <= FLT_MAX && found.size > s.limit) /* most rows have no wide values */
        while ((found = find_extremes(x, k, s.limit)).over > CS_QGEMM_WIDE)
            s.limit *= QGEMM_WIDE_GROWTH;
    if (!qgemm_choose_scale(total, &found, &s, row)) {
        qgemm_leave_all(x, k, codes, row, rest);
        return;
    }
    if (rest)
        encode(x, k, &s, codes, rest);
    else
        encode(x, k, &s, codes, NULL);
    if (!found.over)
        return;
    for (size_t i = 0; i < k; i += QUANTIZE_STEP) {
        lanes most = lanes_zero();
        for (size_t j = i; j < k && j < i + QUANTIZE_STEP; j += LANES)
            most = lanes_max(lanes_abs(lanes_load_first(x + j, k - j)), most);
        if (lanes_most(most) > s.limit)
            for (size_t j = i; j < k && j < i + QUANTIZE_STEP; j++)
                qgemm_keep_wide(x, j, &s, row, rest);
    }
}

#endif
