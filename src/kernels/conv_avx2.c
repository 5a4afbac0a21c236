/* SPDX-License-Identifier: MIT
 * conv_avx2.c - rows of runs times a panel in 256-bit registers; the same bits as conv_avx512.c. */
#include "kernels/conv_impl.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* A tile is 12 accumulators: 6 rows by 2 vectors, or 12 by 1 where a last strip is half empty; with 2 registers of
 * weights and one broadcast that leaves one of the 16 free. About K_BLOCK steps of a strip (16 KiB) are gone through
 * with every row before the next. */
enum { LANES = 8, VECTORS = 2, STRIP = VECTORS * LANES, TALLEST = 12, K_BLOCK = 1024 };

/* Steps of K that are gone through together: whole runs, or a part of one. */
typedef struct k_block {
    size_t first_run, runs, begin, length; /* `length` floats of each run from `begin` on */
    const float *packed;
    size_t output;  /* the strip's first */
    int more, last; /* go on from the sums so far; these are the last steps */
} k_block;

/* Sums so far. */
typedef float partial_sums[CS_CONV_ROWS][STRIP];

/* All bits set in the first n lanes. */
static inline __m256i first_lanes(size_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}

/* Vector v of a row, or its first lanes when the outputs end within. Whole vectors go without a mask: masked stores are
 * slow on AMD processors (see act_avx2.c). */
static inline __m256 load_outputs(const float *row, size_t v, size_t outputs)
{
    return outputs >= (v + 1) * LANES ? _mm256_loadu_ps(row + v * LANES)
                                      : _mm256_maskload_ps(row + v * LANES, first_lanes(outputs - v * LANES));
}

static inline void store_outputs(float *row, size_t v, size_t outputs, __m256 y)
{
    if (outputs >= (v + 1) * LANES)
        _mm256_storeu_ps(row + v * LANES, y);
    else
        _mm256_maskstore_ps(row + v * LANES, first_lanes(outputs - v * LANES), y);
}

/* The strip's outputs of `rows` rows from `row` on, finished. Loops small enough that the compiler takes each apart,
 * which keeps the sums in registers. */
static inline __attribute__((always_inline)) void finish(const cs_conv_call *call, size_t output, size_t row,
                                                         size_t rows, size_t vectors, __m256 sums[TALLEST][VECTORS])
{
    const __m256 low = _mm256_set1_ps(call->low), high = _mm256_set1_ps(call->high);
    const size_t outputs = call->outputs - output;
    const float *residual = call->residual;
    if (residual) {
        residual += row * call->ldy + output;
        for (size_t i = 0; i < rows; i++, residual += call->ldy)
            for (size_t v = 0; v < vectors; v++)
                sums[i][v] = _mm256_add_ps(sums[i][v], load_outputs(residual, v, outputs));
    }
    /* the second operand comes out when one is NaN */
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vectors; v++)
            sums[i][v] = _mm256_min_ps(high, _mm256_max_ps(low, sums[i][v]));
    float *y = call->y + row * call->ldy + output;
    for (size_t i = 0; i < rows; i++, y += call->ldy)
        for (size_t v = 0; v < vectors; v++)
            store_outputs(y, v, outputs, sums[i][v]);
}

static inline __attribute__((always_inline)) void add_step(size_t rows, size_t vectors, const float *const x[TALLEST],
                                                           size_t k, const float *packed, __m256 sums[TALLEST][VECTORS])
{
    __m256 w[VECTORS];
    for (size_t v = 0; v < vectors; v++)
        w[v] = _mm256_loadu_ps(packed + v * LANES);
    for (size_t i = 0; i < rows; i++) {
        __m256 one = _mm256_broadcast_ss(x[i] + k);
        for (size_t v = 0; v < vectors; v++)
            sums[i][v] = _mm256_fmadd_ps(one, w[v], sums[i][v]);
    }
}

