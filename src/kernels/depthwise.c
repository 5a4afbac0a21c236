/* SPDX-License-Identifier: MIT
 * depthwise.c - chooses the level. */
#include "kernels/depthwise_impl.h"

const cs_depthwise_ops *cs_depthwise_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AVX512
        {CS_CPU_AVX512, &cs_depthwise_ops_avx512},
#endif
#ifdef CS_HAVE_AVX2
        {CS_CPU_AVX2, &cs_depthwise_ops_avx2},
#endif
#ifdef CS_HAVE_NEON
        {CS_CPU_NEON, &cs_depthwise_ops_neon},
#endif
        {CS_CPU_C, &cs_depthwise_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

const cs_depthwise_ops *cs_depthwise_ops_best(void)
{
    return cs_depthwise_ops_for(cs_cpu_best());
}
