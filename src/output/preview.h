/* SPDX-License-Identifier: MIT
 * preview.h - the hits of a search, drawn on a terminal. */
#ifndef CS_OUTPUT_PREVIEW_H
#define CS_OUTPUT_PREVIEW_H

#include "output/results.h"
#include "output/terminal.h"

#include <stdio.h>

/* How the hits of a query are laid out: as many in a row as the window has place for. */
typedef struct cs_preview_grid {
    unsigned in_row;  /* tiles */
    unsigned columns; /* of a tile, in characters */
} cs_preview_grid;

enum { CS_PREVIEW_GAP = 2 /* characters between tiles */ };

/* The grid for `hits` hits in a window of `columns` characters. */
cs_preview_grid cs_preview_layout(unsigned columns, size_t hits);

/* Draw the hits to `out`, below a heading for each query when there are several: tiles with their names, ranks and
 * scores. Errors: CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_preview_draw(cs_terminal *terminal, const cs_results *results, FILE *out, clipsearch_error *err);

#endif
