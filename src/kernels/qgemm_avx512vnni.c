/* SPDX-License-Identifier: MIT
 * qgemm_avx512vnni.c - the integer matrix product with AVX512-VNNI. */
#include "kernels/dots_avx512vnni.h"
#include "kernels/lanes_avx512.h"
#include "kernels/tile_dots.h"

#include "kernels/qgemm_dots.h"

const cs_qgemm_ops cs_qgemm_ops_avx512vnni = {.name = "qgemm avx512vnni", .quantize = quantize, .multiply = multiply};
