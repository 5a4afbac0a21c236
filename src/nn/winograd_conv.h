/* SPDX-License-Identifier: MIT
 * winograd_conv.h - 3 x 3 convolutions by Winograd's F(4x4, 3x3): weights transformed when they are opened. */
#ifndef CS_NN_WINOGRAD_CONV_H
#define CS_NN_WINOGRAD_CONV_H

#include "base/pool.h"
#include "kernels/conv.h"
#include "kernels/winograd.h"
#include "nn/conv_spec.h"
#include "nn/workspace.h"

typedef struct cs_winograd_conv {
    const cs_winograd_ops *ops; /* NULL: the convolution is not computed so */
    const cs_conv_ops *products;
    float *packed; /* [points, `apart`]: a matrix [out, in] for each, packed for `products` */
    size_t apart;
} cs_winograd_conv;

/* Whether this is faster than computing a convolution directly. It depends on the spec alone, and so do bits. */
bool cs_winograd_conv_pays(const cs_conv_spec *spec);

/* Transform `weight` [out, in, 3, 3], spread over `pool`. Close in any case. Errors: CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_winograd_conv_open(cs_winograd_conv *conv, const cs_conv_spec *spec, const float *weight,
                                        cs_pool *pool, clipsearch_error *err);
void cs_winograd_conv_close(cs_winograd_conv *conv);

/* Bytes of the transformed weights: four times those of the weights. */
size_t cs_winograd_conv_bytes(const cs_winograd_conv *conv);

/* The buffers of a forward pass: for each thread at most 54 tiles' inputs and sums, 7.6 KiB for each channel. */
typedef struct cs_winograd_scratch {
    float *inputs, *sums; /* [threads, points, apart] */
    size_t inputs_apart, sums_apart;
} cs_winograd_scratch;

/* Divide `workspace` for these images (x is not read). */
void cs_winograd_conv_carve(const cs_conv_spec *spec, const cs_conv_images *images, unsigned threads,
                            cs_workspace *workspace, cs_winograd_scratch *scratch);

/* y [count, out_height, out_width, out] = activation(convolution + bias + residual), as cs_conv_forward. `bias` [out].
 * The same bits for any count, any number of threads, and on all levels above C. The error: kernels/winograd.h. */
void cs_winograd_conv_forward(const cs_winograd_conv *conv, const cs_conv_spec *spec, const float *bias,
                              const cs_conv_images *images, const float *residual, float *y,
                              const cs_winograd_scratch *scratch, cs_pool *pool);

#endif
