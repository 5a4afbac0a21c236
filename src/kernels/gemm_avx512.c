/* SPDX-License-Identifier: MIT
 * gemm_avx512.c - one panel of a matrix product in 512-bit registers. */
#include "kernels/lanes_avx512.h"

#include "kernels/gemm_lanes.h"

const cs_gemm_ops cs_gemm_ops_avx512 = {.name = "gemm avx512",
                                        .panel = PANEL,
                                        .scratch = scratch,
                                        .packed_size = packed_size,
                                        .pack = pack,
                                        .pack_columns = pack_columns,
                                        .multiply = multiply,
                                        .multiply_stored = multiply_stored,
                                        .few = GEMM_FEW,
                                        .multiply_8 = cs_gemm_multiply_rows_avx2,
                                        .multiply_rows = multiply_rows};
