/* SPDX-License-Identifier: MIT
 * likeness.h - how like two small images are, value for value. */
#ifndef CS_DUPLICATES_LIKENESS_H
#define CS_DUPLICATES_LIKENESS_H

#include "duplicates/small_image.h"

enum {
    CS_GRID_PIXELS = CS_SMALL_SIDE * CS_SMALL_SIDE,
    CS_GRID_ROW = CS_SMALL_SIDE * 3, /* values of a row */
    CS_GRID_VALUES = CS_GRID_PIXELS * 3
};

/* The values of a small image, or of a window of one. */
typedef struct cs_grid {
    float values[CS_GRID_VALUES]; /* red, green and blue of each pixel, 0 to 255 */
} cs_grid;

/* How like two small images are. */
typedef struct cs_likeness {
    float correlation; /* of all values, red, green and blue, -1 to 1 */
    float detail;      /* the same of what is left of the brightness when the mean of the pixels around is taken off */
    float difference;  /* mean, of values from 0 to 255 */
    float worst; /* the largest mean difference of one of 6 x 6 parts in one colour, brightness and contrast fitted */
    float gain;  /* the factor of that fit */
    bool smooth; /* one of them has too little detail to tell images apart by it */
} cs_likeness;

void cs_grid_fill(const cs_small_image *image, cs_grid *grid);

cs_likeness cs_grid_compare(const cs_grid *a, const cs_grid *b);

/* The correlation of all values alone. */
float cs_small_image_correlate(const cs_small_image *a, const cs_small_image *b);

/* The correlation of `n` pairs of values by their sums, of squares and products too; 0 when one has no variance. */
float cs_correlation(double n, double a, double b, double aa, double bb, double ab);

#endif
