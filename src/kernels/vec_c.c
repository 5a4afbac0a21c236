/* SPDX-License-Identifier: MIT
 * vec_c.c - products and distances, the plain reference: one accumulator, ascending. */
#include "kernels/vec_impl.h"

static float dot(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static float l2sq(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

static void dot_many(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out)
{
    for (size_t r = 0; r < count; r++)
        out[r] = dot(query, rows + r * stride, n);
}

static void l2sq_many(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out)
{
    for (size_t r = 0; r < count; r++)
        out[r] = l2sq(query, rows + r * stride, n);
}

const cs_vec_ops cs_vec_ops_c = {
    .name = "vec c", .dot = dot, .l2sq = l2sq, .dot_many = dot_many, .l2sq_many = l2sq_many};
