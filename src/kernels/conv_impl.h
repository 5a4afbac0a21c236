/* SPDX-License-Identifier: MIT
 * conv_impl.h - the tables conv.c chooses from. */
#ifndef CS_KERNELS_CONV_IMPL_H
#define CS_KERNELS_CONV_IMPL_H

#include "kernels/conv.h"

extern const cs_conv_ops cs_conv_ops_c;
extern const cs_conv_ops cs_conv_ops_avx2;
extern const cs_conv_ops cs_conv_ops_avx512;
extern const cs_conv_ops cs_conv_ops_neon;

#endif
