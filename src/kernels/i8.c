/* SPDX-License-Identifier: MIT
 * i8.c - the choice among the tables of integer products. */
#include "kernels/i8_impl.h"

const cs_i8_ops *cs_i8_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AVX512VNNI
        {CS_CPU_AVX512VNNI, &cs_i8_ops_avx512vnni},
#endif
#ifdef CS_HAVE_AVX512
        {CS_CPU_AVX512, &cs_i8_ops_avx512},
#endif
#ifdef CS_HAVE_AVX2
        {CS_CPU_AVX2, &cs_i8_ops_avx2},
#endif
#ifdef CS_HAVE_NEON
        {CS_CPU_NEON, &cs_i8_ops_neon},
#endif
        {CS_CPU_C, &cs_i8_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

const cs_i8_ops *cs_i8(void)
{
    return cs_i8_ops_for(cs_cpu_best());
}
