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

/* A row's integer sums [CS_PANEL] become floats, where they are. */
static inline void finish_row(const cs_qgemm_row *row, const panel_outputs *outputs, float *sums)
{
    const lanes scale = lanes_set(row->scale);
    for (size_t j = 0; j < CS_PANEL; j += LANES) {
        const lanes product = dots_floats(dots_load(sums + j), outputs->sums + j, row->zero);
        lanes_store(sums + j, lanes_mul(lanes_mul(product, lanes_load(outputs->scales + j)), scale));
    }
}

static void multiply(const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t begin, size_t count, size_t first,
                     size_t outputs, size_t next, float *sums)
{
    const size_t ldx = cs_qgemm_stride(w->k), groups = ldx / CS_QGEMM_GROUP;
    const uint8_t *codes = (const uint8_t *)w->codes + first / CS_QGEMM_STRIP * groups * CS_PANEL_LINE;
    const size_t ahead = next + CS_PANEL <= w->n ? (next - first) / CS_QGEMM_STRIP * groups * CS_PANEL_LINE : 0;
    qgemm_columns columns;
    panel_outputs panel;
    qgemm_forget_columns(&columns);
    read_outputs(w, first, outputs, &panel);
    add_products(x->codes + begin * ldx, ldx, count, groups, codes, outputs, ahead, sums);
    for (size_t i = 0; i < count; i++) {
        qgemm_add_wide(w, &x->rows[begin + i], &columns, first, outputs, sums + i * CS_PANEL);
        finish_row(&x->rows[begin + i], &panel, sums + i * CS_PANEL);
    }
}

#endif
