/* SPDX-License-Identifier: MIT
 * cvt.c - the choice among the tables of number type conversions. */
#include "kernels/cvt_impl.h"

#include <stddef.h>

const cs_cvt_ops *cs_cvt_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AVX512
        {CS_CPU_AVX512, &cs_cvt_ops_avx512},
#endif
#ifdef CS_HAVE_AVX2
        {CS_CPU_AVX2, &cs_cvt_ops_avx2},
#endif
#ifdef CS_HAVE_NEON
        {CS_CPU_NEON, &cs_cvt_ops_neon},
#endif
        {CS_CPU_C, &cs_cvt_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

const cs_cvt_ops *cs_cvt(void)
{
    return cs_cvt_ops_for(cs_cpu_best());
}
