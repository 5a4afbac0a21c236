/* SPDX-License-Identifier: MIT
 * gemm_tile_lanes.h - sums of products of rows by one strip of packed weights, in the words of lanes_<set>.h. */
#ifndef CS_KERNELS_GEMM_TILE_LANES_H
#define CS_KERNELS_GEMM_TILE_LANES_H

#include "kernels/gemm.h"

/* A strip is WIDTH outputs, packed as [steps, WIDTH]. A tile of TILE rows by WIDTH outputs is 12 accumulators of 16
 * registers, or 24 of 32; with VECTORS registers of weights and one broadcast that leaves one free, or three. */
enum { VECTORS = LANES_REGISTERS / 8, WIDTH = VECTORS * LANES, TILE = 6, AHEAD_LINE = 64 };

/* The places of a strip's vectors that are outputs; `whole`: all of them are, and no mask is needed. */
typedef struct strip_outputs {
    int whole;
    lanes_mask masks[VECTORS];
} strip_outputs;

static inline strip_outputs choose_outputs(size_t outputs)
{
    strip_outputs to = {.whole = outputs >= WIDTH};
    for (size_t v = 0; v < VECTORS; v++)
        to.masks[v] = lanes_first(outputs > v * LANES ? outputs - v * LANES : 0);
    return to;
}

static inline lanes load_sums(const float *y, size_t v, const strip_outputs *to)
{
    return to->whole ? lanes_load(y + v * LANES) : lanes_load_masked(y + v * LANES, to->masks[v]);
}

static inline void store_sums(float *y, size_t v, const strip_outputs *to, lanes sums)
{
    if (to->whole)
        lanes_store(y + v * LANES, sums);
    else
        lanes_store_masked(y + v * LANES, to->masks[v], sums);
}

/* `rows` by WIDTH sums over k steps; `more` goes on from the sums that lie in y. On the way `ahead` is called into the
 * second-level cache, `apart` bytes every `every` steps: the processor's own prefetching ends with each page, and what
 * comes from memory then comes late. */
static inline __attribute__((always_inline)) void tile(size_t rows, const float *x, size_t ldx, size_t k,
                                                       const float *packed, int more, const strip_outputs *outputs,
                                                       const char *ahead, size_t apart, size_t every, float *y,
                                                       size_t ldy)
{
    lanes sums[TILE][VECTORS];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < VECTORS; v++)
            sums[i][v] = more ? load_sums(y + i * ldy, v, outputs) : lanes_zero();
    for (size_t kk = 0; kk < k; kk++, packed += WIDTH) {
        lanes w[VECTORS];
        __builtin_prefetch(ahead + kk / every * apart, 0, 2);
        for (size_t v = 0; v < VECTORS; v++)
            w[v] = lanes_load(packed + v * LANES);
        for (size_t i = 0; i < rows; i++) {
            lanes one = lanes_set(x[i * ldx + kk]);
            for (size_t v = 0; v < VECTORS; v++)
                sums[i][v] = lanes_fma(one, w[v], sums[i][v]);
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < VECTORS; v++)
            store_sums(y + i * ldy, v, outputs, sums[i][v]);
}

/* Spread `ahead` over all steps of m rows by `strips` strips of k inputs, but not more than a line a step. A line in
 * each step would fill the processor's buffers for misses, and the inputs would wait behind them: 10 ms of the 73 to 83
 * that an image took (ViT-B/32, f32, Sapphire Rapids). */
static inline void spread_ahead(cs_gemm_ahead *ahead, size_t m, size_t strips, size_t k)
{
    const size_t steps = (m + TILE - 1) / TILE * strips * k, apart = steps ? ahead->bytes / steps + 1 : 0;
    ahead->apart = apart < AHEAD_LINE ? apart : AHEAD_LINE;
}

/* y [m, outputs of a strip] (+)= x [m, steps] by the strip's steps. What it calls of `ahead` is taken off it. `every`
 * is a constant: 1 when `ahead` is one piece of memory. Else it is a part of each of several rows, and a tile calls one
 * line of each, a row every so many steps. Inlined, because gcc 12 then makes better loops: 3 % of an image. */
static inline __attribute__((always_inline)) void multiply_steps(const float *x, size_t ldx, size_t m, size_t steps,
                                                                 const float *strip, int more, const strip_outputs *to,
                                                                 cs_gemm_ahead *ahead, size_t every, float *y,
                                                                 size_t ldy)
{
    const size_t bytes = every == 1 ? steps * ahead->apart : AHEAD_LINE; /* that a tile calls, of all or of each row */
    /* tiles of nearly equal height: a last one of a single row would wait on its two sums alone */
    for (size_t i = 0, tiles = (m + TILE - 1) / TILE; tiles; tiles--) {
        const size_t rows = (m - i + tiles - 1) / tiles;
        const size_t apart = ahead->bytes >= bytes ? ahead->apart : 0;
        const char *next = apart ? ahead->at : (const char *)strip;
        const float *from = x + i * ldx;
        float *sums = y + i * ldy;
        switch (rows) {
        case 6:
            tile(6, from, ldx, steps, strip, more, to, next, apart, every, sums, ldy);
            break;
        case 5:
            tile(5, from, ldx, steps, strip, more, to, next, apart, every, sums, ldy);
            break;
        case 4:
            tile(4, from, ldx, steps, strip, more, to, next, apart, every, sums, ldy);
            break;
        case 3:
            tile(3, from, ldx, steps, strip, more, to, next, apart, every, sums, ldy);
            break;
        case 2:
            tile(2, from, ldx, steps, strip, more, to, next, apart, every, sums, ldy);
            break;
        default:
            tile(1, from, ldx, steps, strip, more, to, next, apart, every, sums, ldy);
            break;
        }
        if (apart) {
            ahead->at += bytes;
            ahead->bytes -= bytes;
        }
        i += rows;
    }
}

#endif
