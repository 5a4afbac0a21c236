/* SPDX-License-Identifier: MIT
 * layernorm.h - layer normalisation of the rows of a matrix. */
#ifndef CS_NN_LAYERNORM_H
#define CS_NN_LAYERNORM_H

#include "base/pool.h"
#include "model/matrix.h"
#include "nn/linear.h"

/* Zero is a valid empty value to close. */
typedef struct cs_layernorm {
    size_t width;
    float eps;
    float *gamma, *beta; /* [width] */
} cs_layernorm;

/* weight, bias [1, W]. On failure there is nothing to close. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_layernorm_open(cs_layernorm *norm, const cs_matrix *weight, const cs_matrix *bias, float eps,
                                    clipsearch_error *err);
void cs_layernorm_close(cs_layernorm *norm);

/* y [rows, W] = (x - mean) / sqrt(variance + eps) * gamma + beta, row by row of x [rows, W]; y may be x. */
void cs_layernorm_forward(const cs_layernorm *norm, const float *x, size_t rows, float *y, cs_pool *pool);

/* The same, and each row of y quantized or rounded to `coded` while it is in the cache. */
void cs_layernorm_quantize(const cs_layernorm *norm, const float *x, size_t rows, float *y, const cs_coded_rows *coded,
                           cs_pool *pool);

#endif
