/* SPDX-License-Identifier: MIT
 * conv2d.h - two-dimensional convolutions over packed weights, with bias, residual and activation. */
#ifndef CS_NN_CONV2D_H
#define CS_NN_CONV2D_H

#include "base/pool.h"
#include "kernels/conv.h"
#include "kernels/depthwise.h"
#include "nn/coded_conv.h"
#include "nn/conv_spec.h"
#include "nn/winograd_conv.h"

/* Zero is a valid empty value to close. */
typedef struct cs_conv {
    cs_conv_spec spec;
    const cs_conv_ops *ops;            /* groups 1 */
    const cs_depthwise_ops *depthwise; /* or this */
    float *packed;
    float *bias;               /* [out, rounded up]; zeros when there is none */
    float *zeros;              /* [in]: what a tap in the padding reads */
    cs_coded_conv coded;       /* in 8 bits: instead of ops, packed and zeros */
    cs_winograd_conv winograd; /* 3 x 3, where it is faster: likewise */
} cs_conv;

/* Copies `weight` [out, in / groups, kernel_h, kernel_w] into the kernels' layout, and `bias` [out] (NULL: none); both
 * may be freed afterwards. BatchNorm is folded in before (nn/batchnorm.h). Work is spread over `pool`. On failure there
 * is nothing to close. Errors: CLIPSEARCH_E_MEMORY; CLIPSEARCH_E_UNSUPPORTED for a spec outside the limits above. */
clipsearch_status cs_conv_open(cs_conv *conv, const cs_conv_spec *spec, const float *weight, const float *bias,
                               cs_pool *pool, clipsearch_error *err);

/* The same in 8 bits, if it is a convolution that can be (nn/coded_conv.h); else in floats. Errors: also
 * CLIPSEARCH_E_MODEL (a weight that is no number). */
clipsearch_status cs_conv_open_coded(cs_conv *conv, const cs_conv_spec *spec, const float *weight, const float *bias,
                                     cs_pool *pool, clipsearch_error *err);
void cs_conv_close(cs_conv *conv);

/* Bytes of the packed weights. */
size_t cs_conv_packed_bytes(const cs_conv *conv);

/* The output height or width for an input height or width: floor((size + 2 pad + pad_more - kernel) / stride) + 1;
 * 0 when the kernel does not fit. */
size_t cs_conv_output_height(const cs_conv *conv, size_t height);
size_t cs_conv_output_width(const cs_conv *conv, size_t width);

/* Bytes of scratch that cs_conv_forward needs for up to `count` images of this size over `threads` threads; 0 when that
 * does not fit size_t. Convolutions that run one after another can share one block of the largest size:
 * allocate it once with cs_workspace_alloc. A smaller count never needs more. */
size_t cs_conv_scratch(const cs_conv *conv, size_t count, size_t height, size_t width, unsigned threads);

/* x [count, height, width, in] (or planar) -> y [count, output height, output width, out], contiguous: y =
 * activation(convolution + bias + residual). residual, shaped like y, may be NULL or y itself; x must not overlap y.
 * `scratch`: 64-byte aligned, at least cs_conv_scratch bytes. Allocates nothing. A network is fastest a few images at a
 * time (about 4 MiB of the largest layer's output), so that what one layer writes is still in the caches when the next
 * reads it. Bits: an image's output is the same in any batch, over any number of threads, and with AVX2 or AVX-512.
 * Sums run over ky, kx, channel (details: kernels/conv.h and kernels/depthwise.h), or are kernels/winograd.h's. */
void cs_conv_forward(const cs_conv *conv, const float *x, size_t count, size_t height, size_t width,
                     const float *residual, float *y, void *scratch, cs_pool *pool);

#endif
