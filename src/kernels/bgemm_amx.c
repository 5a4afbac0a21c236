/* SPDX-License-Identifier: MIT
 * bgemm_amx.c - the product in bf16 by AMX. */
#include "kernels/dots_avx512bf16.h"

#define AMX_DOT "tdpbf16ps"
#include "kernels/tile_amx.h"

#include "kernels/bgemm_dots.h"

const cs_bgemm_ops cs_bgemm_ops_amx = {.name = "bgemm amx", .round = dots_round, .multiply = multiply};
