/* SPDX-License-Identifier: MIT
 * qconv.c - the choice among the tables of convolutions in 8 bits. */
#include "kernels/qconv_impl.h"

#include <float.h>
#include <math.h>
#include <string.h>

const cs_qconv_ops *cs_qconv_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AMX
        {CS_CPU_AMX, &cs_qconv_ops_amx},
#endif
#ifdef CS_HAVE_AVX512VNNI
        {CS_CPU_AVX512VNNI, &cs_qconv_ops_avx512vnni},
#endif
#ifdef CS_HAVE_AVXVNNI
        {CS_CPU_AVXVNNI, &cs_qconv_ops_avxvnni},
#endif
#ifdef CS_HAVE_AVX2
        {CS_CPU_AVX2, &cs_qconv_ops_avx2},
#endif
        {CS_CPU_C, &cs_qconv_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

const cs_qconv_ops *cs_qconv_ops_best(void)
{
    return cs_qconv_ops_for(cs_cpu_best());
}

void cs_qconv_gather(const uint8_t *const *starts, size_t runs, size_t run, size_t rows, uint8_t *to, size_t apart)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t r = 0; r < runs; r++)
            memcpy(to + i * apart + r * run, starts[r * rows + i], run);
}

cs_qconv_scale cs_qconv_scale_of(float least, float most, int32_t codes)
{
    const float range = most - least;
    if (!(range <= FLT_MAX))
        return (cs_qconv_scale){.scale = NAN};
    if (range < FLT_MIN * (float)codes) /* all zeros, or so small that its inverse is no number */
        return (cs_qconv_scale){.scale = 0};
    const float scale = range / (float)codes;
    return (cs_qconv_scale){.scale = scale, .zero = (int32_t)rintf(-least / scale), .most = codes};
}
