/* SPDX-License-Identifier: MIT
 * vec_avx512.c - products and distances in 512-bit registers. */
#include "kernels/lanes_avx512.h"

#include "kernels/vec_lanes.h"

const cs_vec_ops cs_vec_ops_avx512 = {
    .name = "vec avx512", .dot = dot, .l2sq = l2sq, .dot_many = dot_many, .l2sq_many = l2sq_many};
