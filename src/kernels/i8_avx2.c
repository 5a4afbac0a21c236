/* SPDX-License-Identifier: MIT
 * i8_avx2.c - integer products in 256-bit registers. vpmaddubsw would saturate, so the bytes are widened first. */
#include "kernels/i8_impl.h"

#include <immintrin.h>

enum { LANES = 16 };

static int32_t total(__m256i sum)
{
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

static void dot(const int8_t *query, const uint8_t *rows, size_t stride, const uint32_t *picked, size_t count, size_t n,
                int32_t *out)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = rows + picked[i] * stride;
        __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        if (i + 2 < count)
            for (size_t j = 0; j < n; j += CS_I8_STEP)
                _mm_prefetch((const char *)(rows + picked[i + 2] * stride + j), _MM_HINT_T0);
        for (size_t j = 0; j < n; j += 2 * LANES)
            for (size_t v = 0; v < 2; v++) {
                __m256i a = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(query + j + v * LANES)));
                __m256i b = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(row + j + v * LANES)));
                sums[v] = _mm256_add_epi32(sums[v], _mm256_madd_epi16(a, b));
            }
        out[i] = total(_mm256_add_epi32(sums[0], sums[1]));
    }
}

/* Several rows at a time: each piece of the query is widened once for all of them. */
static void dot_run(const int8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n, int32_t *out)
{
    enum { ROWS = 4 };
    size_t i = 0;
    for (; i + ROWS <= count; i += ROWS) {
        const uint8_t *row = rows + i * stride;
        __m256i sums[ROWS];
        for (size_t r = 0; r < ROWS; r++)
            sums[r] = _mm256_setzero_si256();
        for (size_t j = 0; j < n; j += LANES) {
            const __m256i a = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(query + j)));
            for (size_t r = 0; r < ROWS; r++) {
                const __m256i b = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(row + r * stride + j)));
                sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(a, b));
            }
        }
        for (size_t r = 0; r < ROWS; r++)
            out[i + r] = total(sums[r]);
    }
    for (; i < count; i++)
        dot(query, rows + i * stride, stride, &(uint32_t){0}, 1, n, out + i);
}

const cs_i8_ops cs_i8_ops_avx2 = {.name = "i8 avx2", .dot = dot, .dot_run = dot_run};
