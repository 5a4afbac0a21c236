/* SPDX-License-Identifier: MIT
 * qgemm_row.h - quantizing a row, and what is left to do with a row's sums: plain C that every table compiles with its
 * own flags. Without contraction of floats (meson.build) all of them compute the same bits. */
#ifndef CS_KERNELS_QGEMM_ROW_H
#define CS_KERNELS_QGEMM_ROW_H

#include "kernels/qgemm_impl.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* A value is wide when it is this many times the row's mean size: no value of a normal distribution is,
 * and of the GELU of one, 1 in 5,000. When more
 * than CS_QGEMM_WIDE are, the limit grows until it fits. */
#define QGEMM_WIDE_FACTOR 8.0f
#define QGEMM_WIDE_GROWTH 1.25f

/* Sums and extremes are taken in this many lanes, in one order for all vector lengths. */
enum { QGEMM_LANES = 16, QGEMM_CODES = 255, QGEMM_LINE = CS_QGEMM_STRIP * CS_QGEMM_GROUP };

static inline float qgemm_sum_sizes(const float *x, size_t k)
{
    float lanes[QGEMM_LANES] = {0};
    size_t i = 0;
    for (; i + QGEMM_LANES <= k; i += QGEMM_LANES)
        for (size_t l = 0; l < QGEMM_LANES; l++)
            lanes[l] += fabsf(x[i + l]);
    for (size_t l = 0; i < k; i++, l++)
        lanes[l] += fabsf(x[i]);
    for (size_t half = QGEMM_LANES / 2; half; half /= 2)
        for (size_t l = 0; l < half; l++)
            lanes[l] += lanes[l + half];
    return lanes[0];
}

static inline size_t qgemm_count_over(const float *x, size_t k, float limit)
{
    uint32_t count = 0;
    for (size_t i = 0; i < k; i++)
        count += fabsf(x[i]) > limit;
    return count;
}

/* The least and the greatest value up to `limit` in size, 0 among them, and the greatest size of all. */
static inline void qgemm_extremes(const float *x, size_t k, float limit, float *least, float *most, float *size)
{
    float low[QGEMM_LANES] = {0}, high[QGEMM_LANES] = {0}, all[QGEMM_LANES] = {0};
    for (size_t i = 0; i < k; i += QGEMM_LANES) {
        float piece[QGEMM_LANES] = {0};
        const float *values = x + i;
        if (k - i < QGEMM_LANES) {
            memcpy(piece, values, (k - i) * sizeof *piece);
            values = piece;
        }
        for (size_t l = 0; l < QGEMM_LANES; l++) {
            const float value = values[l], abs = fabsf(value), kept = abs > limit ? 0 : value;
            low[l] = kept < low[l] ? kept : low[l];
            high[l] = kept > high[l] ? kept : high[l];
            all[l] = abs > all[l] ? abs : all[l];
        }
    }
    for (size_t l = 1; l < QGEMM_LANES; l++) {
        low[0] = low[l] < low[0] ? low[l] : low[0];
        high[0] = high[l] > high[0] ? high[l] : high[0];
        all[0] = all[l] > all[0] ? all[l] : all[0];
    }
    *least = low[0];
    *most = high[0];
    *size = all[0];
}

/* The codes of x. Adding 1.5 * 2^23 rounds a float to a whole number, which then is in its lowest bits: compilers make
 * vectors of this and not of rintf. */
static inline void qgemm_encode(const float *x, size_t k, float limit, float inverse, int32_t zero, uint8_t *codes)
{
    const float shift = 0x1.8p23f;
    const int32_t shift_bits = 0x4b400000;
    for (size_t i = 0; i < k; i++) {
        const float kept = fabsf(x[i]) > limit ? 0 : x[i], shifted = kept * inverse + shift;
        int32_t code;
        memcpy(&code, &shifted, sizeof code);
        code += zero - shift_bits;
        codes[i] = (uint8_t)(code > QGEMM_CODES ? QGEMM_CODES : code);
    }
}

