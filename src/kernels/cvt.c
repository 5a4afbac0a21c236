/* SPDX-License-Identifier: MIT
 * cvt.c - the choice among the tables of number type conversions. */
#include "kernels/cvt_impl.h"

#include <stddef.h>

const cs_cvt_ops *cs_cvt_ops_for(cs_cpu_level level)
{
    static const cs_cvt_ops *const tables[CS_CPU_LEVELS] = {
        [CS_CPU_C] = &cs_cvt_ops_c,
#ifdef CS_HAVE_AVX2
        [CS_CPU_AVX2] = &cs_cvt_ops_avx2,
#endif
#ifdef CS_HAVE_AVX512
        [CS_CPU_AVX512] = &cs_cvt_ops_avx512,
#endif
    };
    return level <= cs_cpu_highest() ? tables[level] : NULL;
}

const cs_cvt_ops *cs_cvt(void)
{
    return cs_cvt_ops_for(cs_cpu_best());
}
