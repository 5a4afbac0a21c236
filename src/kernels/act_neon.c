/* SPDX-License-Identifier: MIT
 * act_neon.c - the row-wise operations of a transformer in 128-bit registers. */
#include "kernels/lanes_neon.h"

#include "kernels/act_lanes.h"

const cs_act_ops cs_act_ops_neon = {.name = "act neon",
                                    .layernorm = layernorm,
                                    .softmax = softmax,
                                    .quick_gelu = quick_gelu,
                                    .gelu = gelu,
                                    .add = add_rows};
