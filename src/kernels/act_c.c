/* SPDX-License-Identifier: MIT
 * act_c.c - the row-wise operations of a transformer, the plain reference over the C library's functions. */
#include "kernels/act_impl.h"

#include <assert.h>
#include <math.h>

static void layernorm(const float *x, const float *gamma, const float *beta, float eps, size_t n, float *y)
{
    float sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    float mean = sum / (float)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    float scale = 1 / sqrtf(squares / (float)n + eps);
    for (size_t i = 0; i < n; i++)
        y[i] = (x[i] - mean) * scale * gamma[i] + beta[i];
}

static void softmax(float *x, size_t n)
{
    assert(n >= 1);
    float max = x[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        max = x[i] > max ? x[i] : max;
    for (size_t i = 0; i < n; i++) {
        x[i] = expf(x[i] - max);
        sum += x[i];
    }
    for (size_t i = 0; i < n; i++)
        x[i] /= sum;
}

static void quick_gelu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] /= 1 + expf(-1.702f * x[i]);
}

static void gelu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= (1 + erff(x[i] * 0.70710678f)) * 0.5f;
}

static void add(const float *a, const float *b, const float *c, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = c ? a[i] + b[i] + c[i] : a[i] + b[i];
}

const cs_act_ops cs_act_ops_c = {
    .name = "act c", .layernorm = layernorm, .softmax = softmax, .quick_gelu = quick_gelu, .gelu = gelu, .add = add};
