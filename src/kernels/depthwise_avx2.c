/* SPDX-License-Identifier: MIT
 * depthwise_avx2.c - one row of a depthwise convolution in 256-bit registers. */
#include "kernels/lanes_avx2.h"

#include "kernels/depthwise_lanes.h"

const cs_depthwise_ops cs_depthwise_ops_avx2 = {.name = "depthwise avx2", .row = row};
