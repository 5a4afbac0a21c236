/* SPDX-License-Identifier: MIT
 * cvt_avx512.c - number type conversions in 512-bit registers. */
#include "kernels/lanes_avx512.h"

#include "kernels/cvt_lanes.h"

const cs_cvt_ops cs_cvt_ops_avx512 = {.name = "cvt avx512", .to_f32 = to_f32};
