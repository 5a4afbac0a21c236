/* SPDX-License-Identifier: MIT
 * qgemm_dots.h - the product of qgemm.h over the vocabulary of one dots_<set>.h, which is included before it. */
#ifndef CS_KERNELS_QGEMM_DOTS_H
#define CS_KERNELS_QGEMM_DOTS_H

#include "kernels/qgemm_row.h"

/* A tile of rows by BESIDE vectors of sums stays in registers. K_BLOCK inputs (16 KiB of a strip) are gone through with
 * every row before the next. */
enum { LINE = QGEMM_LINE, K_BLOCK = 1024 };

/* Add `groups` groups of 4 inputs to rows by `beside` vectors of sums. */
static inline __attribute__((always_inline)) void tile(size_t rows, size_t beside, const uint8_t *x, size_t ldx,
                                                       size_t groups, const int8_t *codes, size_t step, int32_t *sums)
{
    dots s[DOTS_ROWS][DOTS_BESIDE];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < beside; v++)
            s[i][v] = dots_load(sums + i * CS_QGEMM_PANEL + v * DOTS_LANES);
    for (size_t g = 0; g < groups; g++, codes += LINE) {
        dots w[DOTS_BESIDE];
        for (size_t v = 0; v < beside; v++)
            w[v] = dots_load(codes + v * step);
        for (size_t i = 0; i < rows; i++) {
            dots four = dots_spread(x + i * ldx + g * CS_QGEMM_GROUP);
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
            dots_store(sums + i * CS_QGEMM_PANEL + v * DOTS_LANES, s[i][v]);
}

static inline __attribute__((always_inline)) void some_rows(size_t rows, size_t beside, const uint8_t *x, size_t ldx,
                                                            size_t groups, const int8_t *codes, size_t step,
                                                            int32_t *sums)
{
    switch (rows) {
    case 1:
        tile(1, beside, x, ldx, groups, codes, step, sums);
        break;
    case 2:
        tile(2, beside, x, ldx, groups, codes, step, sums);
        break;
    case 3:
        tile(3, beside, x, ldx, groups, codes, step, sums);
        break;
    case 4:
        tile(4, beside, x, ldx, groups, codes, step, sums);
        break;
    case 5:
        tile(5, beside, x, ldx, groups, codes, step, sums);
        break;
    default:
        tile(6, beside, x, ldx, groups, codes, step, sums);
        break;
    }
}

/* All rows by the outputs of `beside` vectors that lie `step` bytes apart. */
static inline __attribute__((always_inline)) void all_rows(size_t beside, const uint8_t *x, size_t ldx, size_t count,
                                                           size_t groups, const int8_t *codes, size_t step,
                                                           int32_t *sums)
{
    const size_t block = K_BLOCK / CS_QGEMM_GROUP;
    for (size_t g = 0; g < groups; g += block) {
        const size_t n = groups - g < block ? groups - g : block;
        for (size_t i = 0, tiles = (count + DOTS_ROWS - 1) / DOTS_ROWS; tiles; tiles--) {
            const size_t rows = (count - i + tiles - 1) / tiles; /* tiles of nearly equal height */
            some_rows(rows, beside, x + i * ldx + g * CS_QGEMM_GROUP, ldx, n, codes + g * LINE, step,
                      sums + i * CS_QGEMM_PANEL);
            i += rows;
        }
    }
}

enum {
    ROWS = 96
}; /* rows whose sums (24 KiB) are kept at a time; a strip's codes stay in the first-level cache for all of them */

static void multiply(const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t begin, size_t count, size_t first,
                     size_t outputs, float *y, size_t ldy)
{
    const size_t ldx = cs_qgemm_stride(w->k), groups = ldx / CS_QGEMM_GROUP, strip = groups * LINE;
    const size_t whole = (size_t)DOTS_BESIDE * DOTS_LANES, apart = dots_apart(strip);
    qgemm_columns columns;
    qgemm_forget_columns(&columns);
    for (size_t i = 0; i < count; i += ROWS) {
        _Alignas(64) int32_t sums[ROWS * CS_QGEMM_PANEL] = {0};
        const size_t rows = count - i < ROWS ? count - i : ROWS;
        const uint8_t *from = x->codes + (begin + i) * ldx;
        size_t j = 0;
        for (; j + whole <= outputs || (whole == CS_QGEMM_STRIP && j < outputs); j += whole)
            all_rows(DOTS_BESIDE, from, ldx, rows, groups, w->codes + (first + j) / CS_QGEMM_STRIP * strip, apart,
                     sums + j);
        for (; whole > CS_QGEMM_STRIP && j < outputs; j += CS_QGEMM_STRIP)
            all_rows(1, from, ldx, rows, groups, w->codes + (first + j) / CS_QGEMM_STRIP * strip, apart, sums + j);
        for (size_t r = 0; r < rows; r++)
            qgemm_finish_row(w, &x->rows[begin + i + r], &columns, first, outputs, sums + r * CS_QGEMM_PANEL,
                             y + (i + r) * ldy);
    }
}

static void quantize(const float *x, size_t k, uint8_t *codes, cs_qgemm_row *row)
{
    qgemm_quantize_row(x, k, codes, row);
}

#endif
