/* SPDX-License-Identifier: MIT
 * qgemm_avx2.c - the integer matrix product with AVX2. */
#include "kernels/dots_avx2.h"
#include "kernels/lanes_avx2.h"
#include "kernels/tile_dots.h"

#include "kernels/qgemm_dots.h"

const cs_qgemm_ops cs_qgemm_ops_avx2 = {.name = "qgemm avx2", .quantize = quantize, .multiply = multiply};
