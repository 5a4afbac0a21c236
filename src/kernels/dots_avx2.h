/* SPDX-License-Identifier: MIT
 * dots_avx2.h - integer products in 256-bit registers without VNNI. */
#ifndef CS_KERNELS_DOTS_AVX2_H
#define CS_KERNELS_DOTS_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* 6 rows by 2 vectors are 12 sums; with 2 of weights, one of inputs and one of ones that fills the 16 registers. */
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

/* s += four u8 x s8 products in each lane, of the weights at w. Two products must fit 16 bits: see qgemm.h. In
 * assembly, because 12 sums, the inputs, the ones and the products leave one register free: from intrinsics gcc 12
 * keeps the weights in it and in another, and then a sum in memory, with 67 instructions for a group of a whole tile in
 * place of 48. */
static inline void dots_add(dots *s, dots x, const void *w)
{
    dots products;
    __asm__ volatile("vpmaddubsw %3, %2, %1\n\t"
                     "vpmaddwd %4, %1, %1\n\t"
                     "vpaddd %1, %0, %0"
                     : "+x"(*s), "=&x"(products)
                     : "x"(x), "m"(*(const __m256i_u *)w), "x"(_mm256_set1_epi16(1)));
}

#endif
