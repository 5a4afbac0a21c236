/* SPDX-License-Identifier: MIT
 * batchnorm.h - batch normalisation for inference: part of the convolution before it. */
#ifndef CS_NN_BATCHNORM_H
#define CS_NN_BATCHNORM_H

#include <stddef.h>

/* y = (x - mean) / sqrt(variance + eps) * gamma + beta for each of N channels. */
typedef struct cs_batchnorm {
    const float *gamma, *beta; /* [N], or NULL: ones, zeros */
    const float *mean, *variance;
    double eps;
} cs_batchnorm;

/* Fold into the convolution before it: weight [outputs, each] is scaled in place; bias [outputs] is replaced (it holds
 * the convolution's own bias before; zeros when there is none). Computed in double, rounded once. Bad values in a
 * file (a negative variance) give NaN. */
void cs_batchnorm_fold(const cs_batchnorm *norm, size_t outputs, size_t each, float *weight, float *bias);

#endif
