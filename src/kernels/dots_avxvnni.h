/* SPDX-License-Identifier: MIT
 * dots_avxvnni.h - integer products in 256-bit registers with AVX-VNNI. */
#ifndef CS_KERNELS_DOTS_AVXVNNI_H
#define CS_KERNELS_DOTS_AVXVNNI_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* 6 rows by 2 vectors are 12 sums; with 2 of weights and one of inputs that leaves one of the 16 registers free. */
typedef __m256i dots;
typedef int32_t dots_sum;
enum { DOTS_LANES = 8, DOTS_BESIDE = 2, DOTS_ROWS = 6 };

/* Bytes from one vector of weights to the next beside it; `strip` has a strip's bytes. */
static inline size_t dots_apart(size_t strip)
{
    (void)strip;
    return sizeof(dots); /* the other half of a line */
}

static inline dots dots_load(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

static inline void dots_store(void *p, dots s)
{
    _mm256_storeu_si256((__m256i *)p, s);
}

static inline dots dots_zero(void)
{
    return _mm256_setzero_si256();
}

/* s - zero * sums, as floats. */
static inline __m256 dots_floats(dots s, const int32_t *sums, int32_t zero)
{
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(s, _mm256_mullo_epi32(dots_load(sums), _mm256_set1_epi32(zero))));
}

/* Four inputs for every lane. */
static inline dots dots_spread(const uint8_t *four)
{
    int32_t bytes;
    __builtin_memcpy(&bytes, four, sizeof bytes);
    return _mm256_set1_epi32(bytes);
}

/* s += four u8 x s8 products in each lane, of the weights at w. The empty statement is explained in tile_dots.h. */
static inline void dots_add(dots *s, dots x, const void *w)
{
    *s = _mm256_dpbusd_avx_epi32(*s, x, dots_load(w));
    __asm__ volatile("" : "+x"(*s));
}

#endif
