/* SPDX-License-Identifier: MIT
 * coarse.c - means of cells, and their correlations. */
#include "duplicates/coarse.h"

#include <math.h>
#include <string.h>

enum { SIDE = CS_COARSE_SIDE, CELLS = CS_COARSE_CELLS, PIXELS = CS_SMALL_SIDE / CS_COARSE_SIDE };

static const float flat_deviation = 1.5F; /* of cells from 0 to 255 */

static float brightness_of(const uint8_t rgb[3])
{
    return 0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2];
}

void cs_coarse_make(const cs_small_image *image, cs_coarse *coarse)
{
    float sum = 0, squares = 0;
    memset(coarse, 0, sizeof *coarse);
    for (size_t y = 0; y < CS_SMALL_SIDE; y++)
        for (size_t x = 0; x < CS_SMALL_SIDE; x++)
            coarse->cells[y / PIXELS * SIDE + x / PIXELS] += brightness_of(image->rgb[y][x]) / (PIXELS * PIXELS);
    for (size_t i = 0; i < CELLS; i++)
        sum += coarse->cells[i];
    for (size_t i = 0; i < CELLS; i++) {
        coarse->cells[i] -= sum / CELLS;
        squares += coarse->cells[i] * coarse->cells[i];
    }
    const float length = sqrtf(squares);
    coarse->flat = length < flat_deviation * SIDE;
    for (size_t i = 0; i < CELLS; i++)
        coarse->cells[i] = coarse->flat ? 0 : coarse->cells[i] / length;
}

void cs_coarse_compare(const cs_coarse *a, const cs_coarse *b, float correlation[CS_ORIENTATIONS])
{
    for (unsigned o = 0; o < CS_ORIENTATIONS; o++) {
        float sum = 0;
        for (size_t y = 0; y < SIDE; y++)
            for (size_t x = 0; x < SIDE; x++) {
                const size_t u = o & 4 ? y : x, v = o & 4 ? x : y;
                const size_t column = o & 1 ? SIDE - 1 - u : u, row = o & 2 ? SIDE - 1 - v : v;
                sum += a->cells[row * SIDE + column] * b->cells[y * SIDE + x];
            }
        correlation[o] = sum;
    }
}
