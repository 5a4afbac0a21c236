/* SPDX-License-Identifier: MIT
 * immintrin.h - AVX-512 on processors that have AVX2, for test_emulated.sh: the compiler's own header, over it SIMDe's
 * functions, and here those that SIMDe 0.7.4 lacks or does not round as the processor does. */
#ifndef TESTS_EMULATED_IMMINTRIN_H
#define TESTS_EMULATED_IMMINTRIN_H

#include_next <immintrin.h>
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <math.h>
#include <simde/x86/avx512.h>
#include <string.h>

typedef simde__m512 m512;
typedef simde__m512i m512i;

static inline m512 emulated_from_floats(const float x[16])
{
    m512 y;
    memcpy(&y, x, sizeof y);
    return y;
}

static inline __m256i emulated_load_halves(unsigned mask, const void *from)
{
    uint16_t x[16] = {0};
    __m256i y;
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1)
            memcpy(x + i, (const char *)from + 2 * i, 2);
    memcpy(&y, x, sizeof y);
    return y;
}

static inline m512 emulated_load(unsigned mask, const float *from)
{
    float x[16] = {0};
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1)
            x[i] = from[i];
    return emulated_from_floats(x);
}

static inline void emulated_store(float *to, unsigned mask, m512 y)
{
    float x[16];
    memcpy(x, &y, sizeof x);
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1)
            to[i] = x[i];
}

static inline m512 emulated_from_halves(__m256i halves)
{
    const __m256 x[2] = {_mm256_cvtph_ps(_mm256_castsi256_si128(halves)),
                         _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1))};
    m512 y;
    memcpy(&y, x, sizeof y);
    return y;
}

static inline m512i emulated_widen_16(__m256i x)
{
    uint16_t from[16];
    uint32_t to[16];
    m512i y;
    memcpy(from, &x, sizeof from);
    for (int i = 0; i < 16; i++)
        to[i] = from[i];
    memcpy(&y, to, sizeof y);
    return y;
}

static inline m512i emulated_widen_8(__m256i x)
{
    uint8_t from[32];
    uint16_t to[32];
    m512i y;
    memcpy(from, &x, sizeof from);
    for (int i = 0; i < 32; i++)
        to[i] = from[i];
    memcpy(&y, to, sizeof y);
    return y;
}

static inline __m256 emulated_half(m512 x, int which)
{
    __m256 y;
    memcpy(&y, (const char *)&x + 32 * which, sizeof y);
    return y;
}

static inline int emulated_sum(m512i x)
{
    uint32_t from[16], sum = 0;
    memcpy(from, &x, sizeof from);
    for (int i = 0; i < 16; i++)
        sum += from[i];
    return (int)sum;
}

static inline float emulated_most(m512 x)
{
    float from[16], most;
    memcpy(from, &x, sizeof from);
    most = from[0];
    for (int i = 1; i < 16; i++)
        most = from[i] > most ? from[i] : most;
    return most;
}

/* Rounded once, as SIMDe's are not without AVX-512. */
static inline m512 emulated_fnmadd(m512 a, m512 b, m512 c)
{
    const __m256 y[2] = {_mm256_fnmadd_ps(emulated_half(a, 0), emulated_half(b, 0), emulated_half(c, 0)),
                         _mm256_fnmadd_ps(emulated_half(a, 1), emulated_half(b, 1), emulated_half(c, 1))};
    m512 sum;
    memcpy(&sum, y, sizeof sum);
    return sum;
}

static inline m512 emulated_scale(m512 a, m512 b)
{
    float x[16], n[16];
    memcpy(x, &a, sizeof x);
    memcpy(n, &b, sizeof n);
    for (int i = 0; i < 16; i++)
        x[i] = n[i] == n[i] ? (float)ldexp(x[i], (int)floorf(n[i])) : n[i];
    return emulated_from_floats(x);
}

/* Each of a pair's products is exact; the second's is added first (Intel SDM volume 2, VDPBF16PS). */
/* Numbers below the smallest normal one count as zeros, whether they go in or come out. */
static inline float emulated_flush(float x)
{
    return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x;
}

static inline m512 emulated_pairs(m512 s, m512 a, m512 b)
{
    float sums[16];
    uint32_t x[16], y[16];
    memcpy(sums, &s, sizeof sums);
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    for (int i = 0; i < 16; i++)
        for (int upper = 1; upper >= 0; upper--) {
            const uint32_t bits[2] = {upper ? x[i] & 0xffff0000 : x[i] << 16, upper ? y[i] & 0xffff0000 : y[i] << 16};
            float factors[2];
            memcpy(factors, bits, sizeof factors);
            sums[i] =
                emulated_flush(fmaf(emulated_flush(factors[0]), emulated_flush(factors[1]), emulated_flush(sums[i])));
        }
    return emulated_from_floats(sums);
}

