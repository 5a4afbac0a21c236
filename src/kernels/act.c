/* SPDX-License-Identifier: MIT
 * act.c - the choice among the tables of the row-wise operations of a transformer. */
#include "kernels/act_impl.h"

const cs_act_ops *cs_act_ops_for(cs_cpu_level level)
{
    static const cs_act_ops *const tables[CS_CPU_LEVELS] = {
        [CS_CPU_C] = &cs_act_ops_c,
#ifdef CS_HAVE_AVX2
        [CS_CPU_AVX2] = &cs_act_ops_avx2,
#endif
#ifdef CS_HAVE_AVX512
        [CS_CPU_AVX512] = &cs_act_ops_avx512,
#endif
    };
    return level <= cs_cpu_highest() ? tables[level] : NULL;
}

const cs_act_ops *cs_act(void)
{
    return cs_act_ops_for(cs_cpu_best());
}
