/* SPDX-License-Identifier: MIT
 * act.h - the row-wise operations of a transformer. */
#ifndef CS_KERNELS_ACT_H
#define CS_KERNELS_ACT_H

#include "base/activation.h"
#include "kernels/cpu.h"

#include <stddef.h>

/* AVX2 and AVX-512 give the same bits; C, which uses the C library's expf and erff, gives others. The result of an
 * element or a row depends only on itself, not on alignment or position. NaN gives NaN. */
typedef struct cs_act_ops {
    const char *name;
    /* y = (x - mean) / sqrt(variance + eps) * gamma + beta over n elements; y may be x. Biased variance, two passes. */
    void (*layernorm)(const float *x, const float *gamma, const float *beta, float eps, size_t n, float *y);
    /* x = exp(x - max) / sum over n elements, in place; n >= 1. Bits depend on x[0..n) only. */
    void (*softmax)(float *x, size_t n);
    /* x * sigmoid(1.702 x), in place */
    void (*quick_gelu)(float *x, size_t n);
    /* x * (1 + erf(x / sqrt 2)) / 2, in place */
    void (*gelu)(float *x, size_t n);
    /* y = a + b, or (a + b) + c unless c is NULL; y may be one of them */
    void (*add)(const float *a, const float *b, const float *c, size_t n, float *y);
} cs_act_ops;

const cs_act_ops *cs_act_ops_for(cs_cpu_flags flags);
const cs_act_ops *cs_act(void);

#endif
