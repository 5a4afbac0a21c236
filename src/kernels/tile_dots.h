/* SPDX-License-Identifier: MIT
 * tile_dots.h - sums of products of rows by strips of weights, over the vocabulary of one dots_<set>.h, which is
 * included before it: of four 8-bit inputs a group (qgemm.h), or two of 16 bits (bgemm.h). */
#ifndef CS_KERNELS_TILE_DOTS_H
#define CS_KERNELS_TILE_DOTS_H

#include "kernels/panels.h"

/* GROUP bytes of a row meet a LINE of a strip. A tile of rows by BESIDE
 * vectors of sums stays in registers. BLOCK groups (16 KiB of a strip) are gone through with every row before the
 * next. (Measured with AVX512-VNNI on a Sapphire Rapids: blocks of 64 to 256 groups and tiles of 12 rows by 2 vectors
 * are no faster.) */
enum { GROUP = CS_PANEL_GROUP, LINE = CS_PANEL_LINE, BLOCK = 256 };

/* Memory that is called into the second-level cache, `apart` bytes a group: what the next piece of work reads comes
 * from memory, and the processor's own prefetching ends with each page. Spread over all groups of all tiles: a line in
 * each of the first ones would fill the processor's buffers for misses, and the rows would wait behind them. */
typedef struct tile_ahead {
    const uint8_t *at;
    size_t apart;
} tile_ahead;

/* The products of `groups` groups of rows by `beside` vectors of sums; `more`: go on from the sums that lie there. */
static inline __attribute__((always_inline)) void tile(size_t rows, size_t beside, const uint8_t *x, size_t ldx,
                                                       size_t groups, const uint8_t *codes, size_t step,
                                                       tile_ahead ahead, int more, dots_sum *sums)
{
    dots s[DOTS_ROWS][DOTS_BESIDE];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < beside; v++)
            s[i][v] = more ? dots_load(sums + i * CS_PANEL + v * DOTS_LANES) : dots_zero();
    for (size_t g = 0; g < groups; g++, codes += LINE) {
        __builtin_prefetch(ahead.at, 0, 2);
        ahead.at += ahead.apart;
        for (size_t i = 0; i < rows; i++) {
            dots four = dots_spread(x + i * ldx + g * GROUP);
            /* A sum stays in its register past dots_add, and nothing is moved beyond it: otherwise gcc 12 calls all
             * rows' inputs into registers first and puts the sums into memory, at half the speed. */
            for (size_t v = 0; v < beside; v++)
                dots_add(&s[i][v], four, codes + v * step);
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < beside; v++)
            dots_store(sums + i * CS_PANEL + v * DOTS_LANES, s[i][v]);
}

static inline __attribute__((always_inline)) void some_rows(size_t rows, size_t beside, const uint8_t *x, size_t ldx,
                                                            size_t groups, const uint8_t *codes, size_t step,
                                                            tile_ahead ahead, int more, dots_sum *sums)
{
    switch (rows) {
    case 1:
        tile(1, beside, x, ldx, groups, codes, step, ahead, more, sums);
        break;
    case 2:
        tile(2, beside, x, ldx, groups, codes, step, ahead, more, sums);
        break;
    case 3:
        tile(3, beside, x, ldx, groups, codes, step, ahead, more, sums);
        break;
    case 4:
        tile(4, beside, x, ldx, groups, codes, step, ahead, more, sums);
        break;
    case 5:
        tile(5, beside, x, ldx, groups, codes, step, ahead, more, sums);
        break;
    default:
        tile(6, beside, x, ldx, groups, codes, step, ahead, more, sums);
        break;
    }
}

/* Where the outputs of a tile are written later is called as well: eight images' outputs are too large for the
 * second-level cache. (Zen 3, batch 8: making outputs of sums took 12 % of a product's time, and takes 7.) */
static inline __attribute__((always_inline)) void call_outputs(const float *y, size_t ldy, size_t rows, size_t beside)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < beside * DOTS_LANES; j += CS_PANEL_LINE / sizeof *y)
            __builtin_prefetch(y + i * ldy + j, 0, 2);
}

/* The rows of one call. */
typedef struct tile_rows {
    const uint8_t *x;
    size_t ldx, count, groups;
    const cs_panel_ahead *ahead;
} tile_rows;

/* All rows by the outputs of `beside` vectors from output `first` on, whose weights lie at `codes`, `step` bytes apart,
 * in tiles of up to DOTS_ROWS rows. `ahead` moves on. */
static inline __attribute__((always_inline)) void all_rows(size_t beside, const tile_rows *all, size_t first,
                                                           const uint8_t *codes, size_t step, tile_ahead *ahead,
                                                           dots_sum *sums)
{
    for (size_t g = 0; g < all->groups; g += BLOCK) {
        const size_t n = all->groups - g < BLOCK ? all->groups - g : BLOCK;
        const uint8_t *x = all->x + g * GROUP, *from = codes + g * LINE;
        for (size_t i = 0, tiles = (all->count + DOTS_ROWS - 1) / DOTS_ROWS; tiles; tiles--) {
            const size_t rows = (all->count - i + tiles - 1) / tiles; /* tiles of nearly equal height */
            if (all->ahead->y && g + BLOCK >= all->groups)
                call_outputs(all->ahead->y + i * all->ahead->ldy + first, all->ahead->ldy, rows, beside);
            some_rows(rows, beside, x + i * all->ldx, all->ldx, n, from, step, *ahead, g > 0,
                      sums + i * CS_PANEL + first);
            ahead->at += n * ahead->apart;
            i += rows;
        }
    }
}

/* sums [count, CS_PANEL] = rows x [count] (ldx bytes apart, `groups` groups each) times `outputs` <= CS_PANEL outputs,
 * whose strips begin at `codes`; the sums of a strip that is begun are all written. */
static inline __attribute__((always_inline)) void add_products(const uint8_t *x, size_t ldx, size_t count,
                                                               size_t groups, const uint8_t *codes, size_t outputs,
                                                               cs_panel_ahead ahead, void *sums)
{
    const tile_rows all = {.x = x, .ldx = ldx, .count = count, .groups = groups, .ahead = &ahead};
    const size_t strip = groups * LINE, whole = (size_t)DOTS_BESIDE * DOTS_LANES, apart = dots_apart(strip);
    /* at most a line a group, of as many outputs as these; without anything ahead, what is read now */
    const size_t tiles = (count + DOTS_ROWS - 1) / DOTS_ROWS * ((outputs + whole - 1) / whole);
    const size_t each = (outputs + CS_PANEL_STRIP - 1) / CS_PANEL_STRIP * LINE / (tiles ? tiles : 1) + 1;
    tile_ahead next = {codes + ahead.weights, ahead.weights == 0 ? 0 : each < LINE ? each : LINE};
    size_t j = 0;
    for (; j + whole <= outputs || (whole == CS_PANEL_STRIP && j < outputs); j += whole)
        all_rows(DOTS_BESIDE, &all, j, codes + j / CS_PANEL_STRIP * strip, apart, &next, sums);
    for (; whole > CS_PANEL_STRIP && j < outputs; j += CS_PANEL_STRIP)
        all_rows(1, &all, j, codes + j / CS_PANEL_STRIP * strip, apart, &next, sums);
}

#endif
