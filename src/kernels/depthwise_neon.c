/* SPDX-License-Identifier: MIT
 * depthwise_neon.c - one row of a depthwise convolution in 128-bit registers. */
#include "kernels/lanes_neon.h"

#include "kernels/depthwise_lanes.h"

const cs_depthwise_ops cs_depthwise_ops_neon = {.name = "depthwise neon", .row = row};
