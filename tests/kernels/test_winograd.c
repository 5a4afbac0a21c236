/* SPDX-License-Identifier: MIT
 * test_winograd.c - the transforms of F(4x4, 3x3) at every level: odd sizes, padding, the same bits as in C; and whole
 * tiles against the convolution in double; with --bench, their speed. */
#include "cpu_level.h"
#include "kernel_test.h"
#include "kernels/winograd.h"
#include "kernels/winograd_bound.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TILE = CS_WINOGRAD_TILE, SIDE = CS_WINOGRAD_SIDE, POINTS = CS_WINOGRAD_POINTS };

static void *must(void *block)
{
    if (!block)
        abort();
    return block;
}

static uint64_t digest; /* of what the levels give: all of them the same */

/* ---------------------------------------------------------------- each transform */

/* Weights of `outputs` outputs into a new block [POINTS, apart], filled with 7 before. */
static kt_block run_weights(const cs_winograd_ops *ops, const float *w, size_t outputs, size_t channels, size_t width,
                            size_t apart)
{
    kt_block to = kt_canary(POINTS * apart * 4, 0);
    for (size_t i = 0; i < POINTS * apart; i++)
        ((float *)to.at)[i] = 7;
    ops->weights(w, outputs, channels, to.at, width, apart);
    return to;
}

/* Each output's weights alone, in C, are those among the others at every level. */
static bool weights_good(size_t outputs, size_t channels)
{
    kt_block w = kt_exact(outputs * channels * 9 * 4, 4);
    kt_fill(w.at, outputs * channels * 9, KT_PLAIN);
    float *alone = must(calloc(outputs * POINTS * channels, sizeof *alone));
    const cs_winograd_ops *plain = cs_winograd_ops_for(CS_CPU_C);
    for (size_t o = 0; o < outputs; o++) {
        kt_block one =
            run_weights(plain, (float *)w.at + o * channels * 9, 1, channels, plain->lanes, channels * plain->lanes);
        for (size_t i = 0; i < POINTS * channels; i++)
            alone[o * POINTS * channels + i] = ((float *)one.at)[i * plain->lanes];
        kt_free(&one);
    }
    bool good = true;
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        const cs_winograd_ops *ops = cs_winograd_ops_for(level);
        const size_t width = ops->lanes * 2, apart = channels * width + 3;
        for (size_t first = 0; first < outputs; first += ops->lanes) {
            const size_t count = outputs - first < ops->lanes ? outputs - first : ops->lanes;
            kt_block to = run_weights(ops, (float *)w.at + first * channels * 9, count, channels, width, apart);
            const float *got = to.at;
            good &= kt_canary_lives(&to, POINTS * apart * 4);
            for (size_t i = 0; i < POINTS; i++) {
                for (size_t c = 0; c < channels; c++) {
                    const float *row = got + i * apart + c * width;
                    for (size_t o = 0; o < ops->lanes; o++)
                        good &= o < count ? kt_same(row + o, alone + ((first + o) * POINTS + i) * channels + c, 1)
                                          : row[o] == 0;
                    good &= row[ops->lanes] == 7 && row[width - 1] == 7;
                }
                good &= got[(i + 1) * apart - 1] == 7;
            }
            kt_free(&to);
        }
    }
    digest = kt_digest(digest, alone, outputs * POINTS * channels);
    free(alone);
    kt_free(&w);
    if (!good)
        tap_note("wrong at %zu outputs, %zu channels", outputs, channels);
    return good;
}

/* A tile with rows `there` (bits) and columns [first, first + count), each row in a block of its own. */
static bool input_good(size_t channels, unsigned there, size_t first, size_t count)
{
    kt_block rows[SIDE] = {0}, want = {0};
    cs_winograd_input tile = {.first = first, .count = count, .channels = channels, .apart = channels + 5};
    const size_t floats = (POINTS - 1) * tile.apart + channels;
    for (size_t i = 0; i < SIDE; i++)
        if (there >> i & 1) {
            rows[i] = kt_exact(count * channels * 4, 4);
            kt_fill(rows[i].at, count * channels, KT_PLAIN);
            tile.rows[i] = rows[i].at;
        }
    bool good = true;
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        kt_block to = kt_canary(floats * 4, 4);
        for (size_t i = 0; i < floats; i++)
            ((float *)to.at)[i] = 7;
        tile.to = to.at;
        cs_winograd_ops_for(level)->input(&tile);
        good &= kt_canary_lives(&to, floats * 4);
        for (size_t i = 0; i + 1 < POINTS; i++)
            for (size_t c = channels; c < tile.apart; c++)
                good &= tile.to[i * tile.apart + c] == 7;
        if (want.at) {
            good &= kt_same(want.at, to.at, floats);
            kt_free(&to);
        } else {
            want = to;
            digest = kt_digest(digest, to.at, floats);
        }
    }
    kt_free(&want);
    for (size_t i = 0; i < SIDE; i++)
        kt_free(&rows[i]);
    if (!good)
        tap_note("wrong at %zu channels, rows %#x, columns %zu to %zu", channels, there, first, first + count);
    return good;
}

