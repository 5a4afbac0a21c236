/* SPDX-License-Identifier: MIT
 * qgemm_dots.h - the product of qgemm.h over add_products of tile_dots.h or tile_amx.h, the vocabulary of one
 * dots_<set>.h and the words of one lanes_<set>.h, which are included before it. */
#ifndef CS_KERNELS_QGEMM_DOTS_H
#define CS_KERNELS_QGEMM_DOTS_H

#include "kernels/panels.h"
#include "kernels/quantize_lanes.h"

/* What the outputs of a panel have, zeros behind the last one. */
typedef struct panel_outputs {
    _Alignas(64) int32_t sums[CS_PANEL];
    _Alignas(64) float scales[CS_PANEL];
} panel_outputs;

static inline void read_outputs(const cs_qgemm_weights *w, size_t first, size_t outputs, panel_outputs *to)
{
    *to = (panel_outputs){0};
    memcpy(to->sums, w->sums + first, outputs * sizeof *to->sums);
    memcpy(to->scales, w->scales + first, outputs * sizeof *to->scales);
}

/* LANES of a row's integer sums from j on, or when not `whole` n of them, become floats. */
static inline __attribute__((always_inline)) void finish_some(bool whole, size_t j, size_t n, const cs_qgemm_row *row,
                                                              const panel_outputs *panel, const int32_t *sums,
                                                              cs_qgemm_output to)
{
    lanes value = dots_floats(dots_load(sums + j), panel->sums + j, row->zero);
    value = lanes_mul(lanes_mul(value, lanes_load(panel->scales + j)), lanes_set(row->scale));
    if (to.bias)
        value = lanes_add(value, whole ? lanes_load(to.bias + j) : lanes_load_first(to.bias + j, n));
    if (to.residual)
        value = lanes_add(value, whole ? lanes_load(to.residual + j) : lanes_load_first(to.residual + j, n));
    if (whole)
        lanes_store(to.y + j, value);
    else
        lanes_store_first(to.y + j, n, value);
}

/* `to` is for this row alone. */
static inline __attribute__((always_inline)) void finish_row(const cs_qgemm_row *row, const panel_outputs *panel,
                                                             size_t outputs, const int32_t *sums, cs_qgemm_output to)
{
    size_t j = 0;
    for (; j + LANES <= outputs; j += LANES)
        finish_some(true, j, LANES, row, panel, sums, to);
    if (j < outputs)
        finish_some(false, j, outputs - j, row, panel, sums, to);
}

/* The sums [count, CS_PANEL] of `count` rows become outputs. A function of its own, so that a compiler finds registers
 * for it alone, with a loop for each of what may be added: half the time that it took as a part of `multiply`
 * (AVX2). */
static __attribute__((noinline)) void finish_rows(const cs_qgemm_weights *w, const cs_qgemm_row *rows, size_t count,
                                                  size_t first, size_t outputs, int32_t *sums,
                                                  const cs_qgemm_output *to)
{
    qgemm_columns columns;
    panel_outputs panel;
    qgemm_forget_columns(&columns);
    read_outputs(w, first, outputs, &panel);
    for (size_t i = 0; i < count; i++, sums += CS_PANEL) {
        float *y = to->y + i * to->ldy;
        const float *residual = to->residual ? to->residual + i * to->ldy : NULL;
        qgemm_add_wide(w, &rows[i], &columns, first, outputs, sums);
        if (to->bias && residual)
            finish_row(&rows[i], &panel, outputs, sums,
                       (cs_qgemm_output){.y = y, .bias = to->bias, .residual = residual});
        else if (to->bias)
            finish_row(&rows[i], &panel, outputs, sums, (cs_qgemm_output){.y = y, .bias = to->bias});
        else
            finish_row(&rows[i], &panel, outputs, sums, (cs_qgemm_output){.y = y, .residual = residual});
    }
}

static void multiply(const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t begin, size_t count, size_t first,
                     size_t outputs, size_t next, const cs_qgemm_output *to)
{
    const size_t ldx = cs_qgemm_stride(w->k), groups = ldx / CS_QGEMM_GROUP, strip = groups * CS_PANEL_LINE;
    const uint8_t *codes = (const uint8_t *)w->codes + first / CS_QGEMM_STRIP * strip;
    const cs_panel_ahead ahead = {
        .weights = cs_panel_weights_ahead(w->n, first, next, strip), .y = to->y, .ldy = to->ldy};
    _Alignas(64) int32_t sums[CS_PANEL_ROWS * CS_PANEL];
    add_products(x->codes + begin * ldx, ldx, count, groups, codes, outputs, ahead, sums);
    finish_rows(w, x->rows + begin, count, first, outputs, sums, to);
}

#endif
