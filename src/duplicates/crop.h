/* SPDX-License-Identifier: MIT
 * crop.h - the window of a small image that another one shows. */
#ifndef CS_DUPLICATES_CROP_H
#define CS_DUPLICATES_CROP_H

#include "duplicates/likeness.h"

/* Shares of the sides that are left out at each edge. */
typedef struct cs_window {
    float left, top, right, bottom;
} cs_window;

/* Of a side, at each edge. */
#define CS_CROP_MOST 0.12F

/* Brightness less its mean, for the search, and the same at half the size. */
typedef struct cs_grey {
    float pixels[CS_SMALL_SIDE][CS_SMALL_SIDE], half[CS_SMALL_SIDE / 2][CS_SMALL_SIDE / 2];
} cs_grey;

void cs_grey_make(const cs_small_image *image, cs_grey *grey);

/* Search for the window of `image` that is most like `part`, from one of which `start` of each side is left out. False:
 * none is like it. */
bool cs_crop_find(const cs_grey *image, const cs_grey *part, float start, cs_window *found);

/* The values of a window of `image`, as large as a whole image. */
void cs_crop_fill(const cs_small_image *image, const cs_window *window, cs_grid *grid);

#endif
