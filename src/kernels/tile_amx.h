/* SPDX-License-Identifier: MIT
 * tile_amx.h - the sums of tile_dots.h by AMX, whose registers are tiles of 16 rows of 64 bytes. AMX_DOT, defined
 * before it, is the instruction: tdpbusd (four 8-bit inputs a group) or tdpbf16ps (two of 16 bits). */
#ifndef CS_KERNELS_TILE_AMX_H
#define CS_KERNELS_TILE_AMX_H

#include "kernels/panels.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Up to 16 rows of 64 bytes meet 16 lines of a strip, which are a tile of weights as they are. The sums of two
 * such row tiles by two strips stay in tiles 0 to 3; 4 and 5 are rows, 6 and 7 weights: four loads for four products.
 * A product takes 16 cycles and a load 8 from the first-level cache. On a Sapphire Rapids such a step takes 20
 * ns by its products alone, 26 with its loads, 40 in the whole loop, where rows and weights come from the second-level
 * cache. Of longer rows BLOCK steps at a time are gone through; 4, 8 and 12 are no faster. */
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

/* A pair of row tiles by all strips of a panel. */
typedef struct amx_rows {
    const uint8_t *x;
    size_t ldx, above, below; /* heights */
    uint8_t *sums;
} amx_rows;

/* `steps` whole tiles of each strip, and then `left_over` groups, from `codes` on. */
static inline void amx_all_strips(const amx_rows *rows, const uint8_t *codes, size_t strip, size_t strips, size_t steps,
                                  size_t left_over, size_t ahead, int more)
{
    const size_t line = CS_PANEL * CS_PANEL_GROUP;
    amx_shape(rows->above, rows->below);
    for (size_t j = 0; j < strips; j += 2) {
        const uint8_t *left = codes + j * strip;
        const int two_strips = j + 1 < strips;
        amx_place at = {.above = rows->x,
                        .below = rows->x + rows->above * rows->ldx,
                        .left = left,
                        .right = left + strip,
                        .sums_above = rows->sums + j * CS_PANEL_LINE,
                        .sums_below = rows->sums + rows->above * line + j * CS_PANEL_LINE,
                        .ahead = ahead ? left + ahead : NULL,
                        .ahead_right = left + ahead + (two_strips ? strip : 0)};
        if (steps)
            amx_some_tiles(rows->below > 0, two_strips, rows->ldx, steps, more, &at);
        if (!left_over)
            continue;
        at.above += steps * AMX_BYTES;
        at.below += steps * AMX_BYTES;
        at.left += steps * AMX_TILE;
        at.right += steps * AMX_TILE;
        amx_last_groups(rows->above, rows->below, two_strips, rows->ldx, left_over, more || steps, &at);
    }
}

/* As in tile_dots.h. */
static inline void add_products(const uint8_t *x, size_t ldx, size_t count, size_t groups, const uint8_t *codes,
                                size_t outputs, size_t ahead, void *sums)
{
    const size_t strips = (outputs + CS_PANEL_STRIP - 1) / CS_PANEL_STRIP, strip = groups * CS_PANEL_LINE;
    for (size_t g = 0; g < groups; g += BLOCK * AMX_LINES) {
        const size_t n = groups - g < BLOCK * AMX_LINES ? groups - g : BLOCK * AMX_LINES;
        for (size_t i = 0, tiles = (count + AMX_ROWS - 1) / AMX_ROWS; tiles; tiles -= tiles > 1 ? 2 : 1) {
            amx_rows rows = {.x = x + i * ldx + g * CS_PANEL_GROUP,
                             .ldx = ldx,
                             .above = (count - i + tiles - 1) / tiles, /* tiles of nearly equal height */
                             .sums = (uint8_t *)sums + i * CS_PANEL * CS_PANEL_GROUP};
            rows.below = tiles > 1 ? (count - i - rows.above + tiles - 2) / (tiles - 1) : 0;
            amx_all_strips(&rows, codes + g * CS_PANEL_LINE, strip, strips, n / AMX_LINES, n % AMX_LINES,
                           i == 0 ? ahead : 0, g > 0);
            i += rows.above + rows.below;
        }
    }
    __asm__ volatile("tilerelease"); /* nothing to save at a task switch */
}

#undef AMX_LOAD
#undef AMX_STORE
#undef AMX_ZERO
#undef AMX_ADD

#endif
