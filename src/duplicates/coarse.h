/* SPDX-License-Identifier: MIT
 * coarse.h - an image's brightness in 8 x 8 cells, for cheap comparisons of many pairs in all eight orientations. */
#ifndef CS_DUPLICATES_COARSE_H
#define CS_DUPLICATES_COARSE_H

#include "duplicates/small_image.h"

/* An orientation is three bits: bit 0 mirrors columns, bit 1 mirrors rows, after bit 2 has swapped rows and columns. */
enum { CS_COARSE_SIDE = 8, CS_COARSE_CELLS = CS_COARSE_SIDE * CS_COARSE_SIDE, CS_ORIENTATIONS = 8 };

typedef struct cs_coarse {
    float cells[CS_COARSE_CELLS]; /* mean 0, length 1, so that neither brightness nor contrast counts */
    bool flat;                    /* all cells are equally bright; their values are 0 */
} cs_coarse;

void cs_coarse_make(const cs_small_image *image, cs_coarse *coarse);

/* The correlation of `a`, turned by each of the orientations, with `b`, -1 to 1; 0 when one is flat. */
void cs_coarse_compare(const cs_coarse *a, const cs_coarse *b, float correlation[CS_ORIENTATIONS]);

#endif
