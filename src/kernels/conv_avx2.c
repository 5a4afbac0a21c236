/* SPDX-License-Identifier: MIT
 * conv_avx2.c - rows of runs times a panel in 256-bit registers. */
#include "kernels/lanes_avx2.h"

#include "kernels/conv_lanes.h"

const cs_conv_ops cs_conv_ops_avx2 = {.name = "conv avx2", .strip = STRIP, .lanes = LANES, .multiply = multiply};
