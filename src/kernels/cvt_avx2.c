/* SPDX-License-Identifier: MIT
 * cvt_avx2.c - number type conversions in 256-bit registers. */
#include "kernels/cvt_impl.h"
#include "kernels/load_avx2.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 8 };

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
