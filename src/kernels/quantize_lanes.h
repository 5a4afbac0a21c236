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
    lanes low, high, over;
} extremes_so_far;

static inline __attribute__((always_inline)) void see(lanes value, lanes limit, extremes_so_far *so_far)
{
    const lanes_mask wide = lanes_greater(lanes_abs(value), limit);
    const lanes kept = lanes_select(wide, lanes_zero(), value);
    so_far->over = lanes_add(so_far->over, lanes_keep(wide, lanes_set(1)));
    so_far->low = lanes_min(kept, so_far->low);
    so_far->high = lanes_max(kept, so_far->high);
}

/* `found`, of all values, becomes that of those up to `limit` in size. */
static inline void find_extremes(const float *x, size_t k, float limit, qgemm_extremes *found)
{
    const lanes most = lanes_set(limit), zero = lanes_zero();
    extremes_so_far a = {zero, zero, zero}, b = a;
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
    found->least = -lanes_most(lanes_sub(zero, lanes_min(a.low, b.low)));
    found->most = lanes_most(lanes_max(a.high, b.high));
    found->over = (size_t)lanes_total(over);
}

/* What `encode` makes codes with. */
typedef struct encoding {
    lanes limit, inverse, scale, end; /* end: of the greatest code */
    bool wide;                        /* whether there are values over the limit, whose code is that of 0 */
} encoding;

/* A value's code without the zero point, which `rest` [n], unless it is NULL, lacks. Without a rest nothing asks for
 * the whole number before it is stored, which rounds: the greatest code is one, so it may be compared first. */
static inline __attribute__((always_inline)) lanes code_of(lanes value, size_t n, const encoding *e, float *rest)
{
    const lanes kept = e->wide ? lanes_select(lanes_greater(lanes_abs(value), e->limit), lanes_zero(), value) : value;
    const lanes near = lanes_mul(kept, e->inverse);
    if (!rest)
        return lanes_min(near, e->end);
    const lanes whole = lanes_min(lanes_round(near), e->end);
    lanes_store_first(rest, n, lanes_sub(value, lanes_mul(whole, e->scale)));
    return whole;
}

/* Codes, and when `rest` is not NULL what they leave of the values that are not wide. */
static inline __attribute__((always_inline)) void encode(const float *x, size_t k, const qgemm_scale *s, bool wide,
                                                         uint8_t *codes, float *rest)
{
    const encoding e = {.limit = lanes_set(s->limit),
                        .inverse = lanes_set(s->inverse),
                        .scale = lanes_set(s->scale),
                        .end = lanes_set((float)(s->most - s->zero)),
                        .wide = wide};
    size_t i = 0;
    for (; i + 4 * LANES <= k; i += 4 * LANES) {
        lanes whole[4];
        for (size_t v = 0, at = i; v < 4; v++, at += LANES)
            whole[v] = code_of(lanes_load(x + at), LANES, &e, rest ? rest + at : NULL);
        lanes_store_bytes_4(codes + i, whole, s->zero);
    }
    for (; i < k; i += LANES)
        lanes_store_bytes(codes + i, k - i, code_of(lanes_load_first(x + i, k - i), k - i, &e, rest ? rest + i : NULL),
                          s->zero);
}

/* Whether one of n values is over the limit. A constant n makes the loop one without masks. */
static inline __attribute__((always_inline)) int any_wide(const float *x, size_t n, float limit)
{
    lanes most = lanes_zero();
    for (size_t i = 0; i < n; i += LANES)
        most = lanes_max(lanes_abs(lanes_load_first(x + i, n - i)), most);
    return lanes_any(lanes_greater(most, lanes_set(limit)));
}

static void quantize(const float *x, size_t k, int32_t most_code, uint8_t *codes, cs_qgemm_row *row, float *rest)
{
    qgemm_scale s = {.most = most_code};
    memset(codes + k / CS_QGEMM_GROUP * CS_QGEMM_GROUP, 0, k % CS_QGEMM_GROUP ? CS_QGEMM_GROUP : 0);
    qgemm_extremes found;
    const float total = see_all(x, k, &found);
    s.limit = qgemm_first_limit(total, k);
    if (total <= FLT_MAX && found.size > s.limit) { /* most rows have no wide values */
        find_extremes(x, k, s.limit, &found);
        while (found.over > CS_QGEMM_WIDE) {
            s.limit *= QGEMM_WIDE_GROWTH;
            find_extremes(x, k, s.limit, &found);
        }
    }
    if (!qgemm_choose_scale(total, &found, &s, row)) {
        qgemm_leave_all(x, k, codes, row, rest);
        return;
    }
    if (!found.over) {
        if (rest)
            encode(x, k, &s, false, codes, rest);
        else
            encode(x, k, &s, false, codes, NULL);
        return;
    }
    encode(x, k, &s, true, codes, rest);
    for (size_t i = 0; i < k; i += QUANTIZE_STEP) {
        const size_t n = k - i < QUANTIZE_STEP ? k - i : QUANTIZE_STEP;
        if (n == QUANTIZE_STEP ? any_wide(x + i, QUANTIZE_STEP, s.limit) : any_wide(x + i, n, s.limit))
            for (size_t j = i; j < i + n; j++)
                qgemm_keep_wide(x, j, &s, row, rest);
    }
}

#endif
