/* SPDX-License-Identifier: MIT
 * act_avx512.c - the row-wise operations of a transformer in 512-bit registers. */
#include "kernels/act_impl.h"
#include "kernels/act_poly.h"

#include <immintrin.h>
#include <stddef.h>

/* Sums: element i goes into lane i % 16 of accumulator i / 16 % 4; then the four accumulators, then halves of lanes,
 * are added pairwise. act_avx2.c keeps the same order and gives the same bits. */
enum { LANES = 16, ACCUMULATORS = 4, STEP = LANES * ACCUMULATORS };

static inline __mmask16 first_lanes(size_t n)
{
    return (__mmask16)(n >= LANES ? 0xffff : (1u << n) - 1);
}

static inline float total(__m512 sum)
{
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(sum), _mm512_extractf32x8_ps(sum, 1));
    __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

/* See act_poly.h. The order of operands lets NaN through. */
static inline __m512 exponential(__m512 x)
{
    x = _mm512_min_ps(_mm512_set1_ps(EXP_MOST), _mm512_max_ps(_mm512_set1_ps(EXP_LEAST), x));
    __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(EXP_LOG2E)), _MM_FROUND_TO_NEAREST_INT);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(EXP_LN2_HIGH), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(EXP_LN2_LOW), r);
    __m512 p = _mm512_set1_ps(exp_series[0]);
    for (int i = 1; i < EXP_TERMS; i++)
        p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(exp_series[i]));
    return _mm512_scalef_ps(p, n);
}

/* The sum of x[i], or with `squares` of (x[i] - mean)^2. */
static inline __attribute__((always_inline)) float sum_of(int squares, const float *x, float mean, size_t n)
{
    __m512 sums[ACCUMULATORS], centre = _mm512_set1_ps(mean);
    size_t i = 0;
    for (size_t v = 0; v < ACCUMULATORS; v++)
        sums[v] = _mm512_setzero_ps();
    for (; i < n; i += STEP)
        for (size_t v = 0; v < ACCUMULATORS; v++) {
            const size_t done = i + v * LANES;
            const __mmask16 mask = done < n ? first_lanes(n - done) : 0;
            __m512 value = _mm512_maskz_loadu_ps(mask, x + done);
            if (squares) {
                value = _mm512_maskz_sub_ps(mask, value, centre);
                sums[v] = _mm512_fmadd_ps(value, value, sums[v]);
            } else {
                sums[v] = _mm512_add_ps(sums[v], value);
            }
        }
    return total(_mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3])));
}

static void layernorm(const float *x, const float *gamma, const float *beta, float eps, size_t n, float *y)
{
    const float mean = sum_of(0, x, 0, n) / (float)n;
    const float variance = sum_of(1, x, mean, n) / (float)n;
    const __m512 centre = _mm512_set1_ps(mean);
    const __m128 root = _mm_sqrt_ss(_mm_set_ss(variance + eps));
    const __m512 scale = _mm512_set1_ps(1 / _mm_cvtss_f32(root));
    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 mask = first_lanes(n - i);
        __m512 value = _mm512_mul_ps(_mm512_sub_ps(_mm512_maskz_loadu_ps(mask, x + i), centre), scale);
        value = _mm512_fmadd_ps(value, _mm512_maskz_loadu_ps(mask, gamma + i), _mm512_maskz_loadu_ps(mask, beta + i));
        _mm512_mask_storeu_ps(y + i, mask, value);
    }
}

static void softmax(float *x, size_t n)
{
    __m512 most = _mm512_set1_ps(x[0]), sum = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += LANES)
        most = _mm512_max_ps(most, _mm512_mask_loadu_ps(most, first_lanes(n - i), x + i));
    most = _mm512_set1_ps(_mm512_reduce_max_ps(most));
    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 mask = first_lanes(n - i);
        __m512 value = exponential(_mm512_sub_ps(_mm512_maskz_loadu_ps(mask, x + i), most));
        sum = _mm512_add_ps(sum, _mm512_maskz_mov_ps(mask, value));
        _mm512_mask_storeu_ps(x + i, mask, value);
    }
    sum = _mm512_set1_ps(total(sum));
    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 mask = first_lanes(n - i);
        _mm512_mask_storeu_ps(x + i, mask, _mm512_div_ps(_mm512_maskz_loadu_ps(mask, x + i), sum));
    }
}

static void quick_gelu(float *x, size_t n)
{
    const __m512 one = _mm512_set1_ps(1), slope = _mm512_set1_ps(-1.702f);
    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 mask = first_lanes(n - i);
        __m512 value = _mm512_maskz_loadu_ps(mask, x + i);
        __m512 below = _mm512_add_ps(one, exponential(_mm512_mul_ps(value, slope)));
        _mm512_mask_storeu_ps(x + i, mask, _mm512_div_ps(value, below));
    }
}

/* x Phi(x), Phi(x) = erfc(-x / sqrt 2) / 2: no 1 + erf, which would cancel for negative x. See act_poly.h. */
static void gelu(float *x, size_t n)
{
    const __m512 one = _mm512_set1_ps(1), half = _mm512_set1_ps(0.5f), zero = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 mask = first_lanes(n - i);
        __m512 value = _mm512_maskz_loadu_ps(mask, x + i), size = _mm512_abs_ps(value);
        __m512 s = _mm512_min_ps(_mm512_set1_ps(GAUSS_END), size), r = _mm512_set1_ps(gauss_tail[0]);
        for (int j = 1; j < GAUSS_TERMS; j++)
            r = _mm512_fmadd_ps(r, s, _mm512_set1_ps(gauss_tail[j]));
        __m512 tail = _mm512_mul_ps(half, exponential(_mm512_sub_ps(zero, _mm512_mul_ps(size, r))));
        __mmask16 positive = _mm512_cmp_ps_mask(value, zero, _CMP_GT_OQ);
        tail = _mm512_mask_sub_ps(tail, positive, one, tail);
        _mm512_mask_storeu_ps(x + i, mask, _mm512_mul_ps(value, tail));
    }
}

const cs_act_ops cs_act_ops_avx512 = {
    .name = "act avx512", .layernorm = layernorm, .softmax = softmax, .quick_gelu = quick_gelu, .gelu = gelu};
