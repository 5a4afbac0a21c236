/* SPDX-License-Identifier: MIT
 * compare.h - whether two small images are of one image, and how it was changed. */
#ifndef CS_DUPLICATES_COMPARE_H
#define CS_DUPLICATES_COMPARE_H

#include "duplicates/coarse.h"
#include "duplicates/likeness.h"

/* Compare the two as they are. */
cs_likeness cs_compare_upright(const cs_small_image *a, const cs_small_image *b);

/* What of an image is compared. */
typedef struct cs_comparable {
    const cs_small_image *image;
    const cs_coarse *coarse; /* of the image */
} cs_comparable;

/* The least level at which the two are one image: CLIPSEARCH_DUPLICATES_SAME, _EDITED (at most, with `edited`), or 0:
 * they are not. */
clipsearch_duplicate_level cs_compare(const cs_comparable *a, const cs_comparable *b, bool edited);

#endif
