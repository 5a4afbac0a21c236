/* SPDX-License-Identifier: MIT
 * rows.c - the choice among the tables of picked-row products. */
#include "kernels/rows_impl.h"

const cs_rows_ops *cs_rows_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AVX512
        {CS_CPU_AVX512, &cs_rows_ops_avx512},
#endif
#ifdef CS_HAVE_AVX2
        {CS_CPU_AVX2, &cs_rows_ops_avx2},
#endif
#ifdef CS_HAVE_NEON
        {CS_CPU_NEON, &cs_rows_ops_neon},
#endif
        {CS_CPU_C, &cs_rows_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

const cs_rows_ops *cs_rows(void)
{
    return cs_rows_ops_for(cs_cpu_best());
}