/* To the nearest, ties to even; subnormal numbers become zeros. */
static inline __m256i emulated_round(m512 x)
{
    uint32_t bits[16];
    uint16_t to[16];
    __m256i y;
    memcpy(bits, &x, sizeof bits);
    for (int i = 0; i < 16; i++) {
        const uint32_t size = bits[i] & 0x7fffffff, even = bits[i] >> 16 & 1;
        to[i] = size > 0x7f800000   ? (uint16_t)(bits[i] >> 16 | 0x40)
                : size < 0x00800000 ? (uint16_t)(bits[i] >> 16 & 0x8000)
                                    : (uint16_t)((bits[i] + 0x7fff + even) >> 16);
    }
    memcpy(&y, to, sizeof y);
    return y;
}

static inline void emulated_store_halves(void *to, unsigned mask, __m256i y)
{
    uint16_t x[16];
    memcpy(x, &y, sizeof x);
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1)
            memcpy((char *)to + 2 * i, x + i, 2);
}

static inline m512 emulated_from_integers(m512i x)
{
    int32_t from[16];
    float to[16];
    memcpy(from, &x, sizeof from);
    for (int i = 0; i < 16; i++)
        to[i] = (float)from[i];
    return emulated_from_floats(to);
}

static inline unsigned short emulated_less(m512i a, m512i b)
{
    int32_t x[16], y[16];
    unsigned mask = 0;
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    for (int i = 0; i < 16; i++)
        mask |= (unsigned)(x[i] < y[i]) << i;
    return (unsigned short)mask;
}

static inline __m256i emulated_narrow_32(m512i x)
{
    uint32_t from[16];
    uint16_t to[16];
    __m256i y;
    memcpy(from, &x, sizeof from);
    for (int i = 0; i < 16; i++)
        to[i] = (uint16_t)from[i];
    memcpy(&y, to, sizeof y);
    return y;
}

static inline m512i emulated_to_integers(m512 x)
{
    float from[16];
    int32_t to[16];
    m512i y;
    memcpy(from, &x, sizeof from);
    for (int i = 0; i < 16; i++)
        to[i] = (int32_t)rintf(from[i]);
    memcpy(&y, to, sizeof y);
    return y;
}

static inline __m128i emulated_to_bytes(m512i x)
{
    uint32_t from[16];
    uint8_t to[16];
    __m128i y;
    memcpy(from, &x, sizeof from);
    for (int i = 0; i < 16; i++)
        to[i] = (uint8_t)(from[i] > 255 ? 255 : from[i]);
    memcpy(&y, to, sizeof y);
    return y;
}

static inline void emulated_store_bytes(void *to, unsigned mask, __m128i y)
{
    uint8_t x[16];
    memcpy(x, &y, sizeof x);
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1)
            ((uint8_t *)to)[i] = x[i];
}

static inline m512 emulated_permute(m512 x, int from)
{
    float in[16], out[16];
    memcpy(in, &x, sizeof in);
    for (int i = 0; i < 16; i++)
        out[i] = in[i / 4 * 4 + (from >> i % 4 * 2 & 3)];
    return emulated_from_floats(out);
}

#undef _mm512_cvtps_epi32
#undef _mm512_cvtusepi32_epi8
#undef _mm_mask_storeu_epi8
#undef _mm512_permute_ps
#define _mm512_cvtps_epi32 emulated_to_integers
#define _mm512_cvtusepi32_epi8 emulated_to_bytes
#define _mm_mask_storeu_epi8 emulated_store_bytes
#define _mm512_permute_ps emulated_permute
#undef _mm512_cvtepi32_ps
#undef _mm512_cmplt_epi32_mask
#undef _mm512_cvtepi32_epi16
#define _mm512_cvtepi32_ps emulated_from_integers
#define _mm512_cmplt_epi32_mask emulated_less
#define _mm512_cvtepi32_epi16 emulated_narrow_32
#undef _mm512_dpbf16_ps
#undef _mm512_madd_epi16
#undef _mm512_extractf32x8_ps
#undef _mm512_shuffle_f32x4
#undef _mm512_fnmadd_ps
#undef _mm512_scalef_ps
#define _mm512_madd_epi16 simde_mm512_madd_epi16
#define _mm512_shuffle_f32x4 simde_mm512_shuffle_f32x4
#define _mm512_extractf32x8_ps emulated_half
#define _mm512_fnmadd_ps emulated_fnmadd
#define _mm512_scalef_ps emulated_scale
#define _mm256_maskz_loadu_epi16 emulated_load_halves
#define _mm512_maskz_loadu_ps emulated_load
#define _mm512_mask_storeu_ps emulated_store
#define _mm512_cvtph_ps emulated_from_halves
#define _mm512_cvtepu16_epi32 emulated_widen_16
#define _mm512_cvtepu8_epi16 emulated_widen_8
#define _mm512_reduce_add_epi32 emulated_sum
#define _mm512_reduce_max_ps emulated_most
#define __m512bh m512
#define __m256bh __m256i
#define _mm512_dpbf16_ps emulated_pairs
#define _mm512_cvtneps_pbh emulated_round
#define _mm256_mask_storeu_epi16 emulated_store_halves

#endif
