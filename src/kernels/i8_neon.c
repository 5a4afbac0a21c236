/* SPDX-License-Identifier: MIT
 * i8_neon.c - integer products in 128-bit registers. */
#include "kernels/lanes_neon.h"

#include "kernels/i8_lanes.h"

const cs_i8_ops cs_i8_ops_neon = {.name = "i8 neon", .dot = dot, .dot_run = dot_run};
