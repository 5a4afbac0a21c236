/* SPDX-License-Identifier: MIT
 * cvt_avx2.c - number type conversions in 256-bit registers. */
#include "kernels/cvt_impl.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 8 };

static inline __m256 load_numbers(cs_dtype dtype, const uint8_t *p)
{
    if (dtype == CS_F32)
        return _mm256_loadu_ps((const float *)(const void *)p);
    __m128i half = _mm_loadu_si128((const __m128i *)(const void *)p);
    if (dtype == CS_F16)
        return _mm256_cvtph_ps(half);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}

static void to_f32(cs_dtype dtype, const void *src, size_t n, float *dst)
{
    const uint8_t *p = src;
    const size_t size = cs_dtype_size(dtype);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        _mm256_storeu_ps(dst + i, load_numbers(dtype, p + i * size));
    if (i == n)
        return;
    uint8_t rest[LANES * sizeof(float)] = {0};
    for (size_t b = 0; b < (n - i) * size; b++)
        rest[b] = p[i * size + b];
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(n - i)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    _mm256_maskstore_ps(dst + i, mask, load_numbers(dtype, rest));
}

const cs_cvt_ops cs_cvt_ops_avx2 = {.name = "cvt avx2", .to_f32 = to_f32};
