/* SPDX-License-Identifier: MIT
 * winograd_impl.h - the tables winograd.c chooses from. */
#ifndef CS_KERNELS_WINOGRAD_IMPL_H
#define CS_KERNELS_WINOGRAD_IMPL_H

#include "kernels/winograd.h"

extern const cs_winograd_ops cs_winograd_ops_c;
extern const cs_winograd_ops cs_winograd_ops_avx2;
extern const cs_winograd_ops cs_winograd_ops_avx512;
extern const cs_winograd_ops cs_winograd_ops_neon;

#endif
