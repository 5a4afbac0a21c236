/* SPDX-License-Identifier: MIT
 * act_lanes.h - the row-wise operations of a transformer, in the words of lanes_<set>.h. */
#include "kernels/act_impl.h"
#include "kernels/act_poly.h"
#include "kernels/sum_lanes.h"

/* See act_poly.h. The order of operands lets NaN through. */
static inline lanes exponential(lanes x)
{
    x = lanes_min(lanes_set(EXP_MOST), lanes_max(lanes_set(EXP_LEAST), x));
    const lanes n = lanes_round(lanes_mul(x, lanes_set(EXP_LOG2E)));
    const lanes r = lanes_fnma(n, lanes_set(EXP_LN2_LOW), lanes_fnma(n, lanes_set(EXP_LN2_HIGH), x));
    lanes p = lanes_set(exp_series[0]);
    for (int i = 1; i < EXP_TERMS; i++)
        p = lanes_fma(p, r, lanes_set(exp_series[i]));
    return lanes_scale(p, n);
}

/* The sum of x[i], or with `squares` of (x[i] - mean)^2. */
static inline __attribute__((always_inline)) float sum_of(int squares, const float *x, float mean, size_t n)
{
    const lanes centre = lanes_set(mean);
    lanes sums[ACCUMULATORS];
    for (size_t v = 0; v < ACCUMULATORS; v++)
        sums[v] = lanes_zero();
    for (size_t i = 0; i < n; i += SUM_STEP)
        for (size_t v = 0; v < ACCUMULATORS; v++) {
            const size_t done = i + v * LANES, rest = done < n ? n - done : 0;
            lanes value = lanes_load_first(x + done, rest);
            if (squares) {
                value = lanes_keep(lanes_first(rest), lanes_sub(value, centre));
                sums[v] = lanes_fma(value, value, sums[v]);
            } else {
                sums[v] = lanes_add(sums[v], value);
            }
        }
    return total(sums);
}

static void layernorm(const float *x, const float *gamma, const float *beta, float eps, size_t n, float *y)
{
    const float mean = sum_of(0, x, 0, n) / (float)n;
    const float variance = sum_of(1, x, mean, n) / (float)n;
    const lanes centre = lanes_set(mean), scale = lanes_set(1 / lanes_root(variance + eps));
    for (size_t i = 0; i < n; i += LANES) {
        const lanes value = lanes_mul(lanes_sub(lanes_load_first(x + i, n - i), centre), scale);
        lanes_store_first(y + i, n - i,
                          lanes_fma(value, lanes_load_first(gamma + i, n - i), lanes_load_first(beta + i, n - i)));
    }
}

static void softmax(float *x, size_t n)
{
    const lanes first = lanes_set(x[0]);
    lanes most = first, sums[SUM_PARTS];
    for (size_t p = 0; p < SUM_PARTS; p++)
        sums[p] = lanes_zero();
    for (size_t i = 0; i < n; i += LANES)
        most = lanes_max(most, lanes_select(lanes_first(n - i), lanes_load_first(x + i, n - i), first));
    most = lanes_set(lanes_most(most));
    for (size_t i = 0; i < n; i += LANES) {
        const lanes value = exponential(lanes_sub(lanes_load_first(x + i, n - i), most));
        lanes *sum = &sums[i / LANES % SUM_PARTS];
        *sum = lanes_add(*sum, lanes_keep(lanes_first(n - i), value));
        lanes_store_first(x + i, n - i, value);
    }
    const lanes whole = lanes_set(lanes_total(sums));
    for (size_t i = 0; i < n; i += LANES)
        lanes_store_first(x + i, n - i, lanes_div(lanes_load_first(x + i, n - i), whole));
}

/* `n` numbers, LANES of them when they are whole: a mask costs as much as the arithmetic of an addition. */
static inline __attribute__((always_inline)) lanes load_some(bool whole, const float *x, size_t n)
{
    return whole ? lanes_load(x) : lanes_load_first(x, n);
}

static inline __attribute__((always_inline)) void store_some(bool whole, float *x, size_t n, lanes value)
{
    if (whole)
        lanes_store(x, value);
    else
        lanes_store_first(x, n, value);
}

static inline __attribute__((always_inline)) void quick_gelu_of(bool whole, float *x, size_t n)
{
    const lanes one = lanes_set(1), slope = lanes_set(-1.702f), value = load_some(whole, x, n);
    const lanes below = lanes_add(one, exponential(lanes_mul(value, slope)));
    store_some(whole, x, n, lanes_div(value, below));
}

static void quick_gelu(float *x, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        quick_gelu_of(true, x + i, LANES);
    if (i < n)
        quick_gelu_of(false, x + i, n - i);
}

/* x Phi(x), Phi(x) = erfc(-x / sqrt 2) / 2: no 1 + erf, which would cancel for negative x. See act_poly.h. */
static inline __attribute__((always_inline)) void gelu_of(bool whole, float *x, size_t n)
{
    const lanes one = lanes_set(1), half = lanes_set(0.5f), zero = lanes_zero();
    const lanes value = load_some(whole, x, n), size = lanes_abs(value);
    const lanes s = lanes_min(lanes_set(GAUSS_END), size);
    lanes r = lanes_set(gauss_tail[0]);
    for (int j = 1; j < GAUSS_TERMS; j++)
        r = lanes_fma(r, s, lanes_set(gauss_tail[j]));
    lanes tail = lanes_mul(half, exponential(lanes_sub(zero, lanes_mul(size, r))));
    tail = lanes_select(lanes_greater(value, zero), lanes_sub(one, tail), tail);
    store_some(whole, x, n, lanes_mul(value, tail));
}

static void gelu(float *x, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        gelu_of(true, x + i, LANES);
    if (i < n)
        gelu_of(false, x + i, n - i);
}

static inline __attribute__((always_inline)) void add_some(bool whole, const float *a, const float *b, const float *c,
                                                           size_t n, float *y)
{
    const lanes sum = lanes_add(load_some(whole, a, n), load_some(whole, b, n));
    store_some(whole, y, n, c ? lanes_add(sum, load_some(whole, c, n)) : sum);
}

static void add_rows(const float *a, const float *b, const float *c, size_t n, float *y)
{
    size_t i = 0;
    if (c)
        for (; i + LANES <= n; i += LANES)
            add_some(true, a + i, b + i, c + i, LANES, y + i);
    else
        for (; i + LANES <= n; i += LANES)
            add_some(true, a + i, b + i, NULL, LANES, y + i);
    if (i < n)
        add_some(false, a + i, b + i, c ? c + i : NULL, n - i, y + i);
}
