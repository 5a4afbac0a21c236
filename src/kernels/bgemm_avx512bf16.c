/* SPDX-License-Identifier: MIT
 * bgemm_avx512bf16.c - the product in bf16 by vdpbf16ps. */
#include "kernels/dots_avx512bf16.h"
#include "kernels/tile_dots.h"

#include "kernels/bgemm_dots.h"

const cs_bgemm_ops cs_bgemm_ops_avx512bf16 = {.name = "bgemm avx512bf16", .round = dots_round, .multiply = multiply};
