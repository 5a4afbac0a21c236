/* SPDX-License-Identifier: MIT
 * gemm.h - Y = act(X W^T + b) + R over weights as a model file stores them. */
#ifndef CS_KERNELS_GEMM_H
#define CS_KERNELS_GEMM_H

#include "base/dtype.h"
#include "base/error.h"
#include "base/pool.h"
#include "kernels/act.h"
#include "kernels/cpu.h"

/* A weight matrix [n, k], rows contiguous: n outputs, k inputs. `rows` points into the mapped file (any alignment) and
 * is read in place; `packed`, when not NULL, is the same matrix in the kernels' own layout. */
typedef struct cs_gemm_weights {
    size_t n, k;
    cs_dtype dtype;
    const void *rows;
    float *packed; /* owned; cs_gemm_unpack frees it */
} cs_gemm_weights;

/* Memory that is read next: it may be called into the cache while there is something to compute. Zeros: nothing. */
typedef struct cs_gemm_ahead {
    const char *at;
    size_t bytes; /* of all, or of each of several rows */
    size_t apart; /* bytes of all a step of computing, which the kernels choose; or from a row to the next */
} cs_gemm_ahead;

typedef struct cs_gemm_ops {
    const char *name;
    size_t panel; /* outputs per packed panel */
    /* floats of scratch one worker needs to pack a panel on the fly, for weights with this k; a multiple of 16 */
    size_t (*scratch)(size_t k);
    /* floats that the packed form of [n, k] takes */
    size_t (*packed_size)(size_t n, size_t k);
    /* Panels [first, first+count) of the packed form, written at `packed` (of the first panel). */
    void (*pack)(const cs_gemm_weights *w, size_t first, size_t count, float *packed);
    /* Panel `panel` of the packed form of floats [n, k] that are stored input by input: weight [j, i] is
     * columns[i * ld + j]. */
    void (*pack_columns)(const float *columns, size_t ld, size_t n, size_t k, size_t panel, float *packed);
    /* Y[m, panel outputs] for one panel, given packed: y[i*ldy + j] = sum_k x[i*ldx+k] * w[j,k]. The sum runs over k in
     * ascending order in one accumulator per output, so it depends on neither m nor i. `outputs` <= panel of them are
     * stored. */
    void (*multiply)(const float *x, size_t ldx, size_t m, size_t k, const float *packed, size_t outputs,
                     cs_gemm_ahead ahead, float *y, size_t ldy);
    /* The same for panel `panel` of weights as stored, given `space` of scratch(k) floats; k >= 1. NULL: it does not
     * exist. */
    void (*multiply_stored)(const cs_gemm_weights *w, size_t panel, const float *x, size_t ldx, size_t m, float *space,
                            float *y, size_t ldy);
    /* Up to this many rows of x (0: never), reading the weights as they are stored is faster than packing them
     * first. */
    size_t few;
    /* Y[m, outputs] for the outputs from `first` on, weights as stored. xt is x transposed and padded with zeros:
     * [k, 8] for m <= 8, else blocks of 16 rows [m / 16 rounded up, k, 16]; it fits into scratch(k) floats. The same
     * bits as `multiply`. multiply_8 is for m <= 8, multiply_rows for more. */
    void (*multiply_8)(const cs_gemm_weights *w, size_t first, size_t outputs, const float *xt, size_t m, float *y,
                       size_t ldy);
    void (*multiply_rows)(const cs_gemm_weights *w, size_t first, size_t outputs, const float *xt, size_t m, float *y,
                          size_t ldy);
} cs_gemm_ops;

/* Tables: CS_CPU_C is the plain reference. NULL when the build or the processor lacks the level. */
const cs_gemm_ops *cs_gemm_ops_for(cs_cpu_flags flags);

/* The table cs_gemm uses: that of cs_cpu_best(); at level C that of cs_gemm_blas, or the plain reference without it. */
const cs_gemm_ops *cs_gemm_ops_best(void);

/* OpenBLAS behind the same signature. The first call loads it, which starts its threads. NULL when it cannot be used:
 * it is not installed, the process may not start its threads, or its memory is limited (RLIMIT_AS, RLIMIT_DATA). The
 * answer is the same for the life of the process. Any thread may call it. */
const cs_gemm_ops *cs_gemm_blas(void);

/* Y [m, n] (row stride ldy) = act(X [m, k] (row stride ldx) W^T + bias [n]) + residual [m, n] (row stride ldy). bias
 * and residual may be NULL; residual may be y itself. Work is spread over `pool` (NULL: this thread). `scratch` holds
 * cs_gemm_scratch(k) * threads floats, 64-byte aligned, and is untouched when w->packed is set. The sum starts at zero
 * and runs over ascending k by fused multiply-add; then the bias is added, the activation applied and the residual
 * added, each rounded to float. So each row of Y is the same bits for any m, any number of threads, packed or not, with
 * AVX2 or AVX-512. This does not hold for CS_CPU_C over BLAS, which sums in OpenBLAS's order, on OpenBLAS's own threads
 * (OPENBLAS_NUM_THREADS) rather than the pool's. */
void cs_gemm(const cs_gemm_weights *w, const float *x, size_t ldx, size_t m, const float *bias, cs_activation act,
             const float *residual, float *y, size_t ldy, float *scratch, cs_pool *pool);
size_t cs_gemm_scratch(size_t k);

/* Make w->packed (spread over `pool`). CLIPSEARCH_E_MEMORY leaves w as it was. */
clipsearch_status cs_gemm_pack(cs_gemm_weights *w, cs_pool *pool, clipsearch_error *err);
void cs_gemm_unpack(cs_gemm_weights *w);

/* The same with a table that the caller chooses, for tests and benchmarks: a packed form belongs to the table that made
 * it, and `scratch` holds ops->scratch(k) * threads floats. */
void cs_gemm_with(const cs_gemm_ops *ops, const cs_gemm_weights *w, const float *x, size_t ldx, size_t m,
                  const float *bias, cs_activation act, const float *residual, float *y, size_t ldy, float *scratch,
                  cs_pool *pool);
clipsearch_status cs_gemm_pack_with(const cs_gemm_ops *ops, cs_gemm_weights *w, cs_pool *pool, clipsearch_error *err);

/* Whether OpenBLAS is loaded; a sentence. */
const char *cs_gemm_library(void);

#endif
