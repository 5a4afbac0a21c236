/* SPDX-License-Identifier: MIT
 * bgemm_c.c - the product in bf16, the plain reference: what all other tables compute. */
#include "kernels/bgemm_impl.h"

#include "base/half.h"

#include <assert.h>
#include <float.h>
#include <math.h>

static void round_numbers(const float *x, size_t n, uint16_t *rounded)
{
    for (size_t i = 0; i < n; i++)
        rounded[i] = fabsf(x[i]) < FLT_MIN ? (uint16_t)(signbit(x[i]) ? 0x8000 : 0) : cs_bf16_from_float(x[i]);
}

static float weight_of(const cs_bgemm_weights *w, size_t output, size_t input)
{
    const size_t line = output / CS_PANEL_STRIP * (cs_bgemm_stride(w->k) / CS_BGEMM_PAIR) + input / CS_BGEMM_PAIR;
    return cs_float_from_bf16(
        w->pairs[(line * CS_PANEL_STRIP + output % CS_PANEL_STRIP) * CS_BGEMM_PAIR + input % CS_BGEMM_PAIR]);
}

static void multiply(const cs_bgemm_weights *w, const uint16_t *x, size_t count, size_t first, size_t outputs,
                     size_t next, float *sums)
{
    (void)next;
    assert(first % CS_PANEL == 0 && outputs <= CS_PANEL);
    const size_t ldx = cs_bgemm_stride(w->k);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < outputs; j++) {
            float sum = 0;
            for (size_t k = 0; k < ldx; k += CS_BGEMM_PAIR)
                for (size_t of = CS_BGEMM_PAIR; of-- > 0;) {
                    const float product = cs_float_from_bf16(x[i * ldx + k + of]) * weight_of(w, first + j, k + of);
                    sum += product;
                }
            sums[i * CS_PANEL + j] = sum;
        }
}

const cs_bgemm_ops cs_bgemm_ops_c = {.name = "bgemm c", .round = round_numbers, .multiply = multiply};
