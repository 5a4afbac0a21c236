/* SPDX-License-Identifier: MIT
 * quant.c - quantizing vectors and comparing their codes. */
#include "index/quant.h"

#include "base/dtype.h"
#include "base/half.h"
#include "base/mem.h"
#include "kernels/cvt.h"
#include "kernels/i8.h"
#include "kernels/rows.h"

#include <math.h>
#include <string.h>

enum { LINE = 64, BLOCK = 64, MIDDLE = 128, CODE_MAX = 127 };

_Static_assert(LINE / sizeof(float) % CS_ROWS_STEP == 0 && LINE % CS_I8_STEP == 0, "whole lines are whole steps");

cs_quant cs_quant_make(cs_quant_kind kind, clipsearch_metric metric, size_t dim)
{
    const size_t number = kind == CS_QUANT_F32 ? sizeof(float) : kind == CS_QUANT_I8 ? 1 : sizeof(uint16_t);
    const size_t row_bytes = (dim * number + LINE - 1) / LINE * LINE;
    return (cs_quant){.kind = kind, .metric = metric, .dim = dim, .stride = row_bytes / number, .row_bytes = row_bytes};
}

bool cs_quant_query_make(const cs_quant *quant, cs_quant_query *query)
{
    *query = (cs_quant_query){.vector = cs_alloc_aligned(quant->stride, sizeof *query->vector),
                              .codes = cs_alloc_aligned(quant->stride, sizeof *query->codes)};
    if (query->vector && query->codes) {
        memset(query->vector, 0, quant->stride * sizeof *query->vector);
        memset(query->codes, 0, quant->stride);
        return true;
    }
    cs_quant_query_free(query);
    return false;
}

void cs_quant_query_free(cs_quant_query *query)
{
    cs_free(query->vector);
    cs_free(query->codes);
    *query = (cs_quant_query){0};
}

void cs_quant_set_offset(cs_quant *quant, const float *offset)
{
    quant->offset_square = 0;
    for (size_t i = 0; i < quant->dim; i++) {
        quant->offset[i] = offset[i];
        quant->offset_square += (double)offset[i] * offset[i];
    }
}

/* The largest number in place of an infinity, for which a half has no room in a sum; so too for NaN. */
static uint16_t largest_if_infinite(uint16_t half, unsigned infinity)
{
    return (half & 0x7fff) >= infinity ? (uint16_t)((half & 0x8000) | (infinity - 1)) : half;
}

/* A float to the nearest half, ties to even; beyond the range the largest half. */
static uint16_t half(float x)
{
    return largest_if_infinite(cs_f16_from_float(x), 0x7c00);
}

/* A float to the nearest bfloat16, ties to even; what would round to an infinity stays the largest. */
static uint16_t upper_half(float x)
{
    return largest_if_infinite(cs_bf16_from_float(x), 0x7f80);
}

/* Quantize `vector` minus the offset, and compute the terms that distances need besides the codes. */
static void quantize(const cs_quant *quant, cs_quant_query *query, const float *vector)
{
    const size_t dim = quant->dim;
    float most = 0;
    double product = 0, square = 0;
    for (size_t i = 0; i < dim; i++) {
        float x = vector[i] - quant->offset[i];
        query->vector[i] = x;
        product += (double)vector[i] * quant->offset[i];
        square += (double)x * x;
        most = fabsf(x) > most ? fabsf(x) : most;
    }
    const float scale = most / CODE_MAX, inverse = scale > 0 && isfinite(1 / scale) ? 1 / scale : 0;
    int32_t sum = 0;
    for (size_t i = 0; i < dim; i++) {
        /* compared as floats: the difference of two large numbers may be infinite, and infinity times 0 is a NaN */
        const float r = rintf(query->vector[i] * inverse);
        const int32_t c = r >= CODE_MAX ? CODE_MAX : r > -CODE_MAX ? (int32_t)r : -CODE_MAX;
        query->codes[i] = (int8_t)c;
        sum += c;
    }
    query->bias = MIDDLE * sum;
    /* each side contributes half of what the offset adds to a product, and a factor sqrt(2) to the 2 of a distance */
    if (quant->metric == CLIPSEARCH_L2)
        query->terms = (cs_quant_terms){.factor = scale * 1.41421356f, .add = (float)square};
    else
        query->terms = (cs_quant_terms){.factor = scale, .add = (float)(quant->offset_square / 2 - product)};
}

static float square_of(const float *vector, size_t dim)
{
    double square = 0;
    for (size_t i = 0; i < dim; i++)
        square += (double)vector[i] * vector[i];
    return (float)square;
}

void cs_quant_encode(const cs_quant *quant, size_t row, const float *vector, cs_quant_query *scratch)
{
    if (quant->squares)
        quant->squares[row] = square_of(vector, quant->dim);
    if (quant->kind == CS_QUANT_F16 || quant->kind == CS_QUANT_BF16) {
        uint16_t *to = (uint16_t *)quant->rows + row * quant->stride;
        memset(to, 0, quant->row_bytes);
        for (size_t i = 0; i < quant->dim; i++)
            to[i] = quant->kind == CS_QUANT_F16 ? half(vector[i]) : upper_half(vector[i]);
    } else if (quant->kind == CS_QUANT_I8) {
        uint8_t *to = (uint8_t *)quant->rows + row * quant->stride;
        quantize(quant, scratch, vector);
        for (size_t i = 0; i < quant->stride; i++)
            to[i] = (uint8_t)(scratch->codes[i] + MIDDLE);
        quant->terms[row] = scratch->terms;
    }
}

