/* SPDX-License-Identifier: MIT
 * qgemm_dots.h - the product of qgemm.h over add_products of tile_dots.h or tile_amx.h and the words of one
 * lanes_<set>.h, which are included before it. */
#ifndef CS_KERNELS_QGEMM_DOTS_H
#define CS_KERNELS_QGEMM_DOTS_H

#include "kernels/panels.h"
#include "kernels/quantize_lanes.h"

enum { ROWS = 96 }; /* rows whose sums (24 KiB) are kept at a time; strips' codes stay in the cache for all of them */

static void multiply(const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t begin, size_t count, size_t first,
                     size_t outputs, size_t next, float *y, size_t ldy)
{
    const size_t ldx = cs_qgemm_stride(w->k), groups = ldx / CS_QGEMM_GROUP;
    const uint8_t *codes = (const uint8_t *)w->codes + first / CS_QGEMM_STRIP * groups * CS_PANEL_LINE;
    const size_t ahead = next + CS_QGEMM_PANEL <= w->n ? (next - first) / CS_QGEMM_STRIP * groups * CS_PANEL_LINE : 0;
    qgemm_columns columns;
    qgemm_forget_columns(&columns);
    for (size_t i = 0; i < count; i += ROWS) {
        _Alignas(64) int32_t sums[ROWS * CS_QGEMM_PANEL];
        const size_t rows = count - i < ROWS ? count - i : ROWS;
        add_products(x->codes + (begin + i) * ldx, ldx, rows, groups, codes, outputs, ahead, sums);
        for (size_t r = 0; r < rows; r++)
            qgemm_finish_row(w, &x->rows[begin + i + r], &columns, first, outputs, sums + r * CS_QGEMM_PANEL,
                             y + (i + r) * ldy);
    }
}

#endif
