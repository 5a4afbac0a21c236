/* SPDX-License-Identifier: MIT
 * act.c - the choice among the tables of the row-wise operations of a transformer. */
#include "kernels/act_impl.h"

const cs_act_ops *cs_act_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AVX512
        {CS_CPU_AVX512, &cs_act_ops_avx512},
#endif
#ifdef CS_HAVE_AVX2
        {CS_CPU_AVX2, &cs_act_ops_avx2},
#endif
#ifdef CS_HAVE_NEON
        {CS_CPU_NEON, &cs_act_ops_neon},
#endif
        {CS_CPU_C, &cs_act_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

const cs_act_ops *cs_act(void)
{
    return cs_act_ops_for(cs_cpu_best());
}
