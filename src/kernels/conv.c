/* SPDX-License-Identifier: MIT
 * conv.c - chooses the level, and lays weights out for it. */
#include "kernels/conv_impl.h"

#include <assert.h>

const cs_conv_ops *cs_conv_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AVX512
        {CS_CPU_AVX512, &cs_conv_ops_avx512},
#endif
#ifdef CS_HAVE_AVX2
        {CS_CPU_AVX2, &cs_conv_ops_avx2},
#endif
#ifdef CS_HAVE_NEON
        {CS_CPU_NEON, &cs_conv_ops_neon},
#endif
        {CS_CPU_C, &cs_conv_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

const cs_conv_ops *cs_conv_ops_best(void)
{
    return cs_conv_ops_for(cs_cpu_best());
}

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

size_t cs_conv_packed_size(const cs_conv_ops *ops, size_t n, size_t k)
{
    return round_up(n, ops->lanes) * k;
}

void cs_conv_pack(const cs_conv_ops *ops, const float *w, size_t channels, size_t taps, size_t first, size_t outputs,
                  float *packed)
{
    const size_t k = channels * taps;
    assert(w && packed && first % CS_CONV_PANEL == 0 && outputs <= CS_CONV_PANEL);
    for (size_t j = 0; j < outputs; j += ops->strip) {
        const size_t left = outputs - j, width = left < ops->strip ? round_up(left, ops->lanes) : ops->strip;
        float *strip = packed + j * k;
        for (size_t i = 0; i < width; i++)
            for (size_t c = 0; c < channels; c++)
                for (size_t tap = 0; tap < taps; tap++)
                    strip[(tap * channels + c) * width + i] =
                        i < left ? w[((first + j + i) * channels + c) * taps + tap] : 0;
    }
}
