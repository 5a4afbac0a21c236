/* SPDX-License-Identifier: MIT
 * qgemm.h - Y = act(X W^T + b) + R with weights of 8 bits and rows of X quantized to 8 bits when they are met. */
#ifndef CS_KERNELS_QGEMM_H
#define CS_KERNELS_QGEMM_H

#include "base/dtype.h"
#include "base/error.h"
#include "base/pool.h"
#include "kernels/act.h"
#include "kernels/cpu.h"
#include "kernels/panels.h"

#include <stdint.h>

/*
 * One format for all processors, so that a vector has the same bits on each: unsigned 8-bit activations by signed
 * 8-bit weights, summed in 32 bits. vpdpbusd (AVX-VNNI, AVX512-VNNI) computes it as it is. AVX2 has only vpmaddubsw,
 * which adds two products in 16 bits with saturation. So weights are quantized such that no two products that it adds
 * can pass 16 bits: of inputs 2 i and 2 i + 1 of an output, the codes of one sign add up to at most
 * cs_qgemm_pair(most) in size, `most` being the greatest code of a row: 128 for 255, as 255 * 128 < 2^15. That costs a
 * quarter of a bit of the weights and nothing in speed. (16-bit activations with vpmaddwd were measured too, Zen 3, in
 * a tile of 6 rows: 81 against 99 multiplications a nanosecond, because two additions a cycle come to its two
 * multiplications.)
 *
 * Rows in two steps (cs_qgemm_rows.rest) have 7 bits in each: 127 * 254 < 2^15, so two weights of 127 may meet and
 * their weights are more exact. A quarter of the weights' error is the limit's.
 *
 * Few values of a row are far larger than the others (CLIP's outlier channels are 50 to 100 times as large). They
 * would leave no bits for the rest. So up to CS_QGEMM_WIDE values of a row, found when it is quantized, are kept in 20
 * bits, and their products are added beside the others'.
 */
enum {
    CS_QGEMM_STRIP = CS_PANEL_STRIP,
    CS_QGEMM_GROUP = 4,        /* inputs whose weights lie together */
    CS_QGEMM_CODES = 255,      /* the greatest code of a row */
    CS_QGEMM_STEP_CODES = 127, /* the same of rows in two steps */
    CS_QGEMM_WIDE = 16,
    CS_QGEMM_WIDE_MOST = (1 << 19) - 1,
    /* the most inputs: 255 * 128 k for the codes, as much for the zero point, and 127 WIDE_MOST WIDE fit 32 bits */
    CS_QGEMM_MAX_K = 16384
};

/* A weight matrix [n, k]. Weight [o, i] is codes[o, i] * scales[o]. The code of output 16 s + o and input 4 g + i is at
 * [s, g, o, i] of codes [ceil(n / 16), ceil(k / 4), 16, 4] (zeros behind n and k); the file of a converted model has
 * them like this. */
typedef struct cs_qgemm_weights {
    size_t n, k; /* k <= CS_QGEMM_MAX_K */
    const int8_t *codes;
    const float *scales; /* [n] */
    const int32_t *sums; /* [n]: of each output's codes; -128 k .. 127 k */
} cs_qgemm_weights;

/* What is known of a quantized row of X: value i is (codes[i] - zero) * scale. A value that is kept in more bits has
 * the code `zero` and is wide.value * scale. */
typedef struct cs_qgemm_row {
    float scale; /* NaN when a value of the row is NaN or infinite: then the whole row of Y is NaN */
    int32_t zero;
    uint32_t wide_count;
    struct {
        uint32_t at; /* < k */
        int32_t value;
    } wide[CS_QGEMM_WIDE];
} cs_qgemm_row;

/* Quantized rows of X. With `rest` in two steps, of 14 bits together: what the codes of row i leave of it is quantized
 * once more, to row rest + i, and the products of both are added. */
typedef struct cs_qgemm_rows {
    uint8_t *codes;     /* [m, or rest + m, cs_qgemm_stride(k)] */
    cs_qgemm_row *rows; /* [m, or rest + m] */
    size_t rest;        /* 0: 8 bits; else at least m */
} cs_qgemm_rows;

