/* SPDX-License-Identifier: MIT
 * rows_avx512.c - picked-row products and distances in 512-bit registers. */
#include "kernels/rows_impl.h"
#include "kernels/sum_avx512.h"

#include <immintrin.h>

/* Element i goes into lane i % 16 of accumulator i / 16 % 4; rows_avx2.c keeps that order and gives the same bits. */
enum { LANES = 16, ACCUMULATORS = 4, STEP = LANES * ACCUMULATORS, AHEAD = 2, LINE = 64 };

typedef enum kind { F32, F16, BF16 } kind;

static inline __attribute__((always_inline)) __m512 load(kind of, const char *row, size_t i)
{
    if (of == F32)
        return _mm512_loadu_ps((const float *)row + i);
    const __m256i half = _mm256_loadu_si256((const __m256i *)((const uint16_t *)row + i));
    return of == F16 ? _mm512_cvtph_ps(half) : _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

static inline __attribute__((always_inline)) void score(int distance, kind of, const float *query, const char *rows,
                                                        size_t stride, const uint32_t *picked, size_t count, size_t n,
                                                        float *out)
{
    const size_t bytes = of == F32 ? sizeof(float) : sizeof(uint16_t);
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
                sums[v] = add(distance, _mm512_loadu_ps(query + j + v * LANES), load(of, row, j + v * LANES), sums[v]);
        for (size_t v = 0; j < n; v++, j += LANES)
            sums[v] = add(distance, _mm512_loadu_ps(query + j), load(of, row, j), sums[v]);
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

const cs_rows_ops cs_rows_ops_avx512 = {.name = "rows avx512",
                                        .dot_f32 = dot_f32,
                                        .l2sq_f32 = l2sq_f32,
                                        .dot_f16 = dot_f16,
                                        .l2sq_f16 = l2sq_f16,
                                        .dot_bf16 = dot_bf16,
                                        .l2sq_bf16 = l2sq_bf16};
