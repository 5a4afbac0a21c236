/* SPDX-License-Identifier: MIT
 * conv.h - the inner loop of a convolution: rows of scattered runs of floats times packed weights. */
#ifndef CS_KERNELS_CONV_H
#define CS_KERNELS_CONV_H

#include "kernels/cpu.h"

#include <stddef.h>

enum {
    CS_CONV_PANEL = 64, /* at most this many outputs a call; a panel of the packed weights */
    CS_CONV_ROWS = 96   /* at most this many rows a call */
};

/* One call: `rows` output pixels by `outputs` channels. The inputs of an output pixel are `runs` runs of `run` floats
 * each (a tap's channels, say), anywhere in memory; K = runs * run in all. */
typedef struct cs_conv_call {
    const float *const *starts; /* [runs, rows] where each run begins */
    size_t runs, run;
    size_t rows, outputs;  /* at most CS_CONV_ROWS and CS_CONV_PANEL */
    const float *packed;   /* the panel: strips of ops->strip outputs, each [K, strip], the last one rounded to lanes */
    const float *bias;     /* [outputs rounded up to a multiple of ops->lanes] */
    const float *residual; /* [rows, outputs], row stride ldy, or NULL; may be y */
    float *y;              /* [rows, outputs], row stride ldy */
    size_t ldy;
    float low, high; /* the results are clamped to these: 0 and infinity are ReLU */
    /* Weights that will be read next: prefetched meanwhile. May be empty. */
    const float *next;
    size_t next_floats;
} cs_conv_call;

typedef struct cs_conv_ops {
    const char *name;
    size_t strip; /* outputs that lie side by side in the packed form; divides CS_CONV_PANEL */
    size_t lanes; /* the last strip is padded with zeros to a multiple of this; divides strip */
    /* y = clamp(bias + sum + residual). The sum starts at the bias and runs over K in ascending order in one
     * accumulator by fused multiply-add; the residual is added after. So a pixel's result depends neither on the other
     * rows nor on their number, and AVX2 and AVX-512 give the same bits; C, which rounds products, gives others. NaN
     * stays NaN. */
    void (*multiply)(const cs_conv_call *call);
} cs_conv_ops;

/* Floats of the packed form of [n, k]: a multiple of what one panel takes, but for the last one. */
size_t cs_conv_packed_size(const cs_conv_ops *ops, size_t n, size_t k);

/* Outputs [first, first + outputs) of w [n, channels, taps] into a panel at `packed`, taps outermost, so K is [taps,
 * channels]. `first` is a multiple of CS_CONV_PANEL. */
void cs_conv_pack(const cs_conv_ops *ops, const float *w, size_t channels, size_t taps, size_t first, size_t outputs,
                  float *packed);

/* Tables: CS_CPU_C is the plain reference. NULL when the build or the processor lacks the level. */
const cs_conv_ops *cs_conv_ops_for(cs_cpu_flags flags);
const cs_conv_ops *cs_conv_ops_best(void);

#endif
