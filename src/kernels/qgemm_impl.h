/* SPDX-License-Identifier: MIT
 * qgemm_impl.h - the tables of each instruction set that qgemm.c chooses from. */
#ifndef CS_KERNELS_QGEMM_IMPL_H
#define CS_KERNELS_QGEMM_IMPL_H

#include "kernels/qgemm.h"

extern const cs_qgemm_ops cs_qgemm_ops_c;
extern const cs_qgemm_ops cs_qgemm_ops_avx2;
extern const cs_qgemm_ops cs_qgemm_ops_avxvnni;
extern const cs_qgemm_ops cs_qgemm_ops_avx512vnni;
extern const cs_qgemm_ops cs_qgemm_ops_amx;

#endif
