/* SPDX-License-Identifier: MIT
 * load_avx2.h - eight stored numbers as floats, for cvt_avx2.c and gemm_avx2.c. */
#ifndef CS_KERNELS_LOAD_AVX2_H
#define CS_KERNELS_LOAD_AVX2_H

#include "base/dtype.h"

#include <immintrin.h>
#include <stdint.h>

/* Eight numbers of `dtype` at `p`, at any alignment; widening, so exact. */
static inline __m256 load_numbers(cs_dtype dtype, const uint8_t *p)
{
    if (dtype == CS_F32)
        return _mm256_loadu_ps((const float *)(const void *)p);
    __m128i half = _mm_loadu_si128((const __m128i *)(const void *)p);
    if (dtype == CS_F16)
        return _mm256_cvtph_ps(half);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}

#endif
