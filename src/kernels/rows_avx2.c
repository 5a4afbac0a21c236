/* SPDX-License-Identifier: MIT
 * rows_avx2.c - picked-row products and distances in 256-bit registers; the same bits as rows_avx512.c. */
#include "kernels/rows_impl.h"
#include "kernels/sum_avx2.h"

#include <immintrin.h>

/* Eight accumulators of 8 lanes stand for the four of 16 that rows_avx512.c has. */
enum { LANES = 8, ACCUMULATORS = 8, STEP = LANES * ACCUMULATORS, AHEAD = 2, LINE = 64 };

static inline __attribute__((always_inline)) __m256 load(int half, const char *row, size_t i)
{
    return half ? _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)((const uint16_t *)row + i)))
                : _mm256_loadu_ps((const float *)row + i);
}

static inline __attribute__((always_inline)) void score(int distance, int half, const float *query, const char *rows,
                                                        size_t stride, const uint32_t *picked, size_t count, size_t n,
                                                        float *out)
{
    const size_t bytes = half ? sizeof(uint16_t) : sizeof(float);
    for (size_t i = 0; i < count; i++) {
        const char *row = rows + picked[i] * stride * bytes;
        __m256 sums[ACCUMULATORS];
        if (i + AHEAD < count)
            for (size_t j = 0; j < n * bytes; j += LINE)
                _mm_prefetch(rows + picked[i + AHEAD] * stride * bytes + j, _MM_HINT_T0);
        for (size_t v = 0; v < ACCUMULATORS; v++)
            sums[v] = _mm256_setzero_ps();
        size_t j = 0;
        for (; j + STEP <= n; j += STEP)
            for (size_t v = 0; v < ACCUMULATORS; v++)
                sums[v] =
                    add(distance, _mm256_loadu_ps(query + j + v * LANES), load(half, row, j + v * LANES), sums[v]);
        for (size_t v = 0; j < n; v++, j += LANES)
            sums[v] = add(distance, _mm256_loadu_ps(query + j), load(half, row, j), sums[v]);
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

const cs_rows_ops cs_rows_ops_avx2 = {
    .name = "rows avx2", .dot_f32 = dot_f32, .l2sq_f32 = l2sq_f32, .dot_f16 = dot_f16, .l2sq_f16 = l2sq_f16};
