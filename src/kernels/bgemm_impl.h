/* SPDX-License-Identifier: MIT
 * bgemm_impl.h - the tables of each instruction set that bgemm.c chooses from. */
#ifndef CS_KERNELS_BGEMM_IMPL_H
#define CS_KERNELS_BGEMM_IMPL_H

#include "kernels/bgemm.h"

extern const cs_bgemm_ops cs_bgemm_ops_c;
extern const cs_bgemm_ops cs_bgemm_ops_avx512;
extern const cs_bgemm_ops cs_bgemm_ops_avx512bf16;
extern const cs_bgemm_ops cs_bgemm_ops_amx;

#endif
