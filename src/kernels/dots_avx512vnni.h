/* SPDX-License-Identifier: MIT
 * dots_avx512vnni.h - integer products in 512-bit registers with AVX512-VNNI. */
#ifndef CS_KERNELS_DOTS_AVX512VNNI_H
#define CS_KERNELS_DOTS_AVX512VNNI_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* 6 rows by 4 vectors are 24 sums, with 4 of weights and one of inputs 29 of the 32 registers. */
typedef __m512i dots;
typedef int32_t dots_sum;
enum { DOTS_LANES = 16, DOTS_BESIDE = 4, DOTS_ROWS = 6 };

/* Bytes from one vector of weights to the next beside it; `strip` has a strip's bytes. */
static inline size_t dots_apart(size_t strip)
{
    return strip;
}

static inline dots dots_load(const void *p)
{
    return _mm512_loadu_si512((const __m512i *)p);
}

static inline void dots_store(void *p, dots s)
{
    _mm512_storeu_si512((__m512i *)p, s);
}

static inline dots dots_zero(void)
{
    return _mm512_setzero_si512();
}

/* s - zero * sums, as floats. */
static inline __m512 dots_floats(dots s, const int32_t *sums, int32_t zero)
{
    return _mm512_cvtepi32_ps(_mm512_sub_epi32(s, _mm512_mullo_epi32(dots_load(sums), _mm512_set1_epi32(zero))));
}

/* Four inputs for every lane. */
static inline dots dots_spread(const uint8_t *four)
{
    int32_t bytes;
    __builtin_memcpy(&bytes, four, sizeof bytes);
    return _mm512_set1_epi32(bytes);
}

/* s += four u8 x s8 products in each lane, of the weights at w. The empty statement is explained in tile_dots.h. */
static inline void dots_add(dots *s, dots x, const void *w)
{
    *s = _mm512_dpbusd_epi32(*s, x, dots_load(w));
    __asm__ volatile("" : "+v"(*s));
}

#endif
