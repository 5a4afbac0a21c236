/* SPDX-License-Identifier: MIT
 * winograd_neon.c - the transforms of F(4x4, 3x3) in 128-bit registers. */
#include "kernels/lanes_neon.h"

#include "kernels/winograd_lanes.h"

const cs_winograd_ops cs_winograd_ops_neon = {
    .name = "winograd neon", .lanes = LANES, .weights = weights, .input = input, .output = output};
