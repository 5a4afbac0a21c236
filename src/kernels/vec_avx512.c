/* SPDX-License-Identifier: MIT
 * vec_avx512.c - products and distances in 512-bit registers. */
#include "kernels/sum_avx512.h"
#include "kernels/vec_impl.h"

#include <immintrin.h>
#include <stddef.h>

/* Element i goes into lane i % 16 of accumulator i / 16 % 4, by fused multiply-add; at the end the four accumulators,
 * then halves of lanes, are added pairwise. vec_avx2.c keeps the same order and gives the same bits. */
enum { LANES = 16, ACCUMULATORS = 4, STEP = LANES * ACCUMULATORS, ROWS = 4 };

/* Rows of this many floats and more are scored one at a time: read from memory, four interleaved streams of 2 KB rows
 * came at half the speed of one (docs/speed.md, "Exact scan"); shorter rows gain from sharing the query's registers. */
enum { LONG_ROW = 256 };

static inline __mmask16 first_lanes(size_t n)
{
    return (__mmask16)(n >= LANES ? 0xffff : (1u << n) - 1);
}

/* `count` <= ROWS rows against a. */
static inline __attribute__((always_inline)) void score(int distance, const float *a, const float *rows, size_t stride,
                                                        size_t count, size_t n, float *out)
{
    __m512 sums[ROWS][ACCUMULATORS];
    size_t i = 0;
    for (size_t r = 0; r < count; r++)
        for (size_t v = 0; v < ACCUMULATORS; v++)
            sums[r][v] = _mm512_setzero_ps();
    for (; i + STEP <= n; i += STEP)
        for (size_t v = 0; v < ACCUMULATORS; v++) {
            __m512 x = _mm512_loadu_ps(a + i + v * LANES);
            for (size_t r = 0; r < count; r++)
                sums[r][v] = add(distance, x, _mm512_loadu_ps(rows + r * stride + i + v * LANES), sums[r][v]);
        }
    for (size_t v = 0; v < ACCUMULATORS; v++) {
        const size_t done = i + v * LANES;
        const __mmask16 mask = done < n ? first_lanes(n - done) : 0;
        __m512 x = _mm512_maskz_loadu_ps(mask, a + done);
        for (size_t r = 0; r < count; r++)
            sums[r][v] = add(distance, x, _mm512_maskz_loadu_ps(mask, rows + r * stride + done), sums[r][v]);
    }
    for (size_t r = 0; r < count; r++)
        out[r] = total(sums[r]);
}

static float dot(const float *a, const float *b, size_t n)
{
    float sum;
    score(0, a, b, 0, 1, n, &sum);
    return sum;
}

static float l2sq(const float *a, const float *b, size_t n)
{
    float sum;
    score(1, a, b, 0, 1, n, &sum);
    return sum;
}

static void dot_many(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out)
{
    size_t r = 0;
    for (; n < LONG_ROW && r + ROWS <= count; r += ROWS)
        score(0, query, rows + r * stride, stride, ROWS, n, out + r);
    for (; r < count; r++)
        score(0, query, rows + r * stride, stride, 1, n, out + r);
}

static void l2sq_many(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out)
{
    size_t r = 0;
    for (; n < LONG_ROW && r + ROWS <= count; r += ROWS)
        score(1, query, rows + r * stride, stride, ROWS, n, out + r);
    for (; r < count; r++)
        score(1, query, rows + r * stride, stride, 1, n, out + r);
}

const cs_vec_ops cs_vec_ops_avx512 = {
    .name = "vec avx512", .dot = dot, .l2sq = l2sq, .dot_many = dot_many, .l2sq_many = l2sq_many};
