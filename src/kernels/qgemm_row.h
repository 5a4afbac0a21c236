/* SPDX-License-Identifier: MIT
 * qgemm_row.h - choosing a row's scale, and what is left to do with its sums: plain C that every table compiles with
 * its own flags. Without contraction of floats (meson.build) all of them compute the same bits. */
#ifndef CS_KERNELS_QGEMM_ROW_H
#define CS_KERNELS_QGEMM_ROW_H

#include "kernels/qgemm_impl.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A value is wide when it is this many times the row's mean size: no value of a normal distribution is, and of the GELU
 * of one, 1 in 5,000. When more than CS_QGEMM_WIDE are, the limit grows until it fits. */
#define QGEMM_WIDE_FACTOR 8.0f
#define QGEMM_WIDE_GROWTH 1.25f

/* Sums are taken in this many lanes, in one order for all vector lengths. */
enum { QGEMM_LANES = 16, QGEMM_LINE = CS_QGEMM_STRIP * CS_QGEMM_GROUP };

/* Of a row's values up to a limit in size, 0 among them, the least and the greatest; the greatest size of all; how many
 * are over the limit. */
typedef struct qgemm_extremes {
    float least, most, size;
    size_t over;
} qgemm_extremes;

/* What a row's codes are made with. */
typedef struct qgemm_scale {
    float limit, inverse, scale; /* inverse: what a value is multiplied by */
    int32_t most, zero;          /* the greatest code, and that of 0 */
} qgemm_scale;

static inline float qgemm_first_limit(float total, size_t k)
{
    return QGEMM_WIDE_FACTOR * (total / (float)k);
}

/* The scale and the row that it makes, without wide values yet. False: there are no codes, because a value is no number
 * (`total`, of the sizes, is not either) or all are zeros, or so small that the inverse is no number. */
static inline bool qgemm_choose_scale(float total, const qgemm_extremes *found, qgemm_scale *s, cs_qgemm_row *row)
{
    *row = (cs_qgemm_row){.scale = NAN};
    if (!(total <= FLT_MAX))
        return false;
    /* so wide a range that the greatest value fits the bits of a wide one */
    const float most = (float)s->most, narrowest = found->size * (most / CS_QGEMM_WIDE_MOST);
    float range = found->most - found->least;
    range = range > narrowest ? range : narrowest;
    row->scale = 0;
    if (!(range > FLT_MIN * most))
        return false;
    s->inverse = most / range;
    row->scale = s->scale = range / most;
    row->zero = s->zero = (int32_t)rintf(-found->least * s->inverse);
    return true;
}

/* A row without codes: all that it has is left. */
static inline void qgemm_leave_all(const float *x, size_t k, uint8_t *codes, const cs_qgemm_row *row, float *rest)
{
    memset(codes, 0, k);
    for (size_t i = 0; rest && i < k; i++)
        rest[i] = x[i] + row->scale; /* NaN of a row with NaN or infinity */
}

/* Value i in more bits, when it is over the limit. */
static inline void qgemm_keep_wide(const float *x, size_t i, const qgemm_scale *s, cs_qgemm_row *row, float *rest)
{
    if (fabsf(x[i]) <= s->limit)
        return;
    const float value = rintf(x[i] * s->inverse), end = CS_QGEMM_WIDE_MOST;
    const float kept = value > end ? end : value < -end ? -end : value;
    row->wide[row->wide_count].at = (uint32_t)i;
    row->wide[row->wide_count++].value = (int32_t)kept;
    if (rest)
        rest[i] = x[i] - kept * s->scale;
}

/* The codes of one input for a panel's outputs. */
typedef struct qgemm_column {
    uint32_t at; /* UINT32_MAX: empty */
    int32_t codes[CS_PANEL];
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

/* The products of the row's wide values to its integer sums [outputs], of the outputs from `first` on. */
static inline void qgemm_add_wide(const cs_qgemm_weights *w, const cs_qgemm_row *row, qgemm_columns *columns,
                                  size_t first, size_t outputs, int32_t *sums)
{
    for (size_t i = 0; i < row->wide_count; i++) {
        const int32_t value = row->wide[i].value;
        const int32_t *column = qgemm_find_column(columns, w, row->wide[i].at, first, outputs);
        for (size_t j = 0; j < outputs; j++)
            sums[j] += column[j] * value;
    }
}

#endif
