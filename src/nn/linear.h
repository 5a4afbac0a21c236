/* SPDX-License-Identifier: MIT
 * linear.h - an affine map whose matrix stays in the weight file. */
#ifndef CS_NN_LINEAR_H
#define CS_NN_LINEAR_H

#include "kernels/bgemm.h"
#include "kernels/gemm.h"
#include "kernels/qgemm.h"
#include "model/matrix.h"

/* How a tower keeps its big matrices. */
typedef enum cs_weight_form {
    CS_WEIGHTS_MAPPED, /* read from the file at each call */
    CS_WEIGHTS_PACKED, /* copied into the kernels' layout: the same results */
    CS_WEIGHTS_INT8, /* those of the blocks and of patches, and convolutions, quantized to 8 bits, the others packed */
    CS_WEIGHTS_BF16  /* those of the blocks and of patches rounded to bf16, the others packed */
} cs_weight_form;

/* N outputs, K inputs. Zero is a valid empty value to close. */
typedef struct cs_linear {
    cs_gemm_weights weights; /* [N, K], in the map or at `owned` */
    float *owned;            /* [N, K] f32, when the file holds the transpose or bytes; else NULL */
    float *bias;             /* [N] f32, or NULL */
    size_t ldx, ldy;         /* floats from row to row of x and of y: K and N, until the owner sets others */
    cs_qgemm_weights coded;  /* codes != NULL: the matrix is of 8 bits, and `weights` has only its size */
    int8_t *owned_codes;     /* when they are not the file's */
    float *scales;           /* [N] */
    int32_t *sums;           /* [N] */
    cs_bgemm_weights paired; /* pairs != NULL: the matrix is in bf16, and `weights` has only its size */
    uint16_t *owned_pairs;   /* when they are not the file's */
} cs_linear;

/* Rows as matrices in 8 bits or in bf16 read them: one of the two is there. */
typedef struct cs_coded_rows {
    cs_qgemm_rows codes;
    uint16_t *halves; /* [m, cs_bgemm_stride(k)] */
} cs_coded_rows;

/* Bind `weight` [N, K], which must outlive it, and `bias` [1, N] (NULL: none). `pack`: copy the matrix into the
 * kernels' layout, spread over `pool`; one that the file has in bf16 pairs is expanded and always packed. On failure
 * there is nothing to close. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_linear_open(cs_linear *linear, const cs_matrix *weight, const cs_matrix *bias, bool pack,
                                 cs_pool *pool, clipsearch_error *err);
void cs_linear_close(cs_linear *linear);

/* The same in 8 bits: a coded matrix is used as it lies in the file, any other is quantized, spread over `pool`.
 * Errors: also CLIPSEARCH_E_MODEL (a weight, scale or sum that cannot be right), _UNSUPPORTED (more inputs than
 * CS_QGEMM_MAX_K). */
clipsearch_status cs_linear_open_coded(cs_linear *linear, const cs_matrix *weight, const cs_matrix *bias, cs_pool *pool,
                                       clipsearch_error *err);

/* The same in bf16: a paired matrix is used as it lies in the file, any other is rounded, spread over `pool`. Errors:
 * also CLIPSEARCH_E_MODEL (a weight that is no number, or that bf16 cannot hold). */
clipsearch_status cs_linear_open_paired(cs_linear *linear, const cs_matrix *weight, const cs_matrix *bias,
                                        cs_pool *pool, clipsearch_error *err);

/* Bytes that packing takes, packed or not. */
size_t cs_linear_packed_bytes(const cs_linear *linear);

/* y [rows, N] = act(x [rows, K] W^T + bias) + residual [rows, N]; residual NULL: none; it may be y. `scratch` as for
 * cs_gemm. */
void cs_linear_forward(const cs_linear *linear, const float *x, size_t rows, cs_activation act, const float *residual,
                       float *y, float *scratch, cs_pool *pool);

/* Whether it is in 8 bits or in bf16. */
bool cs_linear_is_coded(const cs_linear *linear);
/* The same of a linear map in 8 bits or in bf16, whose x was quantized or rounded. */
void cs_linear_forward_coded(const cs_linear *linear, const cs_coded_rows *x, size_t rows, cs_activation act,
                             const float *residual, float *y, cs_pool *pool);

#endif
