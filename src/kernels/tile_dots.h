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

/* The products of `groups` groups of rows by `beside` vectors of sums; `more`: go on from the sums that lie there. On
 * the way a line of `ahead` a group is called into the second-level cache: what the next piece of work reads comes from
 * memory, and the processor's own prefetching ends with each page. */
static inline __attribute__((always_inline)) void tile(size_t rows, size_t beside, const uint8_t *x, size_t ldx,
                                                       size_t groups, const uint8_t *codes, size_t step,
                                                       const uint8_t *ahead, int more, dots_sum *sums)
{
    dots s[DOTS_ROWS][DOTS_BESIDE];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < beside; v++)
            s[i][v] = more ? dots_load(sums + i * CS_PANEL + v * DOTS_LANES) : dots_zero();
    for (size_t g = 0; g < groups; g++, codes += LINE) {
        dots w[DOTS_BESIDE];
        __builtin_prefetch(ahead + g * LINE, 0, 2);
        for (size_t v = 0; v < beside; v++)
            w[v] = dots_load(codes + v * step);
        for (size_t i = 0; i < rows; i++) {
            dots four = dots_spread(x + i * ldx + g * GROUP);
            for (size_t v = 0; v < beside; v++) {
                s[i][v] = dot_group(s[i][v], four, w[v]);
                /* without this gcc 12 calls all rows' inputs into registers first and puts the sums into memory: half
                 * the speed */
                dots_pin(&s[i][v]);
            }
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < beside; v++)
            dots_store(sums + i * CS_PANEL + v * DOTS_LANES, s[i][v]);
}

static inline __attribute__((always_inline)) void some_rows(size_t rows, size_t beside, const uint8_t *x, size_t ldx,
                                                            size_t groups, const uint8_t *codes, size_t step,
                                                            const uint8_t *ahead, int more, dots_sum *sums)
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

/* All rows by the outputs of `beside` vectors that lie `step` bytes apart, in tiles of up to DOTS_ROWS rows. The first
 * tiles call the codes `ahead` bytes further on into the cache, a vector each. */
static inline __attribute__((always_inline)) void all_rows(size_t beside, const uint8_t *x, size_t ldx, size_t count,
                                                           size_t groups, const uint8_t *codes, size_t step,
                                                           size_t ahead, dots_sum *sums)
{
    for (size_t g = 0; g < groups; g += BLOCK) {
        const size_t n = groups - g < BLOCK ? groups - g : BLOCK;
        for (size_t i = 0, tiles = (count + DOTS_ROWS - 1) / DOTS_ROWS, t = 0; tiles; tiles--, t++) {
            const size_t rows = (count - i + tiles - 1) / tiles; /* tiles of nearly equal height */
            const uint8_t *from = codes + g * LINE;
            some_rows(rows, beside, x + i * ldx + g * GROUP, ldx, n, from, step,
                      from + (t < beside ? ahead + t * step : 0), g > 0, sums + i * CS_PANEL);
            i += rows;
        }
    }
}

/* sums [count, CS_PANEL] = rows x [count] (ldx bytes apart, `groups` groups each) times `outputs` <= CS_PANEL outputs,
 * whose strips begin at `codes`; the sums of a strip that is begun are all written. `ahead`: bytes from these codes to
 * those that are read next, as far as they are of the same matrix; or 0. */
static inline __attribute__((always_inline)) void add_products(const uint8_t *x, size_t ldx, size_t count,
                                                               size_t groups, const uint8_t *codes, size_t outputs,
                                                               size_t ahead, void *to)
{
    dots_sum *sums = to;
    const size_t strip = groups * LINE, whole = (size_t)DOTS_BESIDE * DOTS_LANES, apart = dots_apart(strip);
    size_t j = 0;
    for (; j + whole <= outputs || (whole == CS_PANEL_STRIP && j < outputs); j += whole)
        all_rows(DOTS_BESIDE, x, ldx, count, groups, codes + j / CS_PANEL_STRIP * strip, apart, ahead, sums + j);
    for (; whole > CS_PANEL_STRIP && j < outputs; j += CS_PANEL_STRIP)
        all_rows(1, x, ldx, count, groups, codes + j / CS_PANEL_STRIP * strip, apart, ahead, sums + j);
}

#endif
