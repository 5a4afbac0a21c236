/* SPDX-License-Identifier: MIT
 * bgemm_avx512bf16.c - the product in bf16 by vdpbf16ps. */
#include "kernels/dots_avx512bf16.h"

#include "kernels/bgemm_impl.h"
#include "kernels/tile_dots.h"

static void round_numbers(const float *x, size_t n, uint16_t *rounded)
{
    for (size_t i = 0; i < n; i += DOTS_LANES)
        dots_round(x + i, n - i, rounded + i);
}

static void multiply(const cs_bgemm_weights *w, const uint16_t *x, size_t count, size_t first, size_t outputs,
                     size_t next, float *sums)
{
    const size_t ldx = cs_bgemm_stride(w->k) * sizeof *x, groups = ldx / GROUP;
    const size_t ahead = next + CS_PANEL <= w->n ? (next - first) / CS_PANEL_STRIP * groups * LINE : 0;
    add_products((const uint8_t *)x, ldx, count, groups,
                 (const uint8_t *)w->pairs + first / CS_PANEL_STRIP * groups * LINE, outputs, ahead, sums);
}

const cs_bgemm_ops cs_bgemm_ops_avx512bf16 = {.name = "bgemm avx512bf16", .round = round_numbers, .multiply = multiply};