void cs_quant_query_vector(const cs_quant *quant, cs_quant_query *query, const float *vector)
{
    if (quant->kind == CS_QUANT_I8)
        quantize(quant, query, vector);
    else
        memcpy(query->vector, vector, quant->dim * sizeof *vector);
}

void cs_quant_query_row(const cs_quant *quant, cs_quant_query *query, uint32_t row)
{
    query->square = quant->squares ? quant->squares[row] : 0;
    if (quant->kind == CS_QUANT_F32) {
        memcpy(query->vector, cs_quant_row(quant, row), quant->dim * sizeof *query->vector);
    } else if (quant->kind != CS_QUANT_I8) {
        cs_cvt()->to_f32(quant->kind == CS_QUANT_F16 ? CS_F16 : CS_BF16, cs_quant_row(quant, row), quant->dim,
                         query->vector);
    } else {
        const uint8_t *from = (const uint8_t *)quant->rows + row * quant->stride;
        int32_t sum = 0;
        for (size_t i = 0; i < quant->stride; i++) {
            query->codes[i] = (int8_t)(from[i] ^ MIDDLE);
            sum += from[i];
        }
        query->bias = MIDDLE * (sum - MIDDLE * (int32_t)quant->stride);
        query->terms = quant->terms[row];
    }
}

static void distances_i8(const cs_quant *quant, const cs_quant_query *query, const uint32_t *rows, size_t count,
                         float *out)
{
    const cs_i8_ops *ops = cs_i8();
    int32_t sums[BLOCK];
    for (size_t done = 0; done < count;) {
        const size_t n = count - done < BLOCK ? count - done : BLOCK;
        ops->dot(query->codes, quant->rows, quant->stride, rows + done, n, quant->stride, sums);
        for (size_t i = 0; i < n; i++) {
            const cs_quant_terms row = quant->terms[rows[done + i]];
            out[done + i] =
                query->terms.add + row.add - query->terms.factor * row.factor * (float)(sums[i] - query->bias);
        }
        done += n;
    }
}

void cs_quant_distances(const cs_quant *quant, const cs_quant_query *query, const uint32_t *rows, size_t count,
                        float *out)
{
    const bool l2 = quant->metric == CLIPSEARCH_L2;
    const cs_rows_ops *ops = cs_rows();
    if (quant->kind == CS_QUANT_I8)
        distances_i8(quant, query, rows, count, out);
    else if (quant->kind == CS_QUANT_F32)
        (l2 ? ops->l2sq_f32 : ops->dot_f32)(query->vector, quant->rows, quant->stride, rows, count, quant->stride, out);
    else if (quant->kind == CS_QUANT_F16)
        (l2 ? ops->l2sq_f16 : ops->dot_f16)(query->vector, quant->rows, quant->stride, rows, count, quant->stride, out);
    else
        (l2 ? ops->l2sq_bf16 : ops->dot_bf16)(query->vector, quant->rows, quant->stride, rows, count, quant->stride,
                                              out);
    for (size_t i = 0; i < count && !l2 && quant->kind != CS_QUANT_I8; i++)
        out[i] = -out[i];
    for (size_t i = 0; i < count && query->by_distance; i++)
        out[i] = query->square + quant->squares[rows[i]] + 2 * out[i];
}

static void distances_run_i8(const cs_quant *quant, const cs_quant_query *query, uint32_t first, size_t count,
                             float *out)
{
    const cs_i8_ops *ops = cs_i8();
    const uint8_t *rows = (const uint8_t *)quant->rows + first * quant->stride;
    const cs_quant_terms *terms = quant->terms + first;
    const float add = query->terms.add, factor = query->terms.factor;
    int32_t sums[BLOCK];
    for (size_t done = 0; done < count;) {
        const size_t n = count - done < BLOCK ? count - done : BLOCK;
        ops->dot_run(query->codes, rows + done * quant->stride, quant->stride, n, quant->stride, sums);
        for (size_t i = 0; i < n; i++) {
            const cs_quant_terms row = terms[done + i];
            out[done + i] = add + row.add - factor * row.factor * (float)(sums[i] - query->bias);
        }
        done += n;
    }
}

void cs_quant_distances_run(const cs_quant *quant, const cs_quant_query *query, uint32_t first, size_t count,
                            float *out)
{
    uint32_t rows[BLOCK];
    if (quant->kind == CS_QUANT_I8 && !query->by_distance) {
        distances_run_i8(quant, query, first, count, out);
        return;
    }
    for (size_t done = 0; done < count; done += BLOCK) {
        const size_t n = count - done < BLOCK ? count - done : BLOCK;
        for (size_t i = 0; i < n; i++)
            rows[i] = first + (uint32_t)(done + i);
        cs_quant_distances(quant, query, rows, n, out + done);
    }
}
