/* SPDX-License-Identifier: MIT
 * rows_avx512.c - picked-row products and distances in 512-bit registers. */
#include "kernels/rows_impl.h"
#include "kernels/sum_avx512.h"

#include <immintrin.h>

/* Element i goes into lane i % 16 of accumulator i / 16 % 4; rows_avx2.c keeps that order and gives the same bits. */
enum { LANES = 16, ACCUMULATORS = 4, STEP = LANES * ACCUMULATORS, AHEAD = 2, LINE = 64 };

static inline __attribute__((always_inline)) __m512 load(int half, const char *row, size_t i)
{
    return half ? _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)((const uint16_t *)row + i)))
                : _mm512_loadu_ps((const float *)row + i);
}

static inline __attribute__((always_inline)) void score(int distance, int half, const float *query, const char *rows,
                                                        size_t stride, const uint32_t *picked, size_t count, size_t n,
                                                        float *out)
{
    const size_t bytes = half ? sizeof(uint16_t) : sizeof(float);
    for (size_t i = 0; i < count; i++) {
        const char *row = rows + picked[i] * stride * bytes;
        __m512 sums[ACCUMULATORS];
        if (i + AHEAD < count)
            for (size_t j = 0; j < n * bytes; j += LINE)
                _mm_prefetch(rows + picked[i + AHEAD] * stride * bytes + j, _MM_HINT_T0);
        for (size_t v = 0; v < ACCUMULATORS; v++)
            sums[v] = _mm512_setzero_ps();
        size_t j = 0;
        for (; j + STEP <= n; j += STEP)
            for (size_t v = 0; v < ACCUMULATORS; v++)
                sums[v] =
                    add(distance, _mm512_loadu_ps(query + j + v * LANES), load(half, row, j + v * LANES), sums[v]);
        for (size_t v = 0; j < n; v++, j += LANES)
            sums[v] = add(distance, _mm512_loadu_ps(query + j), load(half, row, j), sums[v]);
        out[i] = total(sums);
    }
}

static void dot_f32(const float *query, const float *rows, size_t stride, const uint32_t *picked, size_t count,
                    size_t n, float *out)
{
    score(0, 0, query, (const char *)rows, stride, picked, count, n, out);
}

static void l2sq_f32(const float *query, const float *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out)
{
    score(1, 0, query, (const char *)rows, stride, picked, count, n, out);
}

static void dot_f16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                    size_t n, float *out)
{
    score(0, 1, query, (const char *)rows, stride, picked, count, n, out);
}

static void l2sq_f16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out)
{
    score(1, 1, query, (const char *)rows, stride, picked, count, n, out);
}

const cs_rows_ops cs_rows_ops_avx512 = {
    .name = "rows avx512", .dot_f32 = dot_f32, .l2sq_f32 = l2sq_f32, .dot_f16 = dot_f16, .l2sq_f16 = l2sq_f16};
