/* SPDX-License-Identifier: MIT
 * lanes_avx512.h - the words of lanes_avx2.h, which says what they mean, for 512-bit registers: 16 floats each. */
#ifndef CS_KERNELS_LANES_H
#define CS_KERNELS_LANES_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

typedef __m512 lanes;
typedef __mmask16 lanes_mask;

enum {
    LANES = 16,
    LANES_REGISTERS = 32,
    VEC_ROWS = 4 /* sixteen accumulators, which leave as many registers */
};

static inline lanes lanes_zero(void)
{
    return _mm512_setzero_ps();
}

static inline lanes lanes_set(float x)
{
    return _mm512_set1_ps(x);
}

static inline lanes_mask lanes_first(size_t n)
{
    return (lanes_mask)(n >= LANES ? 0xffff : (1u << n) - 1);
}

static inline lanes lanes_load(const float *from)
{
    return _mm512_loadu_ps(from);
}

static inline void lanes_store(float *to, lanes x)
{
    _mm512_storeu_ps(to, x);
}

static inline lanes lanes_load_masked(const float *from, lanes_mask mask)
{
    return _mm512_maskz_loadu_ps(mask, from);
}

static inline void lanes_store_masked(float *to, lanes_mask mask, lanes x)
{
    _mm512_mask_storeu_ps(to, mask, x);
}

/* A mask costs nothing here. */
static inline lanes lanes_load_first(const float *from, size_t n)
{
    return lanes_load_masked(from, lanes_first(n));
}

static inline void lanes_store_first(float *to, size_t n, lanes x)
{
    lanes_store_masked(to, lanes_first(n), x);
}

static inline lanes lanes_load_f16(const void *from)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)from));
}

static inline lanes lanes_load_bf16(const void *from)
{
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

static inline lanes lanes_add(lanes a, lanes b)
{
    return _mm512_add_ps(a, b);
}

static inline lanes lanes_sub(lanes a, lanes b)
{
    return _mm512_sub_ps(a, b);
}

static inline lanes lanes_fma(lanes a, lanes b, lanes c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline lanes lanes_min(lanes a, lanes b)
{
    return _mm512_min_ps(a, b);
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return _mm512_max_ps(a, b);
}

static inline float lanes_total(const lanes s[16 / LANES])
{
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(s[0]), _mm512_extractf32x8_ps(s[0], 1));
    __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

#endif
