/* SPDX-License-Identifier: MIT
 * sum_avx512.h - how vec_avx512.c and rows_avx512.c add up: one order, so that both give the same bits. */
#ifndef CS_KERNELS_SUM_AVX512_H
#define CS_KERNELS_SUM_AVX512_H

#include <immintrin.h>

static inline __attribute__((always_inline)) float total(const __m512 s[4])
{
    __m512 sum = _mm512_add_ps(_mm512_add_ps(s[0], s[1]), _mm512_add_ps(s[2], s[3]));
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(sum), _mm512_extractf32x8_ps(sum, 1));
    __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

static inline __attribute__((always_inline)) __m512 add(int distance, __m512 a, __m512 b, __m512 sum)
{
    if (!distance)
        return _mm512_fmadd_ps(a, b, sum);
    a = _mm512_sub_ps(a, b);
    return _mm512_fmadd_ps(a, a, sum);
}

#endif
