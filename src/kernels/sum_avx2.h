/* SPDX-License-Identifier: MIT
 * sum_avx2.h - how vec_avx2.c and rows_avx2.c add up: one order, so that both give the same bits. */
#ifndef CS_KERNELS_SUM_AVX2_H
#define CS_KERNELS_SUM_AVX2_H

#include <immintrin.h>

static inline __attribute__((always_inline)) float total(const __m256 s[8])
{
    __m256 low = _mm256_add_ps(_mm256_add_ps(s[0], s[2]), _mm256_add_ps(s[4], s[6]));
    __m256 high = _mm256_add_ps(_mm256_add_ps(s[1], s[3]), _mm256_add_ps(s[5], s[7]));
    __m256 half = _mm256_add_ps(low, high);
    __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

static inline __attribute__((always_inline)) __m256 add(int distance, __m256 a, __m256 b, __m256 sum)
{
    if (!distance)
        return _mm256_fmadd_ps(a, b, sum);
    a = _mm256_sub_ps(a, b);
    return _mm256_fmadd_ps(a, a, sum);
}

#endif
