/* SPDX-License-Identifier: MIT
 * i8_avx512.c - integer products in 512-bit registers, for processors without VNNI. */
#include "kernels/i8_impl.h"

#include <immintrin.h>

enum { LANES = 32 };

static void dot(const int8_t *query, const uint8_t *rows, size_t stride, const uint32_t *picked, size_t count, size_t n,
                int32_t *out)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = rows + picked[i] * stride;
        __m512i sums[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
        if (i + 2 < count)
            for (size_t j = 0; j < n; j += CS_I8_STEP)
                _mm_prefetch((const char *)(rows + picked[i + 2] * stride + j), _MM_HINT_T0);
        for (size_t j = 0; j < n; j += 2 * LANES)
            for (size_t v = 0; v < 2; v++) {
                __m512i a = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(query + j + v * LANES)));
                __m512i b = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(row + j + v * LANES)));
                sums[v] = _mm512_add_epi32(sums[v], _mm512_madd_epi16(a, b));
            }
        out[i] = _mm512_reduce_add_epi32(_mm512_add_epi32(sums[0], sums[1]));
    }
}

/* Several rows at a time: each piece of the query is widened once for all of them. */
static void dot_run(const int8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n, int32_t *out)
{
    enum { ROWS = 4 };
    size_t i = 0;
    for (; i + ROWS <= count; i += ROWS) {
        const uint8_t *row = rows + i * stride;
        __m512i sums[ROWS];
        for (size_t r = 0; r < ROWS; r++)
            sums[r] = _mm512_setzero_si512();
        for (size_t j = 0; j < n; j += LANES) {
            const __m512i a = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(query + j)));
            for (size_t r = 0; r < ROWS; r++) {
                const __m512i b = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(row + r * stride + j)));
                sums[r] = _mm512_add_epi32(sums[r], _mm512_madd_epi16(a, b));
            }
        }
        for (size_t r = 0; r < ROWS; r++)
            out[i + r] = _mm512_reduce_add_epi32(sums[r]);
    }
    for (; i < count; i++)
        dot(query, rows + i * stride, stride, &(uint32_t){0}, 1, n, out + i);
}

const cs_i8_ops cs_i8_ops_avx512 = {.name = "i8 avx512", .dot = dot, .dot_run = dot_run};
