/* SPDX-License-Identifier: MIT
 * winograd.c - chooses the level. */
#include "kernels/winograd_impl.h"

/* G has the rows 1/4 (1, 0, 0), -1/6 (1, 1, 1), -1/6 (1, -1, 1), 1/24 (1, 2, 4), 1/24 (1, -2, 4) and (0, 0, 1). The
 * transforms leave the fractions out; these are the products of each two. */
#define ROW(r) (float)(r / 4), (float)(-r / 6), (float)(-r / 6), (float)(r / 24), (float)(r / 24), (float)(r)
const float cs_winograd_scales[CS_WINOGRAD_POINTS] = {ROW(1.0 / 4),  ROW(-1.0 / 6), ROW(-1.0 / 6),
                                                      ROW(1.0 / 24), ROW(1.0 / 24), ROW(1.0)};

const cs_winograd_ops *cs_winograd_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AVX512
        {CS_CPU_AVX512, &cs_winograd_ops_avx512},
#endif
#ifdef CS_HAVE_AVX2
        {CS_CPU_AVX2, &cs_winograd_ops_avx2},
#endif
#ifdef CS_HAVE_NEON
        {CS_CPU_NEON, &cs_winograd_ops_neon},
#endif
        {CS_CPU_C, &cs_winograd_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

const cs_winograd_ops *cs_winograd_ops_best(void)
{
    return cs_winograd_ops_for(cs_cpu_best());
}
