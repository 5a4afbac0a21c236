/* SPDX-License-Identifier: MIT
 * winograd.h - the transforms of Winograd's F(4x4, 3x3): 4 x 4 outputs of a 3 x 3 kernel from 36 products a channel. */
#ifndef CS_KERNELS_WINOGRAD_H
#define CS_KERNELS_WINOGRAD_H

#include "kernels/cpu.h"

#include <stddef.h>

/*
 * Y = A^T [sum over channels of (G g G^T) o (B^T d B)] A, with the points 0, 1, -1, 2, -2 and infinity (Lavin and Gray
 * 2015, arXiv 1509.09308): d is a tile of 6 x 6 inputs, g a kernel, Y 4 x 4 outputs, and o multiplies number by number,
 * so 36 products take the place of 144. The sums over channels are matrix products, one for each of the 36 points,
 * which kernels/conv.h computes.
 *
 * All factors are powers of two, but for one that scales each transformed weight, so that no product in a transform is
 * rounded and every level gives the same bits (unless a number overflows). On the way from an input to an output at
 * most 4 roundings are of the input's transform, 6 of the weights', 1 for each channel and 6 of the output's: the
 * error is at most (channels + 18) * 2^-24 times the same sums of absolute values (|A^T|, |G|, |B^T|, ...). An input
 * that is no number makes its whole tile so.
 */
enum {
    CS_WINOGRAD_TILE = 4,                                    /* outputs of a tile in a row and in a column */
    CS_WINOGRAD_SIDE = 6,                                    /* inputs of it */
    CS_WINOGRAD_POINTS = CS_WINOGRAD_SIDE * CS_WINOGRAD_SIDE /* products of it, of one channel */
};

/* A tile's inputs. */
typedef struct cs_winograd_input {
    const float *rows[CS_WINOGRAD_SIDE]; /* [count, channels]; NULL: the row is in the padding */
    size_t first, count;                 /* columns [first, first + count) of a row are there, the others are padding */
    size_t channels;
    float *to; /* [points, channels], `apart` floats from one point to the next */
    size_t apart;
} cs_winograd_input;

/* A tile's outputs. */
typedef struct cs_winograd_output {
    const float *sums; /* [points, outputs], `apart` floats from one point to the next */
    size_t apart;
    size_t outputs;
    size_t height, width;  /* of the tile that are inside the map, 1 to CS_WINOGRAD_TILE */
    const float *bias;     /* [outputs] */
    const float *residual; /* as y, or NULL; may be y */
    float *y;              /* [height, width, outputs], pixels side by side, rows `row` floats apart */
    size_t row;
    float low, high; /* the results are clamped to these */
} cs_winograd_output;

typedef struct cs_winograd_ops {
    const char *name;
    size_t lanes; /* outputs whose weights are transformed together */
    /* The weights w [outputs <= lanes, channels, 3, 3] to [points, channels, lanes]: `apart` floats from one point to
     * the next, `width` from one channel to the next; zeros beyond `outputs`. */
    void (*weights)(const float *w, size_t outputs, size_t channels, float *to, size_t width, size_t apart);
    void (*input)(const cs_winograd_input *tile);
    /* y = clamp(transform + bias + residual), added in this order. NaN stays NaN. */
    void (*output)(const cs_winograd_output *tile);
} cs_winograd_ops;

/* What a transformed weight is multiplied by, at points (0 or more) i and j of the rows and columns. */
extern const float cs_winograd_scales[CS_WINOGRAD_POINTS];

/* Tables: CS_CPU_C is the plain reference. NULL when the build or the processor lacks the level. */
const cs_winograd_ops *cs_winograd_ops_for(cs_cpu_flags flags);
const cs_winograd_ops *cs_winograd_ops_best(void);

#endif
