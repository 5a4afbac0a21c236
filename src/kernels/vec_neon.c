/* SPDX-License-Identifier: MIT
 * vec_neon.c - products and distances in 128-bit registers. */
#include "kernels/lanes_neon.h"

#include "kernels/vec_lanes.h"

const cs_vec_ops cs_vec_ops_neon = {
    .name = "vec neon", .dot = dot, .l2sq = l2sq, .dot_many = dot_many, .l2sq_many = l2sq_many};
