/* SPDX-License-Identifier: MIT
 * conv_lanes.h - rows of runs times a panel, in the words of lanes_<set>.h. */
#include "kernels/conv_impl.h"

/* Of 16 registers a tile has 12 accumulators, 6 rows by 2 vectors; of 32 it has 24, 6 by 4 or 8 by 3. With a register
 * of weights for each vector and one broadcast that nearly fills them. Where a last strip has one or two vectors a tile
 * has 8 rows: for more there are not enough general registers for where they begin (32 channels to 16 at 112 x 112,
 * Zen 4: 0.21 ms with 16 rows, 0.15 with 8). About CONV_STEPS steps of a strip are gone through with every row before
 * the next. */
enum { VECTORS = LANES_REGISTERS / 8, STRIP = VECTORS * LANES, TALLEST = 8 };

/* Steps of K that are gone through together: whole runs, or a part of one. */
typedef struct k_block {
    size_t first_run, runs, begin, length; /* `length` floats of each run from `begin` on */
    const float *packed;
    size_t output;  /* the strip's first */
    int more, last; /* go on from the sums so far; these are the last steps */
} k_block;

enum { LINE = 64 /* bytes of a cache line */, UNIT = 6 /* rows of a tile of whole strips */ };

/* What is left to prefetch, `each` lines in two steps: the processor's own prefetching ends with each page, and what
 * comes from memory then comes late. */
typedef struct lines_ahead {
    uintptr_t at; /* a number: it may lead past the weights' end */
    size_t count, each;
} lines_ahead;

/* Sums so far. */
typedef float partial_sums[CS_CONV_ROWS][STRIP];

/* Vector v of `vectors` of a row; the last one may end within. */
static inline lanes load_outputs(const float *row, size_t v, size_t vectors, size_t outputs)
{
    return v + 1 < vectors ? lanes_load(row + v * LANES) : lanes_load_first(row + v * LANES, outputs - v * LANES);
}

static inline void store_outputs(float *row, size_t v, size_t vectors, size_t outputs, lanes y)
{
    if (v + 1 < vectors)
        lanes_store(row + v * LANES, y);
    else
        lanes_store_first(row + v * LANES, outputs - v * LANES, y);
}

/* The strip's outputs of `rows` rows from `row` on, finished. Loops small enough that the compiler takes each apart,
 * which keeps the sums in registers. */
static inline __attribute__((always_inline)) void finish(const cs_conv_call *call, size_t output, size_t row,
                                                         size_t rows, size_t vectors, lanes sums[TALLEST][VECTORS])
{
    const lanes low = lanes_set(call->low), high = lanes_set(call->high);
    const size_t outputs = call->outputs - output;
    const float *residual = call->residual;
    if (residual) {
        residual += row * call->ldy + output;
        for (size_t i = 0; i < rows; i++, residual += call->ldy)
            for (size_t v = 0; v < vectors; v++)
                sums[i][v] = lanes_add(sums[i][v], load_outputs(residual, v, vectors, outputs));
    }
    /* the second operand comes out when one is NaN */
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vectors; v++)
            sums[i][v] = lanes_min(high, lanes_max(low, sums[i][v]));
    float *y = call->y + row * call->ldy + output;
    for (size_t i = 0; i < rows; i++, y += call->ldy)
        for (size_t v = 0; v < vectors; v++)
            store_outputs(y, v, vectors, outputs, sums[i][v]);
}

static inline __attribute__((always_inline)) void add_step(size_t rows, size_t vectors, const float *const x[TALLEST],
                                                           size_t k, const float *packed, lanes sums[TALLEST][VECTORS])
{
    lanes w[VECTORS];
    for (size_t v = 0; v < vectors; v++)
        w[v] = lanes_load(packed + v * LANES);
    for (size_t i = 0; i < rows; i++) {
        lanes one = lanes_set(x[i][k]);
        for (size_t v = 0; v < vectors; v++)
            sums[i][v] = lanes_fma(one, w[v], sums[i][v]);
    }
}

