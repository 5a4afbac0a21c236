/* SPDX-License-Identifier: MIT
 * gemm_avx2.c - one panel of a matrix product in 256-bit registers. */
#include "kernels/lanes_avx2.h"

#include "kernels/gemm_lanes.h"

void cs_gemm_multiply_rows_avx2(const cs_gemm_weights *w, size_t first, size_t outputs, const float *xt, size_t m,
                                float *y, size_t ldy)
{
    multiply_rows(w, first, outputs, xt, m, y, ldy);
}

const cs_gemm_ops cs_gemm_ops_avx2 = {.name = "gemm avx2",
                                      .panel = PANEL,
                                      .scratch = scratch,
                                      .packed_size = packed_size,
                                      .pack = pack,
                                      .pack_columns = pack_columns,
                                      .multiply = multiply,
                                      .multiply_stored = multiply_stored,
                                      .few = GEMM_FEW,
                                      .multiply_8 = multiply_rows,
                                      .multiply_rows = multiply_rows};