static inline void qgemm_quantize_row(const float *x, size_t k, uint8_t *codes, cs_qgemm_row *row)
{
    *row = (cs_qgemm_row){.scale = NAN};
    memset(codes + k / CS_QGEMM_GROUP * CS_QGEMM_GROUP, 0, k % CS_QGEMM_GROUP ? CS_QGEMM_GROUP : 0);
    const float total = qgemm_sum_sizes(x, k);
    if (!(total <= FLT_MAX)) {
        memset(codes, 0, k);
        return;
    }
    float limit = QGEMM_WIDE_FACTOR * (total / (float)k), least, most, size;
    while (qgemm_count_over(x, k, limit) > CS_QGEMM_WIDE)
        limit *= QGEMM_WIDE_GROWTH;
    qgemm_extremes(x, k, limit, &least, &most, &size);
    /* so wide a range that the greatest value fits the bits of a wide one */
    const float narrowest = size * ((float)QGEMM_CODES / CS_QGEMM_WIDE_MOST);
    float range = most - least;
    range = range > narrowest ? range : narrowest;
    if (!(range > FLT_MIN * QGEMM_CODES)) { /* all zeros, or so small that its inverse is no number */
        row->scale = 0;
        memset(codes, 0, k);
        return;
    }
    const float inverse = QGEMM_CODES / range;
    const int32_t zero = (int32_t)rintf(-least * inverse);
    row->scale = range / QGEMM_CODES;
    row->zero = zero;
    qgemm_encode(x, k, limit, inverse, zero, codes);
    if (size > limit)
        for (size_t i = 0; i < k; i++)
            if (fabsf(x[i]) > limit) {
                const float value = rintf(x[i] * inverse), end = CS_QGEMM_WIDE_MOST;
                row->wide[row->wide_count].at = (uint32_t)i;
                row->wide[row->wide_count++].value = (int32_t)(value > end ? end : value < -end ? -end : value);
            }
}

/* The codes of one input for a panel's outputs. */
typedef struct qgemm_column {
    uint32_t at; /* UINT32_MAX: empty */
    int32_t codes[CS_QGEMM_PANEL];
} qgemm_column;

/* The columns that the rows of a piece have used: outliers are mostly in the same channels of all rows. */
enum { QGEMM_COLUMNS = 32 };
typedef struct qgemm_columns {
    qgemm_column all[QGEMM_COLUMNS];
} qgemm_columns;

static inline void qgemm_forget_columns(qgemm_columns *columns)
{
    for (size_t i = 0; i < QGEMM_COLUMNS; i++)
        columns->all[i].at = UINT32_MAX;
}

static inline const int32_t *qgemm_find_column(qgemm_columns *columns, const cs_qgemm_weights *w, uint32_t at,
                                               size_t first, size_t outputs)
{
    qgemm_column *column = &columns->all[at % QGEMM_COLUMNS];
    if (column->at == at)
        return column->codes;
    const size_t strip = cs_qgemm_stride(w->k) * CS_QGEMM_STRIP;
    const int8_t *code =
        w->codes + first / CS_QGEMM_STRIP * strip + at / CS_QGEMM_GROUP * QGEMM_LINE + at % CS_QGEMM_GROUP;
    column->at = at;
    for (size_t j = 0; j < outputs; j += CS_QGEMM_STRIP, code += strip)
        for (size_t o = 0; o < CS_QGEMM_STRIP; o++)
            column->codes[j + o] = code[o * CS_QGEMM_GROUP];
    return column->codes;
}

/* y [outputs] from the row's sums [outputs rounded up to strips], of the outputs from `first` on. */
static inline void qgemm_finish_row(const cs_qgemm_weights *w, const cs_qgemm_row *row, qgemm_columns *columns,
                                    size_t first, size_t outputs, int32_t *restrict sums, float *restrict y)
{
    const int32_t *zero_sums = w->sums + first;
    const float *scales = w->scales + first;
    for (size_t i = 0; i < row->wide_count; i++) {
        const int32_t value = row->wide[i].value;
        const int32_t *column = qgemm_find_column(columns, w, row->wide[i].at, first, outputs);
        for (size_t j = 0; j < outputs; j++)
            sums[j] += column[j] * value;
    }
    for (size_t j = 0; j < outputs; j++)
        y[j] = (float)(sums[j] - row->zero * zero_sums[j]) * scales[j] * row->scale;
}

#endif
