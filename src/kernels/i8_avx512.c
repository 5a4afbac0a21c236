/* SPDX-License-Identifier: MIT
 * i8_avx512.c - integer products in 512-bit registers, for processors without VNNI. */
#include "kernels/lanes_avx512.h"

#include "kernels/i8_lanes.h"

const cs_i8_ops cs_i8_ops_avx512 = {.name = "i8 avx512", .dot = dot, .dot_run = dot_run};
