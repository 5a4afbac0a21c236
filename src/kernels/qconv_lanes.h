/* SPDX-License-Identifier: MIT
 * qconv_lanes.h - what is around the products of qconv.h: their sums become outputs, and maps become codes. Over the
 * vocabularies of one dots_<set>.h and one lanes_<set>.h, with as many lanes, which are included before it. */
#ifndef CS_KERNELS_QCONV_LANES_H
#define CS_KERNELS_QCONV_LANES_H

#include "kernels/qconv_row.h"

/* Sums so far: [rows, the strips beside each other]. */
enum { BESIDE_OUTPUTS = DOTS_BESIDE * DOTS_LANES };
typedef int32_t partial_sums[CS_QCONV_ROWS][BESIDE_OUTPUTS];

/* From the sums, which are in the first-level cache: taken from registers, they would not stay in registers before. */
static inline __attribute__((always_inline)) void finish(const cs_qconv_call *call, size_t output, size_t row,
                                                         size_t rows, size_t beside, partial_sums sums)
{
    const lanes low = lanes_set(call->low), high = lanes_set(call->high);
    for (size_t i = 0; i < rows; i++) {
        const cs_qconv_scale *input = &call->inputs[row + i];
        const size_t at = (row + i) * call->ldy;
        for (size_t v = 0; v < beside; v++) {
            const size_t o = output + v * LANES, left = o < call->outputs ? call->outputs - o : 0;
            const dots sum = dots_load(sums[row + i] + v * LANES);
            lanes y = lanes_mul(dots_floats(sum, call->sums + o, input->zero), lanes_load(call->scales + o));
            y = lanes_add(lanes_mul(y, lanes_set(input->scale)), lanes_load(call->bias + o));
            if (call->residual)
                y = lanes_add(y, left >= LANES ? lanes_load(call->residual + at + o)
                                               : lanes_load_first(call->residual + at + o, left));
            /* the second operand comes out when one is NaN */
            y = lanes_min(high, lanes_max(low, y));
            if (left >= LANES)
                lanes_store(call->y + at + o, y);
            else
                lanes_store_first(call->y + at + o, left, y);
        }
    }
}

static void meet(const float *x, size_t n, float *sums, float range[2])
{
    lanes least = lanes_zero(), most = lanes_zero(), nothing[16 / LANES] = {0};
    for (size_t i = 0; i < n; i += LANES) {
        const size_t left = n - i;
        const lanes part = left >= LANES ? lanes_load(x + i) : lanes_load_first(x + i, left);
        if (left >= LANES)
            lanes_store(sums + i, lanes_add(lanes_load(sums + i), part));
        else
            lanes_store_first(sums + i, left, lanes_add(lanes_load_first(sums + i, left), part));
        least = lanes_min(part, least);
        most = lanes_max(part, most);
        nothing[0] = lanes_add(nothing[0], lanes_sub(part, part)); /* NaN of a NaN or of an infinite value */
    }
    const float none = lanes_total(nothing);
    range[0] = none - lanes_most(lanes_sub(lanes_zero(), least));
    range[1] = none + lanes_most(most);
}

static void quantize(const float *x, size_t n, const cs_qconv_scale *scale, uint8_t *codes, size_t run)
{
    qconv_quantize(x, n, scale, codes, run);
}

#endif
