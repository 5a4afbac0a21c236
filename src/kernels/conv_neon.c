/* SPDX-License-Identifier: MIT
 * conv_neon.c - rows of runs times a panel in 128-bit registers. */
#include "kernels/lanes_neon.h"

#include "kernels/conv_lanes.h"

const cs_conv_ops cs_conv_ops_neon = {.name = "conv neon", .strip = STRIP, .lanes = LANES, .multiply = multiply};
