/* SPDX-License-Identifier: MIT
 * cvt_avx2.c - number type conversions in 256-bit registers. */
#include "kernels/lanes_avx2.h"

#include "kernels/cvt_lanes.h"

const cs_cvt_ops cs_cvt_ops_avx2 = {.name = "cvt avx2", .to_f32 = to_f32};
