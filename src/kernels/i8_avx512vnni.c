/* SPDX-License-Identifier: MIT
 * i8_avx512vnni.c - integer products by vpdpbusd, four rows at a time. */
#include "kernels/i8_impl.h"

#include <immintrin.h>

enum { ROWS = 4 };

static inline __attribute__((always_inline)) void fetch(const uint8_t *row, size_t n)
{
    for (size_t j = 0; j < n; j += CS_I8_STEP)
        _mm_prefetch((const char *)(row + j), _MM_HINT_T0);
}

/* Four sums of 16 lanes each to four numbers side by side. */
static inline __attribute__((always_inline)) __m128i totals(const __m512i s[ROWS])
{
    __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(s[0], s[1]), _mm512_unpackhi_epi32(s[0], s[1]));
    __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(s[2], s[3]), _mm512_unpackhi_epi32(s[2], s[3]));
    __m512i sum = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

static void dot(const int8_t *query, const uint8_t *rows, size_t stride, const uint32_t *picked, size_t count, size_t n,
                int32_t *out)
{
    size_t i = 0;
    for (; i + ROWS <= count; i += ROWS) {
        const uint8_t *row[ROWS];
        __m512i sums[ROWS];
        for (size_t r = 0; r < ROWS; r++) {
            row[r] = rows + picked[i + r] * stride;
            sums[r] = _mm512_setzero_si512();
        }
        for (size_t r = i + ROWS; r < i + 2 * ROWS && r < count; r++)
            fetch(rows + picked[r] * stride, n);
        for (size_t j = 0; j < n; j += CS_I8_STEP) {
            __m512i q = _mm512_loadu_si512(query + j);
            for (size_t r = 0; r < ROWS; r++)
                sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_loadu_si512(row[r] + j), q);
        }
        _mm_storeu_si128((__m128i *)(out + i), totals(sums));
    }
    for (; i < count; i++) {
        const uint8_t *row = rows + picked[i] * stride;
        __m512i sum = _mm512_setzero_si512();
        for (size_t j = 0; j < n; j += CS_I8_STEP)
            sum = _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(row + j), _mm512_loadu_si512(query + j));
        out[i] = _mm512_reduce_add_epi32(sum);
    }
}

static void dot_run(const int8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n, int32_t *out)
{
    size_t i = 0;
    for (; i + ROWS <= count; i += ROWS) {
        const uint8_t *row = rows + i * stride;
        __m512i sums[ROWS];
        for (size_t r = 0; r < ROWS; r++)
            sums[r] = _mm512_setzero_si512();
        for (size_t j = 0; j < n; j += CS_I8_STEP) {
            __m512i q = _mm512_loadu_si512(query + j);
            for (size_t r = 0; r < ROWS; r++)
                sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_loadu_si512(row + r * stride + j), q);
        }
        _mm_storeu_si128((__m128i *)(out + i), totals(sums));
    }
    for (; i < count; i++)
        dot(query, rows + i * stride, stride, &(uint32_t){0}, 1, n, out + i);
}

const cs_i8_ops cs_i8_ops_avx512vnni = {.name = "i8 avx512vnni", .dot = dot, .dot_run = dot_run};
