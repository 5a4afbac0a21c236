/* SPDX-License-Identifier: MIT
 * winograd_avx2.c - the transforms of F(4x4, 3x3) in 256-bit registers. */
#include "kernels/lanes_avx2.h"

#include "kernels/winograd_lanes.h"

const cs_winograd_ops cs_winograd_ops_avx2 = {
    .name = "winograd avx2", .lanes = LANES, .weights = weights, .input = input, .output = output};
