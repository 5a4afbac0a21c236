/* SPDX-License-Identifier: MIT
 * cvt_impl.h - the tables of each instruction set that cvt.c chooses from. */
#ifndef CS_KERNELS_CVT_IMPL_H
#define CS_KERNELS_CVT_IMPL_H

#include "kernels/cvt.h"

extern const cs_cvt_ops cs_cvt_ops_c;
extern const cs_cvt_ops cs_cvt_ops_avx2;
extern const cs_cvt_ops cs_cvt_ops_avx512;
extern const cs_cvt_ops cs_cvt_ops_neon;

#endif
