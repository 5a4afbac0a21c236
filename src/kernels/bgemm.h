/* SPDX-License-Identifier: MIT
 * bgemm.h - Y = act(X W^T + b) + R with weights in bf16 and rows of X rounded to bf16 when they are met. */
#ifndef CS_KERNELS_BGEMM_H
#define CS_KERNELS_BGEMM_H

#include "base/dtype.h"
#include "base/error.h"
#include "base/pool.h"
#include "kernels/act.h"
#include "kernels/cpu.h"
#include "kernels/panels.h"

#include <stdint.h>

/*
 * What is computed is what vdpbf16ps does (Intel SDM volume 2): of inputs 2 p and 2 p + 1 the product of the second is
 * added to the sum, then that of the first, each rounded to float. A product of two bf16 is exact in a float. Numbers
 * smaller than FLT_MIN count as zeros, whether inputs or sums: only there does C differ, by less than FLT_MIN
 * for each of the k inputs.
 */
enum { CS_BGEMM_PAIR = 2 /* inputs whose weights lie together */ };

/* A weight matrix [n, k]. The bf16 of output 16 s + o and input 2 p + i is at [s, p, o, i] of pairs [ceil(n / 16),
 * ceil(k / 2), 16, 2], little-endian (zeros behind n and k); the file of a converted model has them like this. */
typedef struct cs_bgemm_weights {
    size_t n, k;
    const uint16_t *pairs;
} cs_bgemm_weights;

typedef struct cs_bgemm_ops {
    const char *name;
    /* Round n floats to bf16, to the nearest, ties to even; a size below FLT_MIN becomes 0, NaN stays NaN. */
    void (*round)(const float *x, size_t n, uint16_t *rounded);
    /* sums[i, j] of rows [count, CS_PANEL] = x row i (of cs_bgemm_stride(k)) times weights of output first + j, for j <
     * outputs <= CS_PANEL; first is a multiple of it; count <= CS_PANEL_ROWS. `next` as for cs_qgemm_ops. All of `sums`
     * may be written. */
    void (*multiply)(const cs_bgemm_weights *w, const uint16_t *x, size_t count, size_t first, size_t outputs,
                     size_t next, float *sums);
} cs_bgemm_ops;

/* The best table that needs nothing beside `flags`; NULL when the processor lacks one of them. CS_CPU_C is the
 * definition, and far slower than cs_gemm. */
const cs_bgemm_ops *cs_bgemm_ops_for(cs_cpu_flags flags);
/* Whether cs_cpu_best() has instructions for bf16. Without them cs_gemm is the faster one, and more exact. */
bool cs_bgemm_is_fast(void);

/* Numbers of a rounded row. */
size_t cs_bgemm_stride(size_t k);

/* Round x [m, k] (row stride ldx) to rows [m, cs_bgemm_stride(k)], spread over `pool` (NULL: this thread). */
void cs_bgemm_round(const float *x, size_t ldx, size_t m, size_t k, uint16_t *rows, cs_pool *pool);
/* One row: k numbers, and a zero behind an odd one. */
void cs_bgemm_round_row(const float *x, size_t k, uint16_t *row);

/* Y [m, n] (row stride ldy) = act(X W^T + bias [n]) + residual [m, n] (row stride ldy), as cs_gemm, of rounded rows x.
 * bias and residual may be NULL; residual may be y. The same bits for any m and any number of threads. */
void cs_bgemm(const cs_bgemm_weights *w, const uint16_t *x, size_t m, const float *bias, cs_activation act,
              const float *residual, float *y, size_t ldy, cs_pool *pool);
/* The same with a table that the caller chooses, for tests and benchmarks. */
void cs_bgemm_with(const cs_bgemm_ops *ops, const cs_bgemm_weights *w, const uint16_t *x, size_t m, const float *bias,
                   cs_activation act, const float *residual, float *y, size_t ldy, cs_pool *pool);

/* Bytes of the pairs of a matrix [n, k]; 0 on overflow. */
size_t cs_bgemm_pairs_size(size_t n, size_t k);

/* Round strips [first, first + count) of the weights rows [n, k] of `dtype` to pairs (of the first of these strips).
 * False: a weight is NaN or infinite, or bf16 cannot hold it. */
bool cs_bgemm_pack(cs_dtype dtype, const void *rows, size_t n, size_t k, size_t first, size_t count, uint16_t *pairs);
/* The weights as floats [n, k]. */
void cs_bgemm_unpack(const cs_bgemm_weights *w, float *rows);

#endif
