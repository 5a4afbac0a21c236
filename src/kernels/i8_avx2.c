/* SPDX-License-Identifier: MIT
 * i8_avx2.c - integer products in 256-bit registers. */
#include "kernels/lanes_avx2.h"

#include "kernels/i8_lanes.h"

const cs_i8_ops cs_i8_ops_avx2 = {.name = "i8 avx2", .dot = dot, .dot_run = dot_run};