typedef struct variant {
    bool residual, in_place;
    float low, high;
} variant;

static bool output_good(size_t outputs, size_t height, size_t width, variant how)
{
    cs_winograd_output tile = {.outputs = outputs,
                               .apart = outputs + 3,
                               .height = height,
                               .width = width,
                               .row = width * outputs + 2,
                               .low = how.low,
                               .high = how.high};
    const size_t sums_floats = (POINTS - 1) * tile.apart + outputs, floats = (height - 1) * tile.row + width * outputs;
    kt_block sums = kt_exact(sums_floats * 4, 4), bias = kt_exact(outputs * 4, 8), residual = kt_exact(floats * 4, 4);
    kt_block want = {0};
    kt_fill(sums.at, sums_floats, KT_PLAIN);
    kt_fill(bias.at, outputs, KT_PLAIN);
    kt_fill(residual.at, floats, KT_PLAIN);
    ((float *)sums.at)[outputs / 2] = how.residual ? NAN : 1; /* it must stay one through the limits */
    tile.sums = sums.at;
    tile.bias = bias.at;
    bool good = true;
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        kt_block y = kt_canary(floats * 4, 4);
        memcpy(y.at, residual.at, floats * 4);
        tile.y = y.at;
        tile.residual = how.in_place ? y.at : how.residual ? residual.at : NULL;
        cs_winograd_ops_for(level)->output(&tile);
        good &= kt_canary_lives(&y, floats * 4) && isnan(tile.y[outputs / 2]) == how.residual;
        for (size_t i = 0; i + 1 < height; i++)
            good &= kt_same(tile.y + (i + 1) * tile.row - 2, (float *)residual.at + (i + 1) * tile.row - 2, 2);
        if (want.at) {
            good &= kt_same(want.at, y.at, floats);
            kt_free(&y);
        } else {
            want = y;
            digest = kt_digest(digest, y.at, floats);
        }
    }
    kt_free(&want);
    kt_free(&sums);
    kt_free(&bias);
    kt_free(&residual);
    if (!good)
        tap_note("wrong at %zu outputs, %zu x %zu of the tile", outputs, height, width);
    return good;
}

static void test_transforms(void)
{
    static const variant variants[] = {
        {false, false, -INFINITY, INFINITY}, {true, false, 0, INFINITY}, {true, true, 0, 6}, {false, false, -0.5f, 1}};
    bool good = true;
    for (size_t channels = 1; channels <= 50; channels++)
        good &= weights_good(1 + channels * 7 % 40, channels);
    TAP_OK(good, "weights: every level as C, 1 to 40 outputs, 1 to 50 channels");
    good = true;
    for (size_t channels = 1; channels <= 70; channels++)
        good &= input_good(channels, 0x3f, 0, SIDE);
    TAP_OK(good, "tiles inside a map: every level as C, 1 to 70 channels");
    good = true;
    for (unsigned there = 0; there <= 0x3f; there++)
        for (size_t first = 0; first < SIDE; first++)
            for (size_t count = 0; first + count <= SIDE; count++)
                good &= input_good(1 + (there + first * 5 + count * 3) % 37, there, first, count);
    TAP_OK(good, "tiles with padding: every level as C, every part of a tile");
    good = true;
    for (size_t outputs = 1; outputs <= 70; outputs++)
        for (size_t v = 0; v < sizeof variants / sizeof *variants; v++)
            good &= output_good(outputs, 1 + outputs % TILE, 1 + outputs / TILE % TILE, variants[v]);
    TAP_OK(good, "outputs: every level as C, 1 to 70 outputs, every part of a tile; NaN stays NaN");
}

/* ---------------------------------------------------------------- whole tiles */

