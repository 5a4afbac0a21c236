/* SPDX-License-Identifier: MIT
 * rows.c - the choice among the tables of picked-row products. */
#include "kernels/rows_impl.h"

const cs_rows_ops *cs_rows_ops_for(cs_cpu_level level)
{
    static const cs_rows_ops *const tables[CS_CPU_LEVELS] = {
        [CS_CPU_C] = &cs_rows_ops_c,
#ifdef CS_HAVE_AVX2
        [CS_CPU_AVX2] = &cs_rows_ops_avx2,
#endif
#ifdef CS_HAVE_AVX512
        [CS_CPU_AVX512] = &cs_rows_ops_avx512,
#endif
    };
    return level <= cs_cpu_highest() ? tables[level] : NULL;
}

const cs_rows_ops *cs_rows(void)
{
    return cs_rows_ops_for(cs_cpu_best());
}
