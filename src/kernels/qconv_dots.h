/* SPDX-License-Identifier: MIT
 * qconv_dots.h - the product of qconv.h over the vocabularies of one dots_<set>.h and one lanes_<set>.h, with as many
 * lanes, which are included before it. */
#ifndef CS_KERNELS_QCONV_DOTS_H
#define CS_KERNELS_QCONV_DOTS_H

#include "kernels/qconv_lanes.h"

/* A line has the weights of a strip for one group of inputs. A tile of rows by BESIDE vectors of sums stays in
 * registers. About BLOCK lines of each strip are gone through with every row before the next: 128 KiB of a panel, which
 * stay in the second-level cache. */
enum { LINE = CS_QCONV_STRIP * CS_QCONV_GROUP, BLOCK = 512, TALLEST = 12 };

/* Bytes of K that are gone through together: whole runs, or a part of one. */
typedef struct k_block {
    size_t first_run, runs, begin, length; /* `length` bytes of each run from `begin` on */
    const uint8_t *codes;
    size_t output;  /* the first of the strips beside each other */
    size_t step;    /* bytes from one vector of weights to the next beside it */
    int more, last; /* go on from the sums so far; these are the last */
} k_block;

static inline __attribute__((always_inline)) void tile(const cs_qconv_call *call, const k_block *block, size_t row,
                                                       size_t rows, size_t beside, partial_sums sums)
{
    dots s[TALLEST][DOTS_BESIDE];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < beside; v++)
            s[i][v] = block->more ? dots_load(sums[row + i] + v * DOTS_LANES) : dots_zero();
    const uint8_t *codes = block->codes;
    for (size_t r = block->first_run; r < block->first_run + block->runs; r++) {
        const uint8_t *x[TALLEST];
        for (size_t i = 0; i < rows; i++)
            x[i] = call->starts[r * call->rows + row + i] + block->begin;
        for (size_t g = 0; g < block->length; g += CS_QCONV_GROUP, codes += LINE) {
            for (size_t i = 0; i < rows; i++) {
                dots four = dots_spread(x[i] + g);
                for (size_t v = 0; v < beside; v++)
                    dots_add(&s[i][v], four, codes + v * block->step);
            }
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < beside; v++)
            dots_store(sums[row + i] + v * DOTS_LANES, s[i][v]);
}

/* All rows through one block, in tiles of nearly equal height, at most `tallest`. */
#define TILE(n)                                                                                                        \
    case n:                                                                                                            \
        if (n <= tallest)                                                                                              \
            tile(call, block, row, n, beside, sums);                                                                   \
        break;

static inline __attribute__((always_inline)) void all_rows(const cs_qconv_call *call, const k_block *block,
                                                           size_t beside, size_t tallest, partial_sums sums)
{
    for (size_t row = 0, tiles = (call->rows + tallest - 1) / tallest; tiles; tiles--) {
        const size_t rows = (call->rows - row + tiles - 1) / tiles;
        switch (rows) {
            TILE(12)
            TILE(11)
            TILE(10)
            TILE(9)
            TILE(8)
            TILE(7)
            TILE(6)
            TILE(5)
            TILE(4)
            TILE(3)
            TILE(2)
            TILE(1)
        }
        if (block->last)
            finish(call, block->output, row, rows, beside, sums);
        row += rows;
    }
}

/* Functions of their own, so that a compiler finds registers for each alone. Fewer vectors beside each other have
 * higher tiles: a sum is added to once in so many instructions as there are sums. */
static void rows_4(const cs_qconv_call *call, const k_block *block, partial_sums sums)
{
    all_rows(call, block, 4, 6, sums);
}

static void rows_3(const cs_qconv_call *call, const k_block *block, partial_sums sums)
{
    all_rows(call, block, 3, 8, sums);
}

static void rows_2(const cs_qconv_call *call, const k_block *block, partial_sums sums)
{
    all_rows(call, block, 2, DOTS_BESIDE == 2 ? 6 : TALLEST, sums);
}

static void rows_1(const cs_qconv_call *call, const k_block *block, partial_sums sums)
{
    all_rows(call, block, 1, TALLEST, sums);
}

/* The strips of `beside` vectors of sums from `output` on. */
static void strips(const cs_qconv_call *call, size_t output, size_t beside)
{
    _Alignas(64) partial_sums sums;
    const size_t k = call->runs * call->run, block_bytes = BLOCK * CS_QCONV_GROUP;
    const size_t strip = k * CS_QCONV_STRIP;
    /* parts of one run, or that many whole runs */
    const size_t runs = call->run > block_bytes ? 1 : block_bytes / call->run;
    k_block block = {.codes = (const uint8_t *)call->codes + output / CS_QCONV_STRIP * strip,
                     .output = output,
                     .step = dots_apart(strip)};
    for (size_t done = 0; done < k;) {
        block.length = call->run - block.begin < block_bytes ? call->run - block.begin : block_bytes;
        block.runs = call->runs - block.first_run < runs ? call->runs - block.first_run : runs;
        block.more = done > 0;
        done += block.runs * block.length;
        block.last = done == k;
        if (DOTS_BESIDE == 4 && beside == 4)
            rows_4(call, &block, sums);
        else if (DOTS_BESIDE == 4 && beside == 3)
            rows_3(call, &block, sums);
        else if (beside == 2)
            rows_2(call, &block, sums);
        else
            rows_1(call, &block, sums);
        block.codes += block.runs * block.length / CS_QCONV_GROUP * LINE;
        block.begin += block.length;
        if (block.begin == call->run) {
            block.begin = 0;
            block.first_run += block.runs;
        }
    }
}

static void multiply(const cs_qconv_call *call)
{
    for (size_t output = 0; output < call->outputs; output += BESIDE_OUTPUTS) {
        /* of one strip two halves are beside each other, and both are there */
        const size_t left = call->outputs - output, rest = (left + CS_QCONV_STRIP - 1) / CS_QCONV_STRIP;
        strips(call, output, left < BESIDE_OUTPUTS && BESIDE_OUTPUTS > (int)CS_QCONV_STRIP ? rest : DOTS_BESIDE);
    }
}

#endif
