/* SPDX-License-Identifier: MIT
 * qgemm_amx.c - the integer matrix product with AMX; rows are quantized with AVX-512. */
#include "kernels/dots_avx512vnni.h"
#include "kernels/lanes_avx512.h"

#define AMX_DOT "tdpbusd"
#include "kernels/tile_amx.h"

#include "kernels/qgemm_dots.h"

const cs_qgemm_ops cs_qgemm_ops_amx = {.name = "qgemm amx", .quantize = quantize, .multiply = multiply};
