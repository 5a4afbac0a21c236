/* SPDX-License-Identifier: MIT
 * act_impl.h - the tables of each instruction set that act.c chooses from. */
#ifndef CS_KERNELS_ACT_IMPL_H
#define CS_KERNELS_ACT_IMPL_H

#include "kernels/act.h"

extern const cs_act_ops cs_act_ops_c;
extern const cs_act_ops cs_act_ops_avx2;
extern const cs_act_ops cs_act_ops_avx512;
extern const cs_act_ops cs_act_ops_neon;

#endif
