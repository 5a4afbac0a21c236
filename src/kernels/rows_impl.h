/* SPDX-License-Identifier: MIT
 * rows_impl.h - the tables of each instruction set that rows.c chooses from. */
#ifndef CS_KERNELS_ROWS_IMPL_H
#define CS_KERNELS_ROWS_IMPL_H

#include "kernels/rows.h"

extern const cs_rows_ops cs_rows_ops_c;
extern const cs_rows_ops cs_rows_ops_avx2;
extern const cs_rows_ops cs_rows_ops_avx512;
extern const cs_rows_ops cs_rows_ops_neon;

#endif
