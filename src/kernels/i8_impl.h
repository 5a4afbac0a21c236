/* SPDX-License-Identifier: MIT
 * i8_impl.h - the tables of each instruction set that i8.c chooses from. */
#ifndef CS_KERNELS_I8_IMPL_H
#define CS_KERNELS_I8_IMPL_H

#include "kernels/i8.h"

extern const cs_i8_ops cs_i8_ops_c;
extern const cs_i8_ops cs_i8_ops_avx2;
extern const cs_i8_ops cs_i8_ops_avx512;
extern const cs_i8_ops cs_i8_ops_avx512vnni;
extern const cs_i8_ops cs_i8_ops_neon;

#endif
