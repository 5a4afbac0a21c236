/* SPDX-License-Identifier: MIT
 * tile_amx.h - the sums of tile_dots.h by AMX, whose registers are tiles of 16 rows of 64 bytes. AMX_DOT, defined
 * before it, is the instruction: tdpbusd (four 8-bit inputs a group) or tdpbf16ps (two of 16 bits). */
#ifndef CS_KERNELS_TILE_AMX_H
#define CS_KERNELS_TILE_AMX_H

#include "kernels/panels.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Up to 16 rows of 64 bytes meet 16 lines of a strip, which are a tile of weights as they are. The sums of two such row
 * tiles by two strips stay in tiles 0 to 3; 4 and 5 are rows, 6 and 7 weights: four loads for four products. A product
 * takes 16 cycles and a load 8 from the first-level cache. On a Sapphire Rapids such a step takes 20 ns by its products
 * alone, 26 with its loads, 32 to 36 in the whole loop, where part of the rows and weights comes from the second-level
 * cache. A pair of strips is gone through with all rows before the next pair, so that its weights stay in the first
 * level (36 to 44 ns, when all strips meet a pair of rows before the next), of longer rows BLOCK steps at a time; 4, 8
 * and 12 are no faster. */
enum { AMX_ROWS = 16, AMX_BYTES = 64, AMX_LINES = AMX_BYTES / CS_PANEL_GROUP, AMX_TILE = AMX_LINES * CS_PANEL_LINE };
enum { BLOCK = 16 };

/* What ldtilecfg reads (Intel SDM volume 1, 18.3). */
typedef struct amx_shapes {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} amx_shapes;

/* Written here, because the compilers' own functions do not say that they read memory (gcc 12). */
#define AMX_LOAD(tile, from, stride)                                                                                   \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"(from), "r"((size_t)(stride)) : "memory")
#define AMX_STORE(tile, to, stride)                                                                                    \
    __asm__ volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), "r"((size_t)(stride)) : "memory")
#define AMX_ZERO(tile) __asm__ volatile("tilezero %%tmm" #tile ::)
#define AMX_ADD(sum, rows, weights) __asm__ volatile(AMX_DOT " %%tmm" #weights ", %%tmm" #rows ", %%tmm" #sum ::)

/* Tiles for pairs of row tiles of these heights. */
static inline void amx_shape(size_t above, size_t below)
{
    amx_shapes shapes = {.palette = 1};
    for (size_t t = 0; t < 8; t++)
        shapes.bytes[t] = AMX_BYTES;
    shapes.rows[0] = shapes.rows[1] = shapes.rows[4] = (uint8_t)above;
    shapes.rows[2] = shapes.rows[3] = shapes.rows[5] = (uint8_t)(below ? below : above);
    shapes.rows[6] = shapes.rows[7] = AMX_LINES;
    __asm__ volatile("ldtilecfg %0" ::"m"(shapes));
}

/* Where a pair of row tiles and a pair of strips are. */
typedef struct amx_place {
    const uint8_t *above, *below; /* rows, ldx bytes apart */
    const uint8_t *left, *right;  /* weights of the strips */
    uint8_t *sums_above, *sums_below;
    const uint8_t *ahead; /* called into the second-level cache, as many bytes as of `left`; NULL: nothing */
    const uint8_t *ahead_right;
} amx_place;

/* `steps` times 64 bytes of the rows. `more`: go on from the sums that lie there. */
static inline __attribute__((always_inline)) void amx_tiles(int two_rows, int two_strips, size_t ldx, size_t steps,
                                                            int more, const amx_place *at)
{
    const size_t line = CS_PANEL * CS_PANEL_GROUP, next = CS_PANEL_LINE;
    if (more) {
        AMX_LOAD(0, at->sums_above, line);
        if (two_strips)
            AMX_LOAD(1, at->sums_above + next, line);
        if (two_rows)
            AMX_LOAD(2, at->sums_below, line);
        if (two_rows && two_strips)
            AMX_LOAD(3, at->sums_below + next, line);
    } else {
        AMX_ZERO(0);
        AMX_ZERO(1);
        AMX_ZERO(2);
        AMX_ZERO(3);
    }
    for (size_t s = 0; s < steps; s++) {
        const size_t inputs = s * AMX_BYTES, weights = s * AMX_TILE;
        for (size_t l = 0; at->ahead && l < AMX_LINES; l++) {
            __builtin_prefetch(at->ahead + weights + l * CS_PANEL_LINE, 0, 2);
            __builtin_prefetch(at->ahead_right + weights + l * CS_PANEL_LINE, 0, 2);
        }
        AMX_LOAD(6, at->left + weights, CS_PANEL_LINE);
        AMX_LOAD(4, at->above + inputs, ldx);
        AMX_ADD(0, 4, 6);
        if (two_strips) {
            AMX_LOAD(7, at->right + weights, CS_PANEL_LINE);
            AMX_ADD(1, 4, 7);
        }
        if (two_rows) {
            AMX_LOAD(5, at->below + inputs, ldx);
            AMX_ADD(2, 5, 6);
            if (two_strips)
                AMX_ADD(3, 5, 7);
        }
    }
    AMX_STORE(0, at->sums_above, line);
    if (two_strips)
        AMX_STORE(1, at->sums_above + next, line);
    if (two_rows)
        AMX_STORE(2, at->sums_below, line);
    if (two_rows && two_strips)
        AMX_STORE(3, at->sums_below + next, line);
}

