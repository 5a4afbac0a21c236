/* SPDX-License-Identifier: MIT
 * depthwise.h - the inner loop of a convolution where each channel has a kernel of its own. */
#ifndef CS_KERNELS_DEPTHWISE_H
#define CS_KERNELS_DEPTHWISE_H

#include "kernels/cpu.h"

#include <stddef.h>

/* One row of outputs. */
typedef struct cs_depthwise_call {
    const float *const *rows; /* [kernel_h] input rows, each [width, channels]; NULL: the row is padding */
    size_t width, channels;
    size_t kernel_h, kernel_w, stride, pad;
    const float *weights;  /* [kernel_h, kernel_w, channels] */
    const float *bias;     /* [channels] */
    const float *residual; /* [out_width, channels], or NULL; may be y */
    float *y;              /* [out_width, channels] */
    size_t out_width;
    float low, high; /* the results are clamped to these */
    /* Input that the next row will need and this one does not: prefetched meanwhile. May be empty. */
    const float *next;
    size_t next_floats;
} cs_depthwise_call;

typedef struct cs_depthwise_ops {
    const char *name;
    /* y = clamp(bias + sum + residual). The sum starts at the bias and runs over the taps, row by row, by fused
     * multiply-add; taps in the padding are left out. AVX2 and AVX-512 give the same bits; C gives others. NaN stays
     * NaN. */
    void (*row)(const cs_depthwise_call *call);
} cs_depthwise_ops;

/* Tables: CS_CPU_C is the plain reference. NULL when the build or the processor lacks the level. */
const cs_depthwise_ops *cs_depthwise_ops_for(cs_cpu_flags flags);
const cs_depthwise_ops *cs_depthwise_ops_best(void);

#endif
