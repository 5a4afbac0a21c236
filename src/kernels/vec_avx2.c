/* SPDX-License-Identifier: MIT
 * vec_avx2.c - products and distances in 256-bit registers. */
#include "kernels/lanes_avx2.h"

#include "kernels/vec_lanes.h"

const cs_vec_ops cs_vec_ops_avx2 = {
    .name = "vec avx2", .dot = dot, .l2sq = l2sq, .dot_many = dot_many, .l2sq_many = l2sq_many};
