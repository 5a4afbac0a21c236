/* SPDX-License-Identifier: MIT
 * depthwise.c - chooses the level. */
#include "kernels/depthwise_impl.h"

const cs_depthwise_ops *cs_depthwise_ops_for(cs_cpu_level level)
{
    static const cs_depthwise_ops *const tables[CS_CPU_LEVELS] = {
        [CS_CPU_C] = &cs_depthwise_ops_c,
#ifdef CS_HAVE_AVX2
        [CS_CPU_AVX2] = &cs_depthwise_ops_avx2,
#endif
#ifdef CS_HAVE_AVX512
        [CS_CPU_AVX512] = &cs_depthwise_ops_avx512,
#endif
    };
    return level <= cs_cpu_highest() ? tables[level] : NULL;
}

const cs_depthwise_ops *cs_depthwise_ops_best(void)
{
    return cs_depthwise_ops_for(cs_cpu_best());
}
