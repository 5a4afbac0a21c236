/* SPDX-License-Identifier: MIT
 * rows_c.c - picked-row products and distances, the plain reference: one accumulator, ascending. */
#include "kernels/cvt.h"
#include "kernels/rows_impl.h"

#include <assert.h>
#include <stdbool.h>

static float score(bool distance, const float *a, const float *b, size_t n)
{
    float sum = 0;
    assert(n % CS_ROWS_STEP == 0);
    for (size_t i = 0; i < n; i++)
        sum += distance ? (a[i] - b[i]) * (a[i] - b[i]) : a[i] * b[i];
    return sum;
}

/* A step at a time, so that the widened numbers need no memory. */
static float score_half(bool distance, cs_dtype dtype, const float *a, const uint16_t *b, size_t n)
{
    const cs_cvt_ops *cvt = cs_cvt_ops_for(CS_CPU_C);
    float sum = 0, wide[CS_ROWS_STEP];
    assert(n % CS_ROWS_STEP == 0);
    for (size_t i = 0; i < n; i += CS_ROWS_STEP) {
        cvt->to_f32(dtype, b + i, CS_ROWS_STEP, wide);
        sum += score(distance, a + i, wide, CS_ROWS_STEP);
    }
    return sum;
}

static void dot_f32(const float *query, const float *rows, size_t stride, const uint32_t *picked, size_t count,
                    size_t n, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = score(false, query, rows + picked[i] * stride, n);
}

static void l2sq_f32(const float *query, const float *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = score(true, query, rows + picked[i] * stride, n);
}

static void dot_f16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                    size_t n, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = score_half(false, CS_F16, query, rows + picked[i] * stride, n);
}

static void l2sq_f16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = score_half(true, CS_F16, query, rows + picked[i] * stride, n);
}

static void dot_bf16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = score_half(false, CS_BF16, query, rows + picked[i] * stride, n);
}

static void l2sq_bf16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                      size_t n, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = score_half(true, CS_BF16, query, rows + picked[i] * stride, n);
}

const cs_rows_ops cs_rows_ops_c = {.name = "rows c",
                                   .dot_f32 = dot_f32,
                                   .l2sq_f32 = l2sq_f32,
                                   .dot_f16 = dot_f16,
                                   .l2sq_f16 = l2sq_f16,
                                   .dot_bf16 = dot_bf16,
                                   .l2sq_bf16 = l2sq_bf16};