/* A tile of one output against its convolution in double. */
static bool tile_good(const cs_winograd_ops *ops, size_t channels, kt_kind kind)
{
    const size_t lanes = ops->lanes;
    float *x = must(calloc(SIDE * SIDE * channels, sizeof *x)), *w = must(calloc(9 * channels, sizeof *w));
    float *v = must(calloc(POINTS * channels, sizeof *v)), *u = must(calloc(POINTS * channels * lanes, sizeof *u));
    float sums[POINTS] = {0}, bias = kt_float(), y[TILE * TILE];
    double want[TILE][TILE], absolute[POINTS] = {0}, bound[TILE * TILE];
    kt_fill(x, SIDE * SIDE * channels, kind);
    kt_fill(w, 9 * channels, KT_PLAIN);
    cs_winograd_input in = {.count = SIDE, .channels = channels, .to = v, .apart = channels};
    for (size_t i = 0; i < SIDE; i++)
        in.rows[i] = x + i * SIDE * channels;
    ops->input(&in);
    ops->weights(w, 1, channels, u, lanes, channels * lanes);
    for (size_t p = 0; p < POINTS; p++)
        for (size_t c = 0; c < channels; c++)
            sums[p] = fmaf(v[p * channels + c], u[(p * channels + c) * lanes], sums[p]);
    const cs_winograd_output out = {.sums = sums,
                                    .apart = 1,
                                    .outputs = 1,
                                    .height = TILE,
                                    .width = TILE,
                                    .bias = &bias,
                                    .y = y,
                                    .row = TILE,
                                    .low = -INFINITY,
                                    .high = INFINITY};
    ops->output(&out);
    for (size_t i = 0; i < TILE; i++)
        for (size_t j = 0; j < TILE; j++)
            want[i][j] = bias;
    for (size_t c = 0; c < channels; c++) {
        double d[SIDE * SIDE], g[9];
        for (size_t i = 0; i < SIDE * SIDE; i++)
            d[i] = x[i * channels + c];
        for (size_t i = 0; i < 9; i++)
            g[i] = w[c * 9 + i];
        for (size_t i = 0; i < TILE * TILE; i++)
            for (size_t k = 0; k < 9; k++)
                want[i / TILE][i % TILE] += d[(i / TILE + k / 3) * SIDE + i % TILE + k % 3] * g[k];
        winograd_bound_add(d, g, absolute);
    }
    winograd_bound_outputs(absolute, bound);
    bool good = true;
    for (size_t i = 0; i < TILE * TILE; i++)
        good &= fabs(y[i] - want[i / TILE][i % TILE]) <=
                (double)(channels + 18) * (FLT_EPSILON / 2) * (bound[i] + fabs(bias)) * 1.001; /* 2nd order */
    free(x);
    free(w);
    free(v);
    free(u);
    return good;
}

static void test_tiles(void)
{
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        bool good = true;
        for (size_t channels = 1; channels <= 600; channels += 1 + channels / 2)
            for (int i = 0; i < 20; i++)
                good &= tile_good(cs_winograd_ops_for(level), channels, i % 3 ? KT_PLAIN : KT_LARGE);
        TAP_OK(good, "%s: a tile's outputs within the bound of rounding", cs_winograd_ops_for(level)->name);
    }
}

/* ---------------------------------------------------------------- speed */

typedef struct bench {
    const cs_winograd_ops *ops;
    cs_winograd_input in;
    cs_winograd_output out;
    const float *w;
    float *to;
} bench;

static void bench_input(void *context)
{
    const bench *b = context;
    b->ops->input(&b->in);
}

static void bench_output(void *context)
{
    const bench *b = context;
    b->ops->output(&b->out);
}

static void bench_weights(void *context)
{
    const bench *b = context;
    b->ops->weights(b->w, b->ops->lanes, 64, b->to, b->ops->lanes, 64 * b->ops->lanes + 16);
}

static void run_bench(void)
{
    enum { CHANNELS = 64, APART = 48 * CHANNELS + 16, WIDEST = 16 };
    float *x = must(calloc(SIDE * SIDE * CHANNELS, sizeof *x)), *v = must(calloc(POINTS * APART, sizeof *v));
    float *w = must(calloc(WIDEST * CHANNELS * 9, sizeof *w)), *y = must(calloc(TILE * TILE * CHANNELS, sizeof *y));
    float *u = must(calloc(POINTS * (CHANNELS * WIDEST + 16), sizeof *u)), bias[CHANNELS] = {0};
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        bench b = {.ops = cs_winograd_ops_for(level), .w = w, .to = u};
        b.in = (cs_winograd_input){.count = SIDE, .channels = CHANNELS, .to = v, .apart = APART};
        for (size_t i = 0; i < SIDE; i++)
            b.in.rows[i] = x + i * SIDE * CHANNELS;
        b.out = (cs_winograd_output){v, APART, CHANNELS, TILE, TILE, bias, NULL, y, TILE * CHANNELS, 0, INFINITY};
        tap_note("%-15s 64 channels: a tile's inputs %6.0f ns, its outputs %6.0f ns; weights %5.1f ns a kernel",
                 b.ops->name, kt_time(bench_input, &b), kt_time(bench_output, &b),
                 kt_time(bench_weights, &b) / (double)(CHANNELS * b.ops->lanes));
    }
    free(x);
    free(v);
    free(w);
    free(y);
    free(u);
}

int main(int argc, char **argv)
{
    test_transforms();
    kt_check_digest(digest, UINT64_C(0x5f85678cfcaef2c5), 1);
    test_tiles();
    TAP_OK(cs_winograd_ops_best() == cs_winograd_ops_for(cs_cpu_best()), "the best level is taken");
    if (kt_wants_bench(argc, argv))
        run_bench();
    cpu_level_skip_missing();
    return tap_done();
}