/* Where the products of a piece go: y[i, j] = (product + bias[j]) + residual[i, j], for its rows i and outputs j. */
typedef struct cs_qgemm_output {
    const float *bias, *residual; /* either may be NULL; residual's row stride is ldy, and it may be y */
    float *y;
    size_t ldy;
} cs_qgemm_output;

typedef struct cs_qgemm_ops {
    const char *name;
    /* Quantize one row x [k] to codes [cs_qgemm_stride(k)] up to `most`, CS_QGEMM_CODES or CS_QGEMM_STEP_CODES. What
     * they leave of its values goes to rest [k], unless it is NULL. */
    void (*quantize)(const float *x, size_t k, int32_t most, uint8_t *codes, cs_qgemm_row *row, float *rest);
    /* The products of rows begin to begin + count of x and outputs first to first + outputs, as `to` says: first is a
     * multiple of CS_PANEL, outputs <= CS_PANEL, count <= CS_PANEL_ROWS. Each is an exact sum, which becomes a float,
     * times its output's scale, times its row's. The panel from output `next` on is what is read after it (`first`, or
     * beyond the last: nothing): it may be called into the cache. */
    void (*multiply)(const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t begin, size_t count, size_t first,
                     size_t outputs, size_t next, const cs_qgemm_output *to);
} cs_qgemm_ops;

/* The best table that needs nothing beside `flags`; NULL when the processor lacks one of them. All give the same
 * bits. */
const cs_qgemm_ops *cs_qgemm_ops_for(cs_cpu_flags flags);
/* The best at cs_cpu_best(). */
const cs_qgemm_ops *cs_qgemm_ops_best(void);

/* Bytes of a quantized row's codes. */
size_t cs_qgemm_stride(size_t k);

/* Quantize x [k] to row i of `rows`. */
void cs_qgemm_quantize_row(const cs_qgemm_ops *ops, const float *x, size_t k, const cs_qgemm_rows *rows, size_t i);
/* Quantize x [m, k] (row stride ldx), spread over `pool` (NULL: this thread). A row's bits depend on that row alone. */
void cs_qgemm_quantize(const float *x, size_t ldx, size_t m, size_t k, const cs_qgemm_rows *rows, cs_pool *pool);

/* Y [m, n] (row stride ldy) = act(X W^T + bias [n]) + residual [m, n] (row stride ldy), as cs_gemm. bias and residual
 * may be NULL; residual may be y. The same bits for any m, any number of threads, on any processor. */
void cs_qgemm(const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t m, const float *bias, cs_activation act,
              const float *residual, float *y, size_t ldy, cs_pool *pool);
/* The same with a table that the caller chooses, for tests and benchmarks. */
void cs_qgemm_with(const cs_qgemm_ops *ops, const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t m,
                   const float *bias, cs_activation act, const float *residual, float *y, size_t ldy, cs_pool *pool);

/* Bytes of the codes of a matrix [n, k]; 0 on overflow. */
size_t cs_qgemm_codes_size(size_t n, size_t k);

/* The greatest code of a row. */
int32_t cs_qgemm_most(bool two_steps);

/* What two neighbours' codes of one sign may add up to, in size, for rows whose greatest code is `most`. */
int32_t cs_qgemm_pair(int32_t most);

/* What the inputs of a matrix are. `side`: pixels, images [k / side^2, side, side] whose neighbours are alike; rounding
 * then spares what a whole region has in common. 0: they are not. `most`: the greatest code of their rows. */
typedef struct cs_qgemm_inputs {
    size_t side;
    int32_t most;
} cs_qgemm_inputs;

/* Quantize strips [first, first + count) of the weights rows [n, k] of `dtype` to codes (of the first of these
 * strips), scales and sums (of their first output). Of a few scales for an output the one with the least squared error
 * is taken. No weight may be NaN or infinite: then false. */
bool cs_qgemm_pack(cs_dtype dtype, const void *rows, size_t n, size_t k, cs_qgemm_inputs inputs, size_t first,
                   size_t count, int8_t *codes, float *scales, int32_t *sums);

#endif
