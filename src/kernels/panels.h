/* SPDX-License-Identifier: MIT
 * panels.h - how products with weights of 8 and 16 bits lay out and divide their outputs. */
#ifndef CS_KERNELS_PANELS_H
#define CS_KERNELS_PANELS_H

#include <stddef.h>

enum {
    CS_PANEL_STRIP = 16, /* outputs whose weights lie together: one register of sums, or two */
    CS_PANEL_GROUP = 4,  /* bytes of a row's inputs whose weights lie together: four of 8 bits, or two of 16 */
    CS_PANEL_LINE = CS_PANEL_STRIP * CS_PANEL_GROUP, /* bytes of these weights */
    CS_PANEL = 64,                                   /* outputs of one piece of work */
    CS_PANEL_ROWS = 96                               /* rows of one, whose sums are kept on the stack: 24 KiB */
};

/* What a piece of work may call into the cache on its way: the weights that are read after it, so many bytes from its
 * own (0: there are none, or not near), and where its outputs are written then, y [rows, outputs] (NULL: not known). */
typedef struct cs_panel_ahead {
    size_t weights;
    const float *y;
    size_t ldy;
} cs_panel_ahead;

/* cs_panel_ahead.weights: from output `first` of n to output `next`, when a whole panel begins there. `strip`: bytes of
 * a strip. */
static inline size_t cs_panel_weights_ahead(size_t n, size_t first, size_t next, size_t strip)
{
    return next + CS_PANEL <= n ? (next - first) / CS_PANEL_STRIP * strip : 0;
}

#endif
