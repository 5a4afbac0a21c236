/* SPDX-License-Identifier: MIT
 * act_avx2.c - the row-wise operations of a transformer in 256-bit registers. */
#include "kernels/lanes_avx2.h"

#include "kernels/act_lanes.h"

const cs_act_ops cs_act_ops_avx2 = {.name = "act avx2",
                                    .layernorm = layernorm,
                                    .softmax = softmax,
                                    .quick_gelu = quick_gelu,
                                    .gelu = gelu,
                                    .add = add_rows};
