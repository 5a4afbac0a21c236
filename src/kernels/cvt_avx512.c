/* SPDX-License-Identifier: MIT
 * cvt_avx512.c - number type conversions in 512-bit registers. */
#include "kernels/cvt_impl.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 16 };

static inline __mmask16 first_lanes(size_t n)
{
    return (__mmask16)(n >= LANES ? 0xffff : (1u << n) - 1);
}

static void to_f32(cs_dtype dtype, const void *src, size_t n, float *dst)
{
    const uint8_t *p = src;
    const size_t size = cs_dtype_size(dtype);
    for (size_t i = 0; i < n; i += LANES, p += LANES * size) {
        const __mmask16 mask = first_lanes(n - i);
        __m512 value;
        if (dtype == CS_F32)
            value = _mm512_maskz_loadu_ps(mask, p);
        else if (dtype == CS_F16)
            value = _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, p));
        else
            value =
                _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, p)), 16));
        _mm512_mask_storeu_ps(dst + i, mask, value);
    }
}

const cs_cvt_ops cs_cvt_ops_avx512 = {.name = "cvt avx512", .to_f32 = to_f32};
