/* SPDX-License-Identifier: MIT
 * pix.c - the choice among the tables of 8-bit resampling passes. */
#include "kernels/pix_impl.h"

const cs_pix_ops *cs_pix_ops_for(cs_cpu_level level)
{
    static const cs_pix_ops *const tables[CS_CPU_LEVELS] = {
        [CS_CPU_C] = &cs_pix_ops_c,
#ifdef CS_HAVE_AVX2
        [CS_CPU_AVX2] = &cs_pix_ops_avx2,
#endif
#ifdef CS_HAVE_AVX512
        /* 512 bits were not tried: an image's time goes into the horizontal pass, whose work comes in groups of four
         * taps of one pixel */
        [CS_CPU_AVX512] = &cs_pix_ops_avx2,
#endif
    };
    return level <= cs_cpu_highest() ? tables[level] : NULL;
}

const cs_pix_ops *cs_pix(void)
{
    return cs_pix_ops_for(cs_cpu_best());
}
