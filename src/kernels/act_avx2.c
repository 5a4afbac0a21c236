/* SPDX-License-Identifier: MIT
 * act_avx2.c - the row-wise operations of a transformer in 256-bit registers; the same bits as act_avx512.c. */
#include "kernels/act_impl.h"
#include "kernels/act_poly.h"

#include <immintrin.h>
#include <stddef.h>

/* Two accumulators of 8 lanes stand for each of 16 that act_avx512.c has. */
enum { LANES = 8, ACCUMULATORS = 8, STEP = LANES * ACCUMULATORS };

/* All bits set in the first n lanes; none for the lanes behind. */
static inline __m256i first_lanes(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < LANES ? (int)n : LANES), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* Whole vectors go without a mask: masked stores are slow on AMD processors (layernorm of 768: 675 against 202 ns,
 * Zen 4). */
static inline __m256 load_first(const float *p, size_t n)
{
    return n >= LANES ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, first_lanes(n));
}

static inline void store_first(float *p, size_t n, __m256 value)
{
    if (n >= LANES)
        _mm256_storeu_ps(p, value);
    else
        _mm256_maskstore_ps(p, first_lanes(n), value);
}

static inline float total(__m256 low, __m256 high)
{
    __m256 half = _mm256_add_ps(low, high);
    __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

/* See act_poly.h. The order of operands lets NaN through. 2^n is multiplied in as two factors that both are numbers:
 * the first product is exact, so a subnormal result is rounded once. */
static inline __m256 exponential(__m256 x)
{
    x = _mm256_min_ps(_mm256_set1_ps(EXP_MOST), _mm256_max_ps(_mm256_set1_ps(EXP_LEAST), x));
    __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(EXP_LOG2E)), _MM_FROUND_TO_NEAREST_INT);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(EXP_LN2_HIGH), x);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(EXP_LN2_LOW), r);
    __m256 p = _mm256_set1_ps(exp_series[0]);
    for (int i = 1; i < EXP_TERMS; i++)
        p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(exp_series[i]));
    __m256i power = _mm256_cvtps_epi32(n), part = _mm256_srai_epi32(power, 1), bias = _mm256_set1_epi32(127);
    __m256i rest = _mm256_sub_epi32(power, part);
    p = _mm256_mul_ps(p, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(part, bias), 23)));
    return _mm256_mul_ps(p, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23)));
}

/* The sum of x[i], or with `squares` of (x[i] - mean)^2. */
static inline __attribute__((always_inline)) float sum_of(int squares, const float *x, float mean, size_t n)
{
    __m256 s[ACCUMULATORS], centre = _mm256_set1_ps(mean);
    for (size_t v = 0; v < ACCUMULATORS; v++)
        s[v] = _mm256_setzero_ps();
    for (size_t i = 0; i < n; i += STEP)
        for (size_t v = 0; v < ACCUMULATORS; v++) {
            const size_t done = i + v * LANES, rest = done < n ? n - done : 0;
            __m256 value = load_first(x + done, rest);
            if (squares) {
                value = _mm256_and_ps(_mm256_sub_ps(value, centre), _mm256_castsi256_ps(first_lanes(rest)));
                s[v] = _mm256_fmadd_ps(value, value, s[v]);
            } else {
                s[v] = _mm256_add_ps(s[v], value);
            }
        }
    return total(_mm256_add_ps(_mm256_add_ps(s[0], s[2]), _mm256_add_ps(s[4], s[6])),
                 _mm256_add_ps(_mm256_add_ps(s[1], s[3]), _mm256_add_ps(s[5], s[7])));
}

static void layernorm(const float *x, const float *gamma, const float *beta, float eps, size_t n, float *y)
{
    const float mean = sum_of(0, x, 0, n) / (float)n;
    const float variance = sum_of(1, x, mean, n) / (float)n;
    const __m256 centre = _mm256_set1_ps(mean);
    const __m128 root = _mm_sqrt_ss(_mm_set_ss(variance + eps));
    const __m256 scale = _mm256_set1_ps(1 / _mm_cvtss_f32(root));
    for (size_t i = 0; i < n; i += LANES) {
        __m256 value = _mm256_mul_ps(_mm256_sub_ps(load_first(x + i, n - i), centre), scale);
        value = _mm256_fmadd_ps(value, load_first(gamma + i, n - i), load_first(beta + i, n - i));
        store_first(y + i, n - i, value);
    }
}

static void softmax(float *x, size_t n)
{
    const __m256 first = _mm256_set1_ps(x[0]);
    __m256 most = first, sums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    for (size_t i = 0; i < n; i += LANES) {
        const __m256 mask = _mm256_castsi256_ps(first_lanes(n - i));
        most = _mm256_max_ps(most, _mm256_blendv_ps(first, load_first(x + i, n - i), mask));
    }
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps(most, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    most = _mm256_set1_ps(_mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four))));
    for (size_t i = 0; i < n; i += LANES) {
        __m256 value = exponential(_mm256_sub_ps(load_first(x + i, n - i), most));
        __m256 *sum = &sums[i / LANES % 2];
        *sum = _mm256_add_ps(*sum, _mm256_and_ps(value, _mm256_castsi256_ps(first_lanes(n - i))));
        store_first(x + i, n - i, value);
    }
    const __m256 whole = _mm256_set1_ps(total(sums[0], sums[1]));
    for (size_t i = 0; i < n; i += LANES)
        store_first(x + i, n - i, _mm256_div_ps(load_first(x + i, n - i), whole));
}

static void quick_gelu(float *x, size_t n)
{
    const __m256 one = _mm256_set1_ps(1), slope = _mm256_set1_ps(-1.702f);
    for (size_t i = 0; i < n; i += LANES) {
        __m256 value = load_first(x + i, n - i);
        __m256 below = _mm256_add_ps(one, exponential(_mm256_mul_ps(value, slope)));
        store_first(x + i, n - i, _mm256_div_ps(value, below));
    }
}

/* x Phi(x), Phi(x) = erfc(-x / sqrt 2) / 2: no 1 + erf, which would cancel for negative x. See act_poly.h. */
static void gelu(float *x, size_t n)
{
    const __m256 one = _mm256_set1_ps(1), half = _mm256_set1_ps(0.5f), zero = _mm256_setzero_ps();
    for (size_t i = 0; i < n; i += LANES) {
        __m256 value = load_first(x + i, n - i), size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), value);
        __m256 s = _mm256_min_ps(_mm256_set1_ps(GAUSS_END), size), r = _mm256_set1_ps(gauss_tail[0]);
        for (int j = 1; j < GAUSS_TERMS; j++)
            r = _mm256_fmadd_ps(r, s, _mm256_set1_ps(gauss_tail[j]));
        __m256 tail = _mm256_mul_ps(half, exponential(_mm256_sub_ps(zero, _mm256_mul_ps(size, r))));
        __m256 positive = _mm256_cmp_ps(value, zero, _CMP_GT_OQ);
        tail = _mm256_blendv_ps(tail, _mm256_sub_ps(one, tail), positive);
        store_first(x + i, n - i, _mm256_mul_ps(value, tail));
    }
}

const cs_act_ops cs_act_ops_avx2 = {
    .name = "act avx2", .layernorm = layernorm, .softmax = softmax, .quick_gelu = quick_gelu, .gelu = gelu};
