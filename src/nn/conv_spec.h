/* SPDX-License-Identifier: MIT
 * conv_spec.h - what a convolution is: its channels, kernel, stride, padding, and where its taps are. */
#ifndef CS_NN_CONV_SPEC_H
#define CS_NN_CONV_SPEC_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cs_conv_activation { CS_CONV_NONE, CS_CONV_RELU, CS_CONV_RELU6 } cs_conv_activation;

typedef struct cs_conv_spec {
    size_t in, out; /* channels */
    size_t kernel_h, kernel_w;
    size_t stride; /* in both directions; 0 is taken as 1 */
    size_t pad;    /* zeros around the image, on all four sides; less than the kernel */
    size_t groups; /* 1 (0 is taken as 1), or in == out: each channel has a kernel of its own */
    cs_conv_activation activation;
    bool planar;          /* x is [count, in, height, width], as images come; groups 1 only */
    size_t pad_more;      /* zeros at the bottom and on the right beyond `pad`; with `pad` less than the kernel */
    size_t height, width; /* of the maps that it will read, for choosing how it is computed; 0: not known */
} cs_conv_spec;

/* The images that a convolution reads. */
typedef struct cs_conv_images {
    const float *x; /* [count, height, width, in] */
    size_t count, height, width, out_height, out_width;
} cs_conv_images;

/* The pixel of an image [height, width] that tap (ky, kx) of output (oy, ox) reads; SIZE_MAX: it is in the padding. */
static inline size_t cs_conv_tap(const cs_conv_spec *spec, size_t height, size_t width, size_t oy, size_t ox, size_t ky,
                                 size_t kx)
{
    /* below 0 wraps around to more than any size */
    const size_t iy = oy * spec->stride + ky - spec->pad, ix = ox * spec->stride + kx - spec->pad;
    return iy < height && ix < width ? iy * width + ix : SIZE_MAX;
}

/* The least result that the activation lets through, and the greatest. */
static inline float cs_conv_low(const cs_conv_spec *spec)
{
    return spec->activation == CS_CONV_NONE ? -INFINITY : 0;
}

static inline float cs_conv_high(const cs_conv_spec *spec)
{
    return spec->activation == CS_CONV_RELU6 ? 6 : INFINITY;
}

#endif
