/* SPDX-License-Identifier: MIT
 * pix_avx2.c - the two passes of 8-bit resampling in 256-bit registers. */
#include "kernels/pix_impl.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { HALF = 1 << (CS_PIX_PRECISION - 1), GROUP = 4, BLOCK = 32 };

/* Sums of four int32 to the lowest four bytes, clipped to 0..255. */
static inline uint32_t clip8(__m128i sums)
{
    sums = _mm_srai_epi32(sums, CS_PIX_PRECISION);
    sums = _mm_packs_epi32(sums, sums);
    return (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(sums, sums));
}

/* Add GROUP taps of one output pixel: 4 pixels of 3 bytes in `pixels`, times 4 coefficients. A half of `sums` holds
 * (r, g, b, nothing); taps 0 and 2 go into the low half, 1 and 3 into the high one. */
static inline __m256i add_group(__m256i sums, __m128i pixels, __m128i coef)
{
    const __m256i low_pair = _mm256_setr_epi8(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, -1, -1, -1, -1, 3, -1, -1,
                                              -1, 4, -1, -1, -1, 5, -1, -1, -1, -1, -1, -1, -1);
    const __m256i high_pair = _mm256_setr_epi8(6, -1, -1, -1, 7, -1, -1, -1, 8, -1, -1, -1, -1, -1, -1, -1, 9, -1, -1,
                                               -1, 10, -1, -1, -1, 11, -1, -1, -1, -1, -1, -1, -1);
    const __m256i first_two = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    const __m256i last_two = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
    __m256i p = _mm256_broadcastsi128_si256(pixels);
    __m256 c = _mm256_castsi256_ps(_mm256_broadcastsi128_si256(coef));
    __m256i c01 = _mm256_castps_si256(_mm256_permutevar_ps(c, first_two));
    __m256i c23 = _mm256_castps_si256(_mm256_permutevar_ps(c, last_two));
    sums = _mm256_add_epi32(sums, _mm256_mullo_epi32(_mm256_shuffle_epi8(p, low_pair), c01));
    return _mm256_add_epi32(sums, _mm256_mullo_epi32(_mm256_shuffle_epi8(p, high_pair), c23));
}

/* The first n < 16 bytes at p, zeros behind. */
static inline __m128i load_first(const uint8_t *p, size_t n)
{
    uint8_t copy[16] = {0};
    for (size_t i = 0; i < n; i++)
        copy[i] = p[i];
    return _mm_loadu_si128((const __m128i *)(const void *)copy);
}

static void horizontal(const uint8_t *in, size_t out_width, const uint32_t *first, const uint32_t *used,
                       const int32_t *coef, size_t taps, uint8_t *out)
{
    size_t end = 0; /* bytes of `in` that may be read: up to the last pixel any sum takes */
    for (size_t x = 0; x < out_width; x++)
        end = ((size_t)first[x] + used[x]) * 3 > end ? ((size_t)first[x] + used[x]) * 3 : end;
    for (size_t x = 0; x < out_width; x++, coef += taps, out += 3) {
        const size_t n = used[x];
        __m256i sums = _mm256_setr_epi32(HALF, HALF, HALF, 0, 0, 0, 0, 0);
        size_t at = (size_t)first[x] * 3, j = 0;
        for (; j + GROUP <= n && at + 16 <= end; j += GROUP, at += 3 * GROUP)
            sums = add_group(sums, _mm_loadu_si128((const __m128i *)(const void *)(in + at)),
                             _mm_loadu_si128((const __m128i *)(const void *)(coef + j)));
        for (; j < n; j += GROUP, at += 3 * GROUP) {
            const __m128i rest = _mm_cmpgt_epi32(_mm_set1_epi32((int)(n - j)), _mm_setr_epi32(0, 1, 2, 3));
            const size_t bytes = n - j < GROUP ? (n - j) * 3 : 3 * GROUP;
            sums = add_group(sums, load_first(in + at, bytes), _mm_maskload_epi32(coef + j, rest));
        }
        uint32_t pixel = clip8(_mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1)));
        out[0] = (uint8_t)pixel;
        out[1] = (uint8_t)(pixel >> 8);
        out[2] = (uint8_t)(pixel >> 16);
    }
}

/* Eight bytes at p, times c, added to sums. */
static inline __m256i add_row(__m256i sums, const uint8_t *p, __m256i c)
{
    __m256i values = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
    return _mm256_add_epi32(sums, _mm256_mullo_epi32(values, c));
}

static inline void store_eight(__m256i sums, uint8_t *out)
{
    sums = _mm256_srai_epi32(sums, CS_PIX_PRECISION);
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    _mm_storel_epi64((__m128i *)(void *)out, _mm_packus_epi16(words, words));
}

static void vertical(const uint8_t *in, size_t stride, size_t n, const int32_t *coef, size_t used, uint8_t *out)
{
    const __m256i half = _mm256_set1_epi32(HALF);
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        __m256i a = half, b = half, c = half, d = half;
        const uint8_t *p = in + i;
        for (size_t j = 0; j < used; j++, p += stride) {
            __m256i factor = _mm256_set1_epi32(coef[j]);
            a = add_row(a, p, factor);
            b = add_row(b, p + 8, factor);
            c = add_row(c, p + 16, factor);
            d = add_row(d, p + 24, factor);
        }
        store_eight(a, out + i);
        store_eight(b, out + i + 8);
        store_eight(c, out + i + 16);
        store_eight(d, out + i + 24);
    }
    for (; i + 8 <= n; i += 8) {
        __m256i sums = half;
        for (size_t j = 0; j < used; j++)
            sums = add_row(sums, in + j * stride + i, _mm256_set1_epi32(coef[j]));
        store_eight(sums, out + i);
    }
    for (; i < n; i++) {
        int32_t sum = HALF;
        for (size_t j = 0; j < used; j++)
            sum += coef[j] * in[j * stride + i];
        sum >>= CS_PIX_PRECISION;
        out[i] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
    }
}

const cs_pix_ops cs_pix_ops_avx2 = {.name = "pix avx2", .horizontal = horizontal, .vertical = vertical};
