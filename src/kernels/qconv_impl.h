/* SPDX-License-Identifier: MIT
 * qconv_impl.h - the tables of each instruction set that qconv.c chooses from. */
#ifndef CS_KERNELS_QCONV_IMPL_H
#define CS_KERNELS_QCONV_IMPL_H

#include "kernels/qconv.h"

extern const cs_qconv_ops cs_qconv_ops_c;
extern const cs_qconv_ops cs_qconv_ops_avx2;
extern const cs_qconv_ops cs_qconv_ops_avxvnni;
extern const cs_qconv_ops cs_qconv_ops_avx512vnni;
extern const cs_qconv_ops cs_qconv_ops_amx;

#endif
