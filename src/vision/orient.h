/* SPDX-License-Identifier: MIT
 * orient.h - the EXIF orientation: read from an EXIF block, applied to an image. */
#ifndef CS_VISION_ORIENT_H
#define CS_VISION_ORIENT_H

#include "vision/image.h"

#include <stdbool.h>

/* Find the orientation in the first directory of an EXIF block (a TIFF file, with or without "Exif\0\0" before it).
 * True: the tag is there, and *orientation is its value, or 1 where that is none of 1..8. False: it is not, or the
 * block is damaged before it. Reads nothing outside `size` bytes. */
bool cs_exif_orientation(const uint8_t *exif, size_t size, unsigned *orientation);

/* How an image stored with an orientation (EXIF 2.32, tag 274) differs from its display: its rows are displayed as
 * columns; its columns run from right to left; its rows run from bottom to top. The last two are of the sides as
 * stored. 0 and 1: not at all. */
static inline bool cs_orientation_swaps_sides(unsigned orientation)
{
    return orientation >= 5 && orientation <= 8;
}

static inline bool cs_orientation_mirrors_columns(unsigned orientation)
{
    return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

static inline bool cs_orientation_mirrors_rows(unsigned orientation)
{
    return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

/* Turn an image stored with an orientation of 0 to 4 upright, in place. */
void cs_orient_in_place(const clipsearch_image *image, unsigned orientation);

/* Turn `in`, stored with an orientation of 5 to 8, upright into `out`, whose sides are those of `in` swapped. */
void cs_orient_transpose(const clipsearch_image *in, unsigned orientation, const clipsearch_image *out);

/* Turn an image stored with `orientation` upright. When that swaps its sides, the result is built in `spare` and the
 * two are exchanged. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_image_orient(cs_image *image, cs_image *spare, unsigned orientation, clipsearch_error *err);

#endif
