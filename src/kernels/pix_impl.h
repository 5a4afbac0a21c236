/* SPDX-License-Identifier: MIT
 * pix_impl.h - the tables of each instruction set that pix.c chooses from. */
#ifndef CS_KERNELS_PIX_IMPL_H
#define CS_KERNELS_PIX_IMPL_H

#include "kernels/pix.h"

extern const cs_pix_ops cs_pix_ops_c;
extern const cs_pix_ops cs_pix_ops_avx2;

#endif
