/* SPDX-License-Identifier: MIT
 * lanes_avx2.h - the words that the bodies (*_lanes.h) are written in, for 256-bit registers: 8 floats each.
 *
 * lanes_avx512.h and lanes_neon.h have the same words with the same meaning to the bit, so that a body gives the same
 * bits with each. A file <family>_<set>.c includes one of them, then the body, then fills in its table. */
#ifndef CS_KERNELS_LANES_H
#define CS_KERNELS_LANES_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* Floats side by side, and a choice among their places. */
typedef __m256 lanes;
typedef __m256i lanes_mask;

enum {
    LANES = 8,
    LANES_REGISTERS = 16, /* how many of them the processor has */
    VEC_ROWS = 1          /* rows that vec_lanes.h scores at a time: eight accumulators a row fill half the registers */
};

static inline lanes lanes_zero(void)
{
    return _mm256_setzero_ps();
}

static inline lanes lanes_set(float x)
{
    return _mm256_set1_ps(x);
}

/* The first n places; all of them from n = LANES on. */
static inline lanes_mask lanes_first(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < LANES ? (int)n : LANES), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* Loads and stores are at any alignment. With a mask, places outside it are neither read nor written; they load as
 * zero. */
static inline lanes lanes_load(const float *from)
{
    return _mm256_loadu_ps(from);
}

static inline void lanes_store(float *to, lanes x)
{
    _mm256_storeu_ps(to, x);
}

static inline lanes lanes_load_masked(const float *from, lanes_mask mask)
{
    return _mm256_maskload_ps(from, mask);
}

static inline void lanes_store_masked(float *to, lanes_mask mask, lanes x)
{
    _mm256_maskstore_ps(to, mask, x);
}

/* The first n, or all. Whole vectors go without a mask: masked stores are slow on AMD processors (layernorm of 768: 675
 * against 202 ns, Zen 4). */
static inline lanes lanes_load_first(const float *from, size_t n)
{
    return n >= LANES ? lanes_load(from) : lanes_load_masked(from, lanes_first(n));
}

static inline void lanes_store_first(float *to, size_t n, lanes x)
{
    if (n >= LANES)
        lanes_store(to, x);
    else
        lanes_store_masked(to, lanes_first(n), x);
}

/* Halves (IEEE, or the upper halves of floats) as floats; widening, so exact. */
static inline lanes lanes_load_f16(const void *from)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from));
}

static inline lanes lanes_load_bf16(const void *from)
{
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

static inline lanes lanes_add(lanes a, lanes b)
{
    return _mm256_add_ps(a, b);
}

static inline lanes lanes_sub(lanes a, lanes b)
{
    return _mm256_sub_ps(a, b);
}

/* a * b + c, rounded once. */
static inline lanes lanes_fma(lanes a, lanes b, lanes c)
{
    return _mm256_fmadd_ps(a, b, c);
}

/* b comes out when one of the two is NaN, and when they are equal. */
static inline lanes lanes_min(lanes a, lanes b)
{
    return _mm256_min_ps(a, b);
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return _mm256_max_ps(a, b);
}

/* The sum of 16 places, halves added pairwise: 0 and 8, 1 and 9, ...; of the 8 sums 0 and 4, ...; and so on. */
static inline float lanes_total(const lanes s[16 / LANES])
{
    const __m256 half = _mm256_add_ps(s[0], s[1]);
    __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

#endif
