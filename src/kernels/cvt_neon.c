/* SPDX-License-Identifier: MIT
 * cvt_neon.c - number type conversions in 128-bit registers. */
#include "kernels/lanes_neon.h"

#include "kernels/cvt_lanes.h"

const cs_cvt_ops cs_cvt_ops_neon = {.name = "cvt neon", .to_f32 = to_f32};