static inline __attribute__((always_inline)) void tile(const cs_conv_call *call, const k_block *block, size_t row,
                                                       size_t rows, size_t vectors, partial_sums partial,
                                                       lines_ahead *ahead)
{
    lanes sums[TALLEST][VECTORS];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vectors; v++)
            sums[i][v] = lanes_load((block->more ? partial[row + i] : call->bias + block->output) + v * LANES);
    if (LANES == 16 && block->last) /* a strip's outputs are whole cache lines */
        for (size_t i = 0; i < rows; i++)
            for (size_t v = 0; v < vectors; v++) {
                const size_t at = (row + i) * call->ldy + block->output + v * LANES;
                __builtin_prefetch(call->y + at, 1);
                if (call->residual)
                    __builtin_prefetch(call->residual + at);
            }
    const float *packed = block->packed;
    const size_t lines = block->runs * (block->length / 2) * ahead->each,
                 each = ahead->count >= lines ? ahead->each : 0;
    uintptr_t next = ahead->at;
    for (size_t r = block->first_run; r < block->first_run + block->runs; r++) {
        const float *x[TALLEST];
        for (size_t i = 0; i < rows; i++)
            x[i] = call->starts[r * call->rows + row + i] + block->begin;
        size_t k = 0;
        for (; k + 2 <= block->length; k += 2, packed += 2 * vectors * LANES) {
            for (size_t i = 0; i < each; i++, next += LINE)
                __builtin_prefetch((const char *)next, 0, 2);
            add_step(rows, vectors, x, k, packed, sums);
            add_step(rows, vectors, x, k + 1, packed + vectors * LANES, sums);
        }
        if (k < block->length) {
            add_step(rows, vectors, x, k, packed, sums);
            packed += vectors * LANES;
        }
    }
    ahead->at = next;
    if (each)
        ahead->count -= lines;
    if (block->last) {
        finish(call, block->output, row, rows, vectors, sums);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vectors; v++)
            lanes_store(partial[row + i] + v * LANES, sums[i][v]);
}

/* All rows of the call through one block, in tiles of nearly equal height, at most `tallest`: one of a single row would
 * wait on its own few sums alone. */
#define TILE(n)                                                                                                        \
    case n:                                                                                                            \
        if (n <= tallest)                                                                                              \
            tile(call, block, row, n, vectors, partial, ahead);                                                        \
        break;

static inline __attribute__((always_inline)) void equal_rows(const cs_conv_call *call, const k_block *block,
                                                             size_t vectors, size_t tallest, partial_sums partial,
                                                             lines_ahead *ahead)
{
    for (size_t row = 0, tiles = (call->rows + tallest - 1) / tallest; tiles; tiles--) {
        const size_t rows = (call->rows - row + tiles - 1) / tiles;
        switch (rows) {
            TILE(8)
            TILE(7)
            TILE(6)
            TILE(5)
            TILE(4)
            TILE(3)
            TILE(2)
            TILE(1)
        }
        row += rows;
    }
}

static void rows_4(const cs_conv_call *call, const k_block *block, partial_sums partial, lines_ahead *ahead)
{
    equal_rows(call, block, 4, UNIT, partial, ahead);
}

static void rows_3(const cs_conv_call *call, const k_block *block, partial_sums partial, lines_ahead *ahead)
{
    equal_rows(call, block, 3, 8, partial, ahead);
}

static void rows_2(const cs_conv_call *call, const k_block *block, partial_sums partial, lines_ahead *ahead)
{
    equal_rows(call, block, 2, VECTORS == 2 ? UNIT : TALLEST, partial, ahead);
}

static void rows_1(const cs_conv_call *call, const k_block *block, partial_sums partial, lines_ahead *ahead)
{
    equal_rows(call, block, 1, TALLEST, partial, ahead);
}

static void strip(const cs_conv_call *call, size_t output, lines_ahead *ahead)
{
    _Alignas(64) partial_sums partial;
    const size_t left = call->outputs - output, k = call->runs * call->run;
    const size_t vectors = left < STRIP ? (left + LANES - 1) / LANES : VECTORS;
    /* parts of one run, nearly equal; or that many whole runs */
    const size_t parts = (call->run + CONV_STEPS - 1) / CONV_STEPS, part = (call->run + parts - 1) / parts;
    const size_t runs = parts > 1 ? 1 : CONV_STEPS / call->run;
    k_block block = {.packed = call->packed + output * k, .output = output};
    for (size_t done = 0; done < k;) {
        block.length = call->run - block.begin < part ? call->run - block.begin : part;
        block.runs = call->runs - block.first_run < runs ? call->runs - block.first_run : runs;
        const size_t steps = block.runs * block.length;
        block.more = done > 0;
        done += steps;
        block.last = done == k;
        if (VECTORS == 4 && vectors == 4)
            rows_4(call, &block, partial, ahead);
        else if (VECTORS == 4 && vectors == 3)
            rows_3(call, &block, partial, ahead);
        else if (vectors == 2)
            rows_2(call, &block, partial, ahead);
        else
            rows_1(call, &block, partial, ahead);
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
    const size_t strips = (call->outputs + STRIP - 1) / STRIP, tiles = (call->rows + UNIT - 1) / UNIT;
    const size_t pairs = strips * tiles * call->runs * (call->run / 2);
    lines_ahead ahead = {(uintptr_t)call->next, call->next_floats * sizeof(float) / LINE, 0};
    ahead.each = pairs ? (ahead.count + pairs - 1) / pairs : 0;
    for (size_t output = 0; output < call->outputs; output += STRIP)
        strip(call, output, &ahead);
}
