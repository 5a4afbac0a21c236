/* SPDX-License-Identifier: MIT
 * winograd_avx512.c - the transforms of F(4x4, 3x3) in 512-bit registers. */
#include "kernels/lanes_avx512.h"

#include "kernels/winograd_lanes.h"

const cs_winograd_ops cs_winograd_ops_avx512 = {
    .name = "winograd avx512", .lanes = LANES, .weights = weights, .input = input, .output = output};
