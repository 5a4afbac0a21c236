/* SPDX-License-Identifier: MIT
 * bgemm_dots.h - the product of bgemm.h over add_products of tile_dots.h or tile_amx.h, which is included before it. */
#ifndef CS_KERNELS_BGEMM_DOTS_H
#define CS_KERNELS_BGEMM_DOTS_H

#include "kernels/bgemm_impl.h"

static void multiply(const cs_bgemm_weights *w, const uint16_t *x, size_t count, size_t first, size_t outputs,
                     size_t next, float *sums)
{
    const size_t ldx = cs_bgemm_stride(w->k) * sizeof *x, groups = ldx / CS_PANEL_GROUP;
    const size_t strip = groups * CS_PANEL_LINE;
    const cs_panel_ahead ahead = {.weights = cs_panel_weights_ahead(w->n, first, next, strip)};
    add_products((const uint8_t *)x, ldx, count, groups, (const uint8_t *)w->pairs + first / CS_PANEL_STRIP * strip,
                 outputs, ahead, sums);
}

#endif
