/* SPDX-License-Identifier: MIT
 * conv_avx512.c - rows of runs times a panel in 512-bit registers. */
#include "kernels/conv_impl.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* A strip is a whole panel. Up to 24 accumulators: 6 rows by 4 vectors, and higher tiles where a last panel has fewer
 * vectors; with 4 registers of weights and one broadcast that nearly fills the 32 there are. About K_BLOCK steps of the
 * panel (32 KiB) are gone through with every row before the next. */
enum { LANES = 16, VECTORS = CS_CONV_PANEL / LANES, TALLEST = 16, K_BLOCK = 768 };

/* Steps of K that are gone through together: whole runs, or a part of one. */
typedef struct k_block {
    size_t first_run, runs, begin, length; /* `length` floats of each run from `begin` on */
    const float *packed;
    int more, last; /* go on from the sums so far; these are the last steps */
} k_block;

/* Sums so far, [CS_CONV_ROWS, CS_CONV_PANEL]. */
typedef float partial_sums[CS_CONV_ROWS][CS_CONV_PANEL];

static inline __mmask16 first_lanes(size_t n)
{
    return (__mmask16)(n >= LANES ? 0xffff : (1u << n) - 1);
}

/* The outputs of `rows` rows from `row` on, finished. Loops small enough that the compiler takes each apart, which
 * keeps the sums in registers. */
static inline __attribute__((always_inline)) void finish(const cs_conv_call *call, size_t row, size_t rows,
                                                         size_t vectors, __m512 sums[TALLEST][VECTORS])
{
    const __m512 low = _mm512_set1_ps(call->low), high = _mm512_set1_ps(call->high);
    const __mmask16 last = first_lanes(call->outputs - (vectors - 1) * LANES);
    const float *residual = call->residual;
    if (residual) {
        residual += row * call->ldy;
        for (size_t i = 0; i < rows; i++, residual += call->ldy) {
            for (size_t v = 0; v + 1 < vectors; v++)
                sums[i][v] = _mm512_add_ps(sums[i][v], _mm512_loadu_ps(residual + v * LANES));
            sums[i][vectors - 1] =
                _mm512_add_ps(sums[i][vectors - 1], _mm512_maskz_loadu_ps(last, residual + (vectors - 1) * LANES));
        }
    }
    /* the second operand comes out when one is NaN */
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vectors; v++)
            sums[i][v] = _mm512_min_ps(high, _mm512_max_ps(low, sums[i][v]));
    float *y = call->y + row * call->ldy;
    for (size_t i = 0; i < rows; i++, y += call->ldy) {
        for (size_t v = 0; v + 1 < vectors; v++)
            _mm512_storeu_ps(y + v * LANES, sums[i][v]);
        _mm512_mask_storeu_ps(y + (vectors - 1) * LANES, last, sums[i][vectors - 1]);
    }
}

static inline __attribute__((always_inline)) void add_step(size_t rows, size_t vectors, const float *const x[TALLEST],
                                                           size_t k, const float *packed, __m512 sums[TALLEST][VECTORS])
{
    __m512 w[VECTORS];
    for (size_t v = 0; v < vectors; v++)
        w[v] = _mm512_loadu_ps(packed + v * LANES);
    for (size_t i = 0; i < rows; i++) {
        __m512 one = _mm512_set1_ps(x[i][k]);
        for (size_t v = 0; v < vectors; v++)
            sums[i][v] = _mm512_fmadd_ps(one, w[v], sums[i][v]);
    }
}

