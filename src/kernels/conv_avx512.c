/* SPDX-License-Identifier: MIT
 * conv_avx512.c - rows of runs times a panel in 512-bit registers. */
#include "kernels/lanes_avx512.h"

#include "kernels/conv_lanes.h"

const cs_conv_ops cs_conv_ops_avx512 = {.name = "conv avx512", .strip = STRIP, .lanes = LANES, .multiply = multiply};
