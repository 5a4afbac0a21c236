/* SPDX-License-Identifier: MIT
 * coded_conv.h - convolutions in 8 bits: weights quantized when they are opened, maps when they are met. */
#ifndef CS_NN_CODED_CONV_H
#define CS_NN_CODED_CONV_H

#include "base/pool.h"
#include "kernels/qconv.h"
#include "nn/conv_spec.h"
#include "nn/workspace.h"

/*
 * A kernel of one tap has a scale and a zero point for each pixel; a larger one has those of a whole image, since its
 * taps are added up.
 *
 * What rounding leaves of the weights, W - W', is about 1 % of them. Inputs behind a ReLU have a mean, and (W - W')
 * times the mean is the same error at every place, which no later mean averages away: it made up 6/7 of the loss of the
 * built-in model's vectors and of MobileNetV2's. So the mean over the image's pixels goes through W - W', in 8 bits
 * too, and is added to the bias: y = W' x + (W - W') mean(x) + b, which costs as much as one pixel more. The taps of a
 * larger kernel share it, as if none were in the padding.
 *
 * An image's results depend on that image alone.
 */
typedef struct cs_coded_conv {
    const cs_qconv_ops *ops; /* NULL: the convolution is not in 8 bits */
    size_t run;              /* bytes of a pixel: its channels, rounded up to whole groups */
    cs_qgemm_weights main;   /* [out, taps * run] */
    cs_qgemm_weights rest;   /* [out, in]: what the codes leave of the weights, added up over the taps */
    void *memory;            /* of both */
} cs_coded_conv;

/* Whether a convolution can be computed in 8 bits: with one group, channels side by side, and neither few nor too many
 * inputs. */
bool cs_coded_conv_can(const cs_conv_spec *spec);

/* Quantize `weight` [out, in, kernel_h, kernel_w], spread over `pool`. Close in any case. Errors: CLIPSEARCH_E_MEMORY,
 * _MODEL (a weight that is no number). */
clipsearch_status cs_coded_conv_open(cs_coded_conv *conv, const cs_conv_spec *spec, const float *weight, cs_pool *pool,
                                     clipsearch_error *err);
void cs_coded_conv_close(cs_coded_conv *conv);

/* Bytes of the quantized weights. */
size_t cs_coded_conv_bytes(const cs_coded_conv *conv);

/* The buffers of a forward pass. */
typedef struct cs_coded_scratch {
    uint8_t *codes;          /* [count, pixels, run]: of the pixels that are read */
    uint8_t *pads;           /* [count, run]: a pixel of zeros */
    cs_qconv_scale *scales;  /* [count, pixels], or [count] */
    float *sums;             /* [count, lines, in]: of each line's pixels */
    float *ranges;           /* [count, lines, 2] */
    float *means;            /* [count, in] */
    uint8_t *mean_codes;     /* [count, in, rounded up] */
    cs_qgemm_row *mean_rows; /* [count] */
    float *biases;           /* [count, out, rounded up] */
    const uint8_t **starts;  /* [threads, rows of a call, taps] */
    uint8_t *together;       /* [threads, rows of a call, inputs of an output], for tables that read these together */
} cs_coded_scratch;

/* Divide `workspace` for these images (x is not read). */
void cs_coded_conv_carve(const cs_coded_conv *conv, const cs_conv_spec *spec, const cs_conv_images *images,
                         unsigned threads, cs_workspace *workspace, cs_coded_scratch *scratch);

/* y [count, out_height, out_width, out] = activation(convolution + bias + residual), as cs_conv_forward. `bias` [out,
 * rounded up to strips of 16]. The same bits for any count, any number of threads, on any processor. */
void cs_coded_conv_forward(const cs_coded_conv *conv, const cs_conv_spec *spec, const float *bias,
                           const cs_conv_images *images, const float *residual, float *y,
                           const cs_coded_scratch *scratch, cs_pool *pool);

#endif