static inline void amx_some_tiles(int two_rows, int two_strips, size_t ldx, size_t steps, int more, const amx_place *at)
{
    if (two_rows && two_strips)
        amx_tiles(1, 1, ldx, steps, more, at);
    else if (two_rows)
        amx_tiles(1, 0, ldx, steps, more, at);
    else if (two_strips)
        amx_tiles(0, 1, ldx, steps, more, at);
    else
        amx_tiles(0, 0, ldx, steps, more, at);
}

/* The last groups, fewer than a tile has, with zeros behind them: behind the rows there may be nothing to read, or no
 * numbers. */
static inline void amx_last_groups(size_t above, size_t below, int two_strips, size_t ldx, size_t groups, int more,
                                   const amx_place *from)
{
    _Alignas(64) uint8_t rows[2 * AMX_ROWS * AMX_BYTES] = {0}, weights[2 * AMX_TILE] = {0};
    amx_place at = *from;
    for (size_t i = 0; i < above; i++)
        memcpy(rows + i * AMX_BYTES, from->above + i * ldx, groups * CS_PANEL_GROUP);
    for (size_t i = 0; i < below; i++)
        memcpy(rows + (AMX_ROWS + i) * AMX_BYTES, from->below + i * ldx, groups * CS_PANEL_GROUP);
    memcpy(weights, from->left, groups * CS_PANEL_LINE);
    if (two_strips)
        memcpy(weights + AMX_TILE, from->right, groups * CS_PANEL_LINE);
    at.above = rows;
    at.below = rows + AMX_ROWS * AMX_BYTES;
    at.left = weights;
    at.right = weights + AMX_TILE;
    at.ahead = NULL;
    amx_some_tiles(below > 0, two_strips, AMX_BYTES, 1, more, &at);
}

/* A pair of row tiles: its first row, and the heights. */
typedef struct amx_pair {
    size_t row, above, below;
} amx_pair;

enum { PAIRS = (CS_PANEL_ROWS + 2 * AMX_ROWS - 1) / (2 * AMX_ROWS) };

/* Pairs of nearly equal height, so that they have few shapes: at most two. */
static inline size_t amx_divide(size_t count, amx_pair pairs[PAIRS])
{
    const size_t n = (count + 2 * AMX_ROWS - 1) / (2 * AMX_ROWS);
    for (size_t p = 0, row = 0; p < n; p++) {
        const size_t rows = (count - row + n - p - 1) / (n - p);
        const size_t above = rows > AMX_ROWS ? (rows + 1) / 2 : rows;
        pairs[p] = (amx_pair){.row = row, .above = above, .below = rows - above};
        row += rows;
    }
    return n;
}

/* Some groups of all rows by a pair of strips, or the last one. */
typedef struct amx_block {
    const uint8_t *x; /* the first row's bytes of these groups */
    size_t ldx, steps, left_over;
    const uint8_t *codes; /* of the first strip */
    size_t strip;
    int two_strips, more;
    uint8_t *sums;
} amx_block;

static inline void amx_one_pair(const amx_block *b, const amx_pair *pair, size_t ahead)
{
    const size_t line = CS_PANEL * CS_PANEL_GROUP;
    const uint8_t *rows = b->x + pair->row * b->ldx;
    amx_place at = {.above = rows,
                    .below = rows + pair->above * b->ldx,
                    .left = b->codes,
                    .right = b->codes + b->strip,
                    .sums_above = b->sums + pair->row * line,
                    .sums_below = b->sums + (pair->row + pair->above) * line,
                    .ahead = ahead ? b->codes + ahead : NULL,
                    .ahead_right = b->codes + ahead + (b->two_strips ? b->strip : 0)};
    if (b->steps)
        amx_some_tiles(pair->below > 0, b->two_strips, b->ldx, b->steps, b->more, &at);
    if (!b->left_over)
        return;
    at.above += b->steps * AMX_BYTES;
    at.below += b->steps * AMX_BYTES;
    at.left += b->steps * AMX_TILE;
    at.right += b->steps * AMX_TILE;
    amx_last_groups(pair->above, pair->below, b->two_strips, b->ldx, b->left_over, b->more || b->steps, &at);
}

/* As in tile_dots.h. */
static inline void add_products(const uint8_t *x, size_t ldx, size_t count, size_t groups, const uint8_t *codes,
                                size_t outputs, cs_panel_ahead ahead, void *sums)
{
    const size_t strips = (outputs + CS_PANEL_STRIP - 1) / CS_PANEL_STRIP, strip = groups * CS_PANEL_LINE;
    amx_pair pairs[PAIRS], shape = {0};
    const size_t n = amx_divide(count, pairs);
    for (size_t g = 0; g < groups; g += BLOCK * AMX_LINES) {
        const size_t some = groups - g < BLOCK * AMX_LINES ? groups - g : BLOCK * AMX_LINES;
        for (size_t j = 0; j < strips; j += 2) {
            const amx_block block = {.x = x + g * CS_PANEL_GROUP,
                                     .ldx = ldx,
                                     .steps = some / AMX_LINES,
                                     .left_over = some % AMX_LINES,
                                     .codes = codes + j * strip + g * CS_PANEL_LINE,
                                     .strip = strip,
                                     .two_strips = j + 1 < strips,
                                     .more = g > 0,
                                     .sums = (uint8_t *)sums + j * CS_PANEL_LINE};
            for (size_t p = 0; p < n; p++) {
                if (pairs[p].above != shape.above || pairs[p].below != shape.below)
                    amx_shape(pairs[p].above, pairs[p].below);
                shape = pairs[p];
                amx_one_pair(&block, &pairs[p], p == 0 ? ahead.weights : 0);
            }
        }
    }
    __asm__ volatile("tilerelease"); /* nothing to save at a task switch */
}

#undef AMX_LOAD
#undef AMX_STORE
#undef AMX_ZERO
#undef AMX_ADD

#endif
