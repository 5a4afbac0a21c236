/* SPDX-License-Identifier: MIT
 * i8.c - the choice among the tables of integer products. */
#include "kernels/i8_impl.h"

const cs_i8_ops *cs_i8_ops_for(cs_cpu_level level, bool vnni)
{
    static const cs_i8_ops *const tables[CS_CPU_LEVELS] = {
        [CS_CPU_C] = &cs_i8_ops_c,
#ifdef CS_HAVE_AVX2
        [CS_CPU_AVX2] = &cs_i8_ops_avx2,
#endif
#ifdef CS_HAVE_AVX512
        [CS_CPU_AVX512] = &cs_i8_ops_avx512,
#endif
    };
    if (level > cs_cpu_highest())
        return NULL;
    if (!vnni)
        return tables[level];
#ifdef CS_HAVE_AVX512VNNI
    if (level == CS_CPU_AVX512 && cs_cpu_has_vnni())
        return &cs_i8_ops_avx512vnni;
#endif
    return NULL;
}

const cs_i8_ops *cs_i8(void)
{
    const cs_i8_ops *with_vnni = cs_i8_ops_for(cs_cpu_best(), true);
    return with_vnni ? with_vnni : cs_i8_ops_for(cs_cpu_best(), false);
}
