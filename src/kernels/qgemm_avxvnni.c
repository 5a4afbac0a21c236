/* SPDX-License-Identifier: MIT
 * qgemm_avxvnni.c - the integer matrix product with AVX-VNNI. */
#include "kernels/dots_avxvnni.h"
#include "kernels/lanes_avx2.h"
#include "kernels/tile_dots.h"

#include "kernels/qgemm_dots.h"

const cs_qgemm_ops cs_qgemm_ops_avxvnni = {.name = "qgemm avxvnni", .quantize = quantize, .multiply = multiply};
