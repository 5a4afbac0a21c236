/* SPDX-License-Identifier: MIT
 * winograd_c.c - the transforms of F(4x4, 3x3), the plain reference. */
#include "kernels/winograd_impl.h"

#include <assert.h>

enum { LANES = 8, TILE = CS_WINOGRAD_TILE, SIDE = CS_WINOGRAD_SIDE };

/* G g without its fractions; a row of numbers `step` floats apart to others `to_step` apart. */
static void transform_weights(const float *g, size_t step, float *u, size_t to_step)
{
    const float ends = g[0] + g[2 * step], wide = 4 * g[2 * step] + g[0];
    u[0] = g[0];
    u[to_step] = ends + g[step];
    u[2 * to_step] = ends - g[step];
    u[3 * to_step] = wide + 2 * g[step];
    u[4 * to_step] = wide - 2 * g[step];
    u[5 * to_step] = g[2 * step];
}

/* B^T d */
static void transform_input(const float d[SIDE], float *v, size_t to_step)
{
    const float even = d[4] - d[2], odd = d[3] - d[1], even4 = d[4] - 4 * d[2], odd4 = d[3] - 4 * d[1];
    v[0] = 4 * (d[0] - d[2]) + even;
    v[to_step] = even4 + odd4;
    v[2 * to_step] = even4 - odd4;
    v[3 * to_step] = even + 2 * odd;
    v[4 * to_step] = even - 2 * odd;
    v[5 * to_step] = (d[5] - d[3]) - 4 * odd;
}

/* A^T m */
static void transform_output(const float m[SIDE], float *y, size_t to_step)
{
    const float sum1 = m[1] + m[2], sum2 = m[3] + m[4], rest1 = m[1] - m[2], rest2 = m[3] - m[4];
    y[0] = (m[0] + sum1) + sum2;
    y[to_step] = rest1 + 2 * rest2;
    y[2 * to_step] = sum1 + 4 * sum2;
    y[3 * to_step] = (rest1 + 8 * rest2) + m[5];
}

static void weights(const float *w, size_t outputs, size_t channels, float *to, size_t width, size_t apart)
{
    assert(outputs >= 1 && outputs <= LANES && width >= LANES);
    for (size_t c = 0; c < channels; c++)
        for (size_t o = 0; o < LANES; o++) {
            float columns[SIDE][3], all[SIDE][SIDE] = {{0}};
            if (o < outputs) {
                const float *g = w + (o * channels + c) * 9;
                for (size_t kx = 0; kx < 3; kx++)
                    transform_weights(g + kx, 3, &columns[0][kx], 3);
                for (size_t i = 0; i < SIDE; i++)
                    transform_weights(columns[i], 1, all[i], 1);
            }
            for (size_t i = 0; i < SIDE; i++)
                for (size_t j = 0; j < SIDE; j++)
                    to[(i * SIDE + j) * apart + c * width + o] = cs_winograd_scales[i * SIDE + j] * all[i][j];
        }
}

static void input(const cs_winograd_input *tile)
{
    assert(tile->first + tile->count <= SIDE && tile->apart >= tile->channels);
    for (size_t c = 0; c < tile->channels; c++) {
        float columns[SIDE][SIDE];
        for (size_t j = 0; j < SIDE; j++) {
            float d[SIDE] = {0};
            for (size_t i = 0; i < SIDE; i++)
                if (tile->rows[i] && j >= tile->first && j < tile->first + tile->count)
                    d[i] = tile->rows[i][(j - tile->first) * tile->channels + c];
            transform_input(d, &columns[0][j], SIDE);
        }
        for (size_t i = 0; i < SIDE; i++)
            transform_input(columns[i], tile->to + i * SIDE * tile->apart + c, tile->apart);
    }
}

static void output(const cs_winograd_output *tile)
{
    assert(tile->height >= 1 && tile->height <= TILE && tile->width >= 1 && tile->width <= TILE);
    for (size_t o = 0; o < tile->outputs; o++) {
        float columns[TILE][SIDE], y[TILE];
        for (size_t j = 0; j < SIDE; j++) {
            float m[SIDE];
            for (size_t i = 0; i < SIDE; i++)
                m[i] = tile->sums[(i * SIDE + j) * tile->apart + o];
            transform_output(m, &columns[0][j], SIDE);
        }
        for (size_t i = 0; i < tile->height; i++) {
            transform_output(columns[i], y, 1);
            for (size_t j = 0; j < tile->width; j++) {
                const size_t at = i * tile->row + j * tile->outputs + o;
                float sum = y[j] + tile->bias[o];
                sum = tile->residual ? sum + tile->residual[at] : sum;
                sum = sum < tile->low ? tile->low : sum;
                tile->y[at] = sum > tile->high ? tile->high : sum;
            }
        }
    }
}

const cs_winograd_ops cs_winograd_ops_c = {
    .name = "winograd c", .lanes = LANES, .weights = weights, .input = input, .output = output};
