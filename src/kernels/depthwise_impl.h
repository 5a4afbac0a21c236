/* SPDX-License-Identifier: MIT
 * depthwise_impl.h - the tables depthwise.c chooses from. */
#ifndef CS_KERNELS_DEPTHWISE_IMPL_H
#define CS_KERNELS_DEPTHWISE_IMPL_H

#include "kernels/depthwise.h"

extern const cs_depthwise_ops cs_depthwise_ops_c;
extern const cs_depthwise_ops cs_depthwise_ops_avx2;
extern const cs_depthwise_ops cs_depthwise_ops_avx512;
extern const cs_depthwise_ops cs_depthwise_ops_neon;

#endif
