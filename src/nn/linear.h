/* SPDX-License-Identifier: MIT
 * linear.h - an affine map whose matrix stays in the weight file. */
#ifndef CS_NN_LINEAR_H
#define CS_NN_LINEAR_H

#include "kernels/gemm.h"
#include "model/matrix.h"

/* N outputs, K inputs. Zero is a valid empty value to close. */
typedef struct cs_linear {
    cs_gemm_weights weights; /* [N, K], in the map or at `owned` */
    float *owned;            /* [N, K] f32, when the file holds the transpose; else NULL */
    float *bias;             /* [N] f32, or NULL */
} cs_linear;

/* Bind `weight` [N, K], which must outlive it, and `bias` [1, N] (NULL: none). `pack`: copy the matrix into the
 * kernels' layout, spread over `pool`. On failure there is nothing to close. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_linear_open(cs_linear *linear, const cs_matrix *weight, const cs_matrix *bias, bool pack,
                                 cs_pool *pool, clipsearch_error *err);
void cs_linear_close(cs_linear *linear);

/* Bytes that packing takes, packed or not. */
size_t cs_linear_packed_bytes(const cs_linear *linear);

/* y [rows, N] = act(x [rows, K] W^T + bias) + residual [rows, N]; residual NULL: none; it may be y. `scratch` as for
 * cs_gemm. */
void cs_linear_forward(const cs_linear *linear, const float *x, size_t rows, cs_activation act, const float *residual,
                       float *y, float *scratch, cs_pool *pool);

#endif
