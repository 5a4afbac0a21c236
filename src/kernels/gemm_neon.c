/* SPDX-License-Identifier: MIT
 * gemm_neon.c - one panel of a matrix product in 128-bit registers. */
#include "kernels/lanes_neon.h"

#include "kernels/gemm_lanes.h"

const cs_gemm_ops cs_gemm_ops_neon = {.name = "gemm neon",
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