static inline __attribute__((always_inline)) void tile(const cs_conv_call *call, const k_block *block, size_t row,
                                                       size_t rows, size_t vectors, partial_sums partial)
{
    __m256 sums[TALLEST][VECTORS];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vectors; v++)
            sums[i][v] = _mm256_loadu_ps((block->more ? partial[row + i] : call->bias + block->output) + v * LANES);
    const float *packed = block->packed;
    for (size_t r = block->first_run; r < block->first_run + block->runs; r++) {
        const float *x[TALLEST];
        for (size_t i = 0; i < rows; i++)
            x[i] = call->starts[r * call->rows + row + i] + block->begin;
        size_t k = 0;
        for (; k + 2 <= block->length; k += 2, packed += 2 * vectors * LANES) {
            add_step(rows, vectors, x, k, packed, sums);
            add_step(rows, vectors, x, k + 1, packed + vectors * LANES, sums);
        }
        if (k < block->length) {
            add_step(rows, vectors, x, k, packed, sums);
            packed += vectors * LANES;
        }
    }
    if (block->last) {
        finish(call, block->output, row, rows, vectors, sums);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vectors; v++)
            _mm256_storeu_ps(partial[row + i] + v * LANES, sums[i][v]);
}

/* All rows of the call through one block, in tiles of nearly equal height: one of a single row would wait on its own
 * few sums alone. */
#define TILE(n, vectors)                                                                                               \
    case n:                                                                                                            \
        tile(call, block, row, n, vectors, partial);                                                                   \
        break;

static void rows_2(const cs_conv_call *call, const k_block *block, partial_sums partial)
{
    for (size_t row = 0, tiles = (call->rows + 5) / 6; tiles; tiles--) {
        const size_t rows = (call->rows - row + tiles - 1) / tiles;
        switch (rows) {
            TILE(6, 2)
            TILE(5, 2)
            TILE(4, 2)
            TILE(3, 2)
            TILE(2, 2)
            TILE(1, 2)
        }
        row += rows;
    }
}

static void rows_1(const cs_conv_call *call, const k_block *block, partial_sums partial)
{
    for (size_t row = 0; row < call->rows;) {
        const size_t left = call->rows - row, rows = left >= 12 ? 12 : left >= 6 ? 6 : left >= 3 ? 3 : 1;
        switch (rows) {
            TILE(12, 1)
            TILE(6, 1)
            TILE(3, 1)
            TILE(1, 1)
        }
        row += rows;
    }
}

static void strip(const cs_conv_call *call, size_t output)
{
    _Alignas(32) partial_sums partial;
    const size_t vectors = call->outputs - output > LANES ? 2 : 1, k = call->runs * call->run;
    /* parts of one run, nearly equal; or that many whole runs */
    const size_t parts = (call->run + K_BLOCK - 1) / K_BLOCK, part = (call->run + parts - 1) / parts;
    const size_t runs = parts > 1 ? 1 : K_BLOCK / call->run;
    k_block block = {.packed = call->packed + output * k, .output = output};
    for (size_t done = 0; done < k;) {
        block.length = call->run - block.begin < part ? call->run - block.begin : part;
        block.runs = call->runs - block.first_run < runs ? call->runs - block.first_run : runs;
        const size_t steps = block.runs * block.length;
        block.more = done > 0;
        done += steps;
        block.last = done == k;
        if (vectors == 2)
            rows_2(call, &block, partial);
        else
            rows_1(call, &block, partial);
        block.packed += steps * vectors * LANES;
        block.begin += block.length;
        if (block.begin == call->run) {
            block.begin = 0;
            block.first_run += block.runs;
        }
    }
}

static void multiply(const cs_conv_call *call)
{
    for (size_t output = 0; output < call->outputs; output += STRIP)
        strip(call, output);
}

const cs_conv_ops cs_conv_ops_avx2 = {.name = "conv avx2", .strip = STRIP, .lanes = LANES, .multiply = multiply};
