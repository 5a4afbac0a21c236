/* SPDX-License-Identifier: MIT
 * pix.c - the choice among the tables of 8-bit resampling passes. */
#include "kernels/pix_impl.h"

const cs_pix_ops *cs_pix_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AVX2
        {CS_CPU_AVX2, &cs_pix_ops_avx2},
#endif
        {CS_CPU_C, &cs_pix_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

const cs_pix_ops *cs_pix(void)
{
    return cs_pix_ops_for(cs_cpu_best());
}
