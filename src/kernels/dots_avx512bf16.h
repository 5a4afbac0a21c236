/* SPDX-License-Identifier: MIT
 * dots_avx512bf16.h - products of pairs of bf16 in 512-bit registers with AVX512-BF16. */
#ifndef CS_KERNELS_DOTS_AVX512BF16_H
#define CS_KERNELS_DOTS_AVX512BF16_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* 6 rows by 4 vectors are 24 sums, with 4 of weights and one of inputs 29 of the 32 registers. */
typedef __m512 dots;
typedef float dots_sum;
enum { DOTS_LANES = 16, DOTS_BESIDE = 4, DOTS_ROWS = 6 };

/* Bytes from one vector of weights to the next beside it; `strip` has a strip's bytes. */
static inline size_t dots_apart(size_t strip)
{
    return strip;
}

static inline dots dots_zero(void)
{
    return _mm512_setzero_ps();
}

static inline dots dots_load(const void *p)
{
    return _mm512_loadu_ps(p);
}

static inline void dots_store(void *p, dots s)
{
    _mm512_storeu_ps(p, s);
}

/* Two inputs for every lane. */
static inline dots dots_spread(const uint8_t *two)
{
    float bits;
    __builtin_memcpy(&bits, two, sizeof bits);
    return _mm512_set1_ps(bits);
}

/* s += the second product + the first in each lane, of the weights at w. The empty statement is explained in
 * tile_dots.h. */
static inline void dots_add(dots *s, dots x, const void *w)
{
    *s = _mm512_dpbf16_ps(*s, (__m512bh)x, (__m512bh)dots_load(w));
    __asm__ volatile("" : "+v"(*s));
}

/* n floats rounded to bf16. */
static inline void dots_round(const float *x, size_t n, uint16_t *rounded)
{
    for (size_t i = 0; i < n; i += DOTS_LANES) {
        const __mmask16 mask = (__mmask16)(n - i >= DOTS_LANES ? 0xffff : (1u << (n - i)) - 1);
        const __m256bh halves = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, x + i));
        _mm256_mask_storeu_epi16(rounded + i, mask, (__m256i)halves);
    }
}

#endif
