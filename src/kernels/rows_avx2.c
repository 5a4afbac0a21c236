/* SPDX-License-Identifier: MIT
 * rows_avx2.c - picked-row products and distances in 256-bit registers; the same bits as rows_avx512.c. */
#include "kernels/rows_impl.h"
#include "kernels/sum_avx2.h"

#include <immintrin.h>

/* Eight accumulators of 8 lanes stand for the four of 16 that rows_avx512.c has. */
enum { LANES = 8, ACCUMULATORS = 8, STEP = LANES * ACCUMULATORS, AHEAD = 2, LINE = 64 };

typedef enum kind { F32, F16, BF16 } kind;

static inline __attribute__((always_inline)) __m256 load(kind of, const char *row, size_t i)
{
    if (of == F32)
        return _mm256_loadu_ps((const float *)row + i);
    const __m128i half = _mm_loadu_si128((const __m128i *)((const uint16_t *)row + i));
    return of == F16 ? _mm256_cvtph_ps(half) : _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}

static inline __attribute__((always_inline)) void score(int distance, kind of, const float *query, const char *rows,
                                                        size_t stride, const uint32_t *picked, size_t count, size_t n,
                                                        float *out)
{
    const size_t bytes = of == F32 ? sizeof(float) : sizeof(uint16_t);
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
                sums[v] = add(distance, _mm256_loadu_ps(query + j + v * LANES), load(of, row, j + v * LANES), sums[v]);
        for (size_t v = 0; j < n; v++, j += LANES)
            sums[v] = add(distance, _mm256_loadu_ps(query + j), load(of, row, j), sums[v]);
        out[i] = total(sums);
    }
}

static void dot_f32(const float *query, const float *rows, size_t stride, const uint32_t *picked, size_t count,
                    size_t n, float *out)
{
    score(0, F32, query, (const char *)rows, stride, picked, count, n, out);
}

static void l2sq_f32(const float *query, const float *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out)
{
    score(1, F32, query, (const char *)rows, stride, picked, count, n, out);
}

static void dot_f16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                    size_t n, float *out)
{
    score(0, F16, query, (const char *)rows, stride, picked, count, n, out);
}

static void l2sq_f16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out)
{
    score(1, F16, query, (const char *)rows, stride, picked, count, n, out);
}

static void dot_bf16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out)
{
    score(0, BF16, query, (const char *)rows, stride, picked, count, n, out);
}

static void l2sq_bf16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                      size_t n, float *out)
{
    score(1, BF16, query, (const char *)rows, stride, picked, count, n, out);
}

const cs_rows_ops cs_rows_ops_avx2 = {.name = "rows avx2",
                                      .dot_f32 = dot_f32,
                                      .l2sq_f32 = l2sq_f32,
                                      .dot_f16 = dot_f16,
                                      .l2sq_f16 = l2sq_f16,
                                      .dot_bf16 = dot_bf16,
                                      .l2sq_bf16 = l2sq_bf16};
