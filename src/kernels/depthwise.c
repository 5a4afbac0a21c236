/* SPDX-License-Identifier: MIT
 * depthwise.c - chooses the level. */
#include "kernels/depthwise_impl.h"

const cs_depthwise_ops *cs_depthwise_ops_for(cs_cpu_level level)
{
    static const cs_depthwise_ops *const tables[CS_CPU_LEVELS] = {
        [CS_CPU_C] = &cs_depthwise_ops_c,
    };
    return level <= cs_cpu_highest() ? tables[level] : NULL;
}

const cs_depthwise_ops *cs_depthwise_ops_best(void)
{
    return cs_depthwise_ops_for(CS_CPU_C);
}
