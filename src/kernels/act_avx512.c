/* SPDX-License-Identifier: MIT
 * act_avx512.c - the row-wise operations of a transformer in 512-bit registers. */
#include "kernels/lanes_avx512.h"

#include "kernels/act_lanes.h"

const cs_act_ops cs_act_ops_avx512 = {.name = "act avx512",
                                      .layernorm = layernorm,
                                      .softmax = softmax,
                                      .quick_gelu = quick_gelu,
                                      .gelu = gelu,
                                      .add = add_rows};
