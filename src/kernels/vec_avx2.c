/* SPDX-License-Identifier: MIT
 * vec_avx2.c - products and distances in 256-bit registers; the same bits as vec_avx512.c. */
#include "kernels/sum_avx2.h"
#include "kernels/vec_impl.h"

#include <immintrin.h>
#include <stddef.h>

/* Eight accumulators of 8 lanes stand for the four of 16 that vec_avx512.c has. They fill half the registers, so rows
 * are scored one by one: two loads an accumulation are still far faster than memory brings new rows. */
enum { LANES = 8, ACCUMULATORS = 8, STEP = LANES * ACCUMULATORS };

static inline __m256i first_lanes(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < LANES ? (int)n : LANES), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline __attribute__((always_inline)) float score(int distance, const float *a, const float *b, size_t n)
{
    __m256 sums[ACCUMULATORS];
    size_t i = 0;
    for (size_t v = 0; v < ACCUMULATORS; v++)
        sums[v] = _mm256_setzero_ps();
    for (; i + STEP <= n; i += STEP)
        for (size_t v = 0; v < ACCUMULATORS; v++)
            sums[v] = add(distance, _mm256_loadu_ps(a + i + v * LANES), _mm256_loadu_ps(b + i + v * LANES), sums[v]);
    for (size_t v = 0; v < ACCUMULATORS; v++) {
        const size_t done = i + v * LANES;
        const __m256i mask = first_lanes(done < n ? n - done : 0);
        sums[v] = add(distance, _mm256_maskload_ps(a + done, mask), _mm256_maskload_ps(b + done, mask), sums[v]);
    }
    return total(sums);
}

static float dot(const float *a, const float *b, size_t n)
{
    return score(0, a, b, n);
}

static float l2sq(const float *a, const float *b, size_t n)
{
    return score(1, a, b, n);
}

static void dot_many(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out)
{
    for (size_t r = 0; r < count; r++)
        out[r] = score(0, query, rows + r * stride, n);
}

static void l2sq_many(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out)
{
    for (size_t r = 0; r < count; r++)
        out[r] = score(1, query, rows + r * stride, n);
}

const cs_vec_ops cs_vec_ops_avx2 = {
    .name = "vec avx2", .dot = dot, .l2sq = l2sq, .dot_many = dot_many, .l2sq_many = l2sq_many};
