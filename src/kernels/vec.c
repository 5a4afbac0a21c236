/* SPDX-License-Identifier: MIT
 * vec.c - the choice among the tables of products and distances; normalising. */
#include "kernels/vec_impl.h"

#include <math.h>

const cs_vec_ops *cs_vec_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AVX512
        {CS_CPU_AVX512, &cs_vec_ops_avx512},
#endif
#ifdef CS_HAVE_AVX2
        {CS_CPU_AVX2, &cs_vec_ops_avx2},
#endif
#ifdef CS_HAVE_NEON
        {CS_CPU_NEON, &cs_vec_ops_neon},
#endif
        {CS_CPU_C, &cs_vec_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

const cs_vec_ops *cs_vec(void)
{
    return cs_vec_ops_for(cs_cpu_best());
}

float cs_vec_normalise(float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    double norm = sqrt(sum);
    if (norm == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(x[i] / norm);
    return (float)norm;
}
