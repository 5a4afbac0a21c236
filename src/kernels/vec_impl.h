/* SPDX-License-Identifier: MIT
 * vec_impl.h - the tables of each instruction set that vec.c chooses from. */
#ifndef CS_KERNELS_VEC_IMPL_H
#define CS_KERNELS_VEC_IMPL_H

#include "kernels/vec.h"

extern const cs_vec_ops cs_vec_ops_c;
extern const cs_vec_ops cs_vec_ops_avx2;
extern const cs_vec_ops cs_vec_ops_avx512;
extern const cs_vec_ops cs_vec_ops_neon;

#endif
