/* SPDX-License-Identifier: MIT
 * qconv_lanes.h - what is around the products of qconv.h: their sums become outputs, and maps become codes. Over the
 * vocabularies of one dots_<set>.h and one lanes_<set>.h, with as many lanes, which are included before it. */
#ifndef CS_KERNELS_QCONV_LANES_H
#define CS_KERNELS_QCONV_LANES_H

#include "kernels/qconv_impl.h"

#include <stdbool.h>
#include <string.h>

/* Sums so far: [rows, the strips beside each other]. */
enum { BESIDE_OUTPUTS = DOTS_BESIDE * DOTS_LANES };
typedef int32_t partial_sums[CS_QCONV_ROWS][BESIDE_OUTPUTS];

/* The sums of `rows` rows by one vector of outputs from `o` on, `left` of which there are, become outputs. */
static inline __attribute__((always_inline)) void finish_vector(const cs_qconv_call *call, size_t o, bool whole,
                                                                bool add, size_t row, size_t rows,
                                                                const int32_t (*sums)[BESIDE_OUTPUTS])
{
    const lanes low = lanes_set(call->low), high = lanes_set(call->high);
    const lanes scales = lanes_load(call->scales + o), bias = lanes_load(call->bias + o);
    const cs_qconv_scale *inputs = call->inputs + row;
    const int32_t *of_codes = call->sums + o;
    const size_t ldy = call->ldy, left = call->outputs - o;
    const float *residual = add ? call->residual + row * ldy + o : NULL;
    float *to = call->y + row * ldy + o;
    for (size_t i = 0; i < rows; i++) {
        lanes y = lanes_mul(dots_floats(dots_load(sums[i]), of_codes, inputs[i].zero), scales);
        y = lanes_add(lanes_mul(y, lanes_set(inputs[i].scale)), bias);
        if (add)
            y = lanes_add(y, whole ? lanes_load(residual + i * ldy) : lanes_load_first(residual + i * ldy, left));
        /* the second operand comes out when one is NaN */
        y = lanes_min(high, lanes_max(low, y));
        if (whole)
            lanes_store(to + i * ldy, y);
        else
            lanes_store_first(to + i * ldy, left, y);
    }
}

/* From the sums, which are in the first-level cache: taken from registers, they would not stay in registers before. A
 * function of its own, with a loop for each of what may be added, vector by vector: half the time that it took as a
 * part of each tile, row by row. */
static __attribute__((noinline)) void finish(const cs_qconv_call *call, size_t output, size_t row, size_t rows,
                                             size_t beside, partial_sums sums)
{
    for (size_t v = 0; v < beside; v++) {
        const size_t o = output + v * LANES;
        const int32_t(*from)[BESIDE_OUTPUTS] = (const int32_t(*)[BESIDE_OUTPUTS])(sums[row] + v * LANES);
        if (o >= call->outputs)
            break;
        if (call->outputs - o < LANES && call->residual)
            finish_vector(call, o, false, true, row, rows, from);
        else if (call->outputs - o < LANES)
            finish_vector(call, o, false, false, row, rows, from);
        else if (call->residual)
            finish_vector(call, o, true, true, row, rows, from);
        else
            finish_vector(call, o, true, false, row, rows, from);
    }
}

/* Rows that are met together: their extremes stay in registers, and the sums are loaded once for all. */
enum { MEET_ROWS = LANES_REGISTERS >= 32 ? 4 : 2 };

typedef struct met_row {
    lanes least, most, nothing;
} met_row;

static inline __attribute__((always_inline)) void meet_part(const float *x, size_t apart, size_t rows, size_t n,
                                                            float *sums, met_row *met)
{
    lanes sum = lanes_load_first(sums, n);
    for (size_t r = 0; r < rows; r++) {
        const lanes part = lanes_load_first(x + r * apart, n);
        sum = lanes_add(sum, part);
        met[r].least = lanes_min(part, met[r].least);
        met[r].most = lanes_max(part, met[r].most);
        met[r].nothing = lanes_fma(part, lanes_zero(), met[r].nothing);
    }
    lanes_store_first(sums, n, sum);
}

static inline __attribute__((always_inline)) void meet_some(const float *x, size_t apart, size_t rows, size_t n,
                                                            float *sums, float (*ranges)[2])
{
    met_row met[MEET_ROWS];
    for (size_t r = 0; r < rows; r++)
        met[r] = (met_row){lanes_zero(), lanes_zero(), lanes_zero()};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        meet_part(x + i, apart, rows, LANES, sums + i, met);
    if (i < n)
        meet_part(x + i, apart, rows, n - i, sums + i, met);
    for (size_t r = 0; r < rows; r++) {
        lanes nothing[16 / LANES] = {met[r].nothing};
        const float none = lanes_total(nothing);
        ranges[r][0] = none - lanes_most(lanes_sub(lanes_zero(), met[r].least));
        ranges[r][1] = none + lanes_most(met[r].most);
    }
}

static void meet(const float *x, size_t apart, size_t rows, size_t n, float *sums, float (*ranges)[2])
{
    size_t r = 0;
    for (; r + MEET_ROWS <= rows; r += MEET_ROWS)
        meet_some(x + r * apart, apart, MEET_ROWS, n, sums, ranges + r);
    for (; r < rows; r++)
        meet_some(x + r * apart, apart, 1, n, sums, ranges + r);
}

static void quantize(const float *x, size_t n, const cs_qconv_scale *scale, uint8_t *codes, size_t run)
{
    if (run > n)
        memset(codes + n, 0, run - n);
    if (!(scale->scale > 0)) {
        memset(codes, 0, n);
        return;
    }
    /* storing rounds, and the greatest code is a whole number, so it may be compared first */
    const lanes inverse = lanes_set(1 / scale->scale), end = lanes_set((float)(scale->most - scale->zero));
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        lanes near[4];
        for (size_t v = 0; v < 4; v++)
            near[v] = lanes_min(lanes_mul(lanes_load(x + i + v * LANES), inverse), end);
        lanes_store_bytes_4(codes + i, near, scale->zero);
    }
    for (; i < n; i += LANES)
        lanes_store_bytes(codes + i, n - i, lanes_min(lanes_mul(lanes_load_first(x + i, n - i), inverse), end),
                          scale->zero);
}

#endif