static inline __attribute__((always_inline)) void tile(const cs_conv_call *call, const k_block *block, size_t row,
                                                       size_t rows, size_t vectors, partial_sums partial)
{
    __m512 sums[TALLEST][VECTORS];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vectors; v++)
            sums[i][v] = _mm512_loadu_ps((block->more ? partial[row + i] : call->bias) + v * LANES);
    if (block->last)
        for (size_t i = 0; i < rows; i++)
            for (size_t v = 0; v < vectors; v++) {
                __builtin_prefetch(call->y + (row + i) * call->ldy + v * LANES, 1);
                if (call->residual)
                    _mm_prefetch((const char *)(call->residual + (row + i) * call->ldy + v * LANES), _MM_HINT_T0);
            }
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
        finish(call, row, rows, vectors, sums);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vectors; v++)
            _mm512_storeu_ps(partial[row + i] + v * LANES, sums[i][v]);
}

/* All rows of the call through one block, in tiles of nearly equal height: one of a single row would wait on its own
 * few sums alone. */
#define TILE(n, vectors)                                                                                               \
    case n:                                                                                                            \
        tile(call, block, row, n, vectors, partial);                                                                   \
        break;

static void rows_4(const cs_conv_call *call, const k_block *block, partial_sums partial)
{
    for (size_t row = 0, tiles = (call->rows + 5) / 6; tiles; tiles--) {
        const size_t rows = (call->rows - row + tiles - 1) / tiles;
        switch (rows) {
            TILE(6, 4)
            TILE(5, 4)
            TILE(4, 4)
            TILE(3, 4)
            TILE(2, 4)
            TILE(1, 4)
        }
        row += rows;
    }
}

static void rows_3(const cs_conv_call *call, const k_block *block, partial_sums partial)
{
    for (size_t row = 0, tiles = (call->rows + 7) / 8; tiles; tiles--) {
        const size_t rows = (call->rows - row + tiles - 1) / tiles;
        switch (rows) {
            TILE(8, 3)
            TILE(7, 3)
            TILE(6, 3)
            TILE(5, 3)
            TILE(4, 3)
            TILE(3, 3)
            TILE(2, 3)
            TILE(1, 3)
        }
        row += rows;
    }
}

static void rows_2(const cs_conv_call *call, const k_block *block, partial_sums partial)
{
    for (size_t row = 0; row < call->rows;) {
        const size_t left = call->rows - row, rows = left >= 12 ? 12 : left >= 6 ? 6 : left >= 3 ? 3 : 1;
        switch (rows) {
            TILE(12, 2)
            TILE(6, 2)
            TILE(3, 2)
            TILE(1, 2)
        }
        row += rows;
    }
}

static void rows_1(const cs_conv_call *call, const k_block *block, partial_sums partial)
{
    for (size_t row = 0; row < call->rows;) {
        const size_t left = call->rows - row, rows = left >= 16 ? 16 : left >= 8 ? 8 : left >= 4 ? 4 : 1;
        switch (rows) {
            TILE(16, 1)
            TILE(8, 1)
            TILE(4, 1)
            TILE(1, 1)
        }
        row += rows;
    }
}

static void multiply(const cs_conv_call *call)
{
    _Alignas(64) partial_sums partial;
    const size_t vectors = (call->outputs + LANES - 1) / LANES, k = call->runs * call->run;
    /* parts of one run, nearly equal; or that many whole runs */
    const size_t parts = (call->run + K_BLOCK - 1) / K_BLOCK, part = (call->run + parts - 1) / parts;
    const size_t runs = parts > 1 ? 1 : K_BLOCK / call->run;
    k_block block = {.packed = call->packed};
    for (size_t done = 0; done < k;) {
        block.length = call->run - block.begin < part ? call->run - block.begin : part;
        block.runs = call->runs - block.first_run < runs ? call->runs - block.first_run : runs;
        const size_t steps = block.runs * block.length;
        block.more = done > 0;
        done += steps;
        block.last = done == k;
        if (vectors == 4)
            rows_4(call, &block, partial);
        else if (vectors == 3)
            rows_3(call, &block, partial);
        else if (vectors == 2)
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

const cs_conv_ops cs_conv_ops_avx512 = {
    .name = "conv avx512", .strip = CS_CONV_PANEL, .lanes = LANES, .multiply = multiply};
