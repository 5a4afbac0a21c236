/* SPDX-License-Identifier: MIT
 * depthwise_avx512.c - one row of a depthwise convolution in 512-bit registers. */
#include "kernels/lanes_avx512.h"

#include "kernels/depthwise_lanes.h"

const cs_depthwise_ops cs_depthwise_ops_avx512 = {.name = "depthwise avx512", .row = row};
