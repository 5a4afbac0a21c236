/* SPDX-License-Identifier: MIT
 * gemm_impl.h - the tables that gemm.c chooses from, and what they share. */
#ifndef CS_KERNELS_GEMM_IMPL_H
#define CS_KERNELS_GEMM_IMPL_H

#include "kernels/gemm.h"

extern const cs_gemm_ops cs_gemm_ops_c;
extern const cs_gemm_ops cs_gemm_ops_avx2;
extern const cs_gemm_ops cs_gemm_ops_avx512;
extern const cs_gemm_ops cs_gemm_ops_neon;
extern const cs_gemm_ops cs_gemm_ops_blas; /* only after cs_gemm_blas has given it: OpenBLAS must be loaded */

/* multiply_rows of AVX2. With AVX-512 it is multiply_8: 8 rows of x fill one of its registers and half of a wider one,
 * and the order of each sum is the same. */
void cs_gemm_multiply_rows_avx2(const cs_gemm_weights *w, size_t first, size_t outputs, const float *xt, size_t m,
                                float *y, size_t ldy);

/* The arguments of cs_gemm. */
typedef struct cs_gemm_job {
    const cs_gemm_ops *ops;
    const cs_gemm_weights *w;
    const float *x; /* [m, k], row stride ldx */
    size_t ldx, m;
    const float *bias; /* [n] or NULL */
    cs_activation act;
    const float *residual; /* [m, n], row stride ldy, or NULL */
    float *y;              /* [m, n], row stride ldy */
    size_t ldy;
    float *scratch;
    size_t scratch_each; /* floats of scratch one worker has */
    const float *xt;     /* x transposed, when the weights are read as they are stored; else NULL */
    size_t row_block;    /* rows of one piece */
    size_t row_blocks;
} cs_gemm_job;

/* y[rows, outputs] at (row, first) = act(sums + bias) + residual; sums may be that part of y itself. */
void cs_gemm_finish(const cs_gemm_job *job, float *sums, size_t lds, size_t row, size_t rows, size_t first,
                    size_t outputs);

/* The activation alone of that part of y. */
void cs_gemm_activate(const cs_gemm_job *job, size_t row, size_t rows, size_t first, size_t outputs);

/* The whole job through OpenBLAS, on the threads OpenBLAS itself keeps. */
void cs_gemm_blas_run(const cs_gemm_job *job);

#endif
