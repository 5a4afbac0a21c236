/* SPDX-License-Identifier: MIT
 * rows_neon.c - picked-row products and distances in 128-bit registers. */
#include "kernels/lanes_neon.h"

#include "kernels/rows_lanes.h"

const cs_rows_ops cs_rows_ops_neon = {.name = "rows neon",
                                      .dot_f32 = dot_f32,
                                      .l2sq_f32 = l2sq_f32,
                                      .dot_f16 = dot_f16,
                                      .l2sq_f16 = l2sq_f16,
                                      .dot_bf16 = dot_bf16,
                                      .l2sq_bf16 = l2sq_bf16};
