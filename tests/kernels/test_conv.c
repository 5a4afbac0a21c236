/* SPDX-License-Identifier: MIT
 * test_conv.c - the inner loop of convolutions at every level: odd sizes, scattered runs, same bits; with --bench,
 * its speed. */
#include "cpu_level.h"
#include "kernel_test.h"
#include "kernels/conv.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One call's data, each run in a block of its own, and what double arithmetic makes of it. */
typedef struct problem {
    size_t runs, run, rows, outputs, ldy;
    kt_block *x;          /* [runs * rows] */
    const float **starts; /* the same, as the kernel expects them */
    float *w;             /* [outputs, run, runs]: channels, taps */
    float *bias;          /* [CS_CONV_PANEL] */
    kt_block residual;    /* [rows, outputs], row stride ldy */
    double *want, *size;  /* [rows, outputs] without the residual: sums, and sums of absolute terms */
} problem;

static void *must(void *block)
{
    if (!block)
        abort();
    return block;
}

static size_t y_floats(const problem *p)
{
    return (p->rows - 1) * p->ldy + p->outputs;
}

static void problem_open(problem *p, size_t runs, size_t run, size_t rows, size_t outputs)
{
    *p = (problem){.runs = runs, .run = run, .rows = rows, .outputs = outputs, .ldy = outputs + rows % 4};
    p->x = must(calloc(runs * rows, sizeof *p->x));
    p->starts = must(calloc(runs * rows, sizeof *p->starts));
    for (size_t i = 0; i < runs * rows; i++) {
        p->x[i] = kt_exact(run * 4, i % 4 * 4);
        kt_fill(p->x[i].at, run, KT_PLAIN);
        p->starts[i] = p->x[i].at;
    }
    p->w = must(calloc(outputs * runs * run, sizeof *p->w));
    p->bias = must(calloc(CS_CONV_PANEL, sizeof *p->bias));
    p->residual = kt_exact(y_floats(p) * 4, 4);
    kt_fill(p->w, outputs * runs * run, KT_PLAIN);
    kt_fill(p->bias, outputs, KT_PLAIN);
    kt_fill(p->residual.at, y_floats(p), KT_PLAIN);
    p->want = must(calloc(rows * outputs, sizeof *p->want));
    p->size = must(calloc(rows * outputs, sizeof *p->size));
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < outputs; j++) {
            double sum = p->bias[j], size = fabs(sum);
            for (size_t r = 0; r < runs; r++)
                for (size_t c = 0; c < run; c++) {
                    const double term = (double)p->starts[r * rows + i][c] * p->w[(j * run + c) * runs + r];
                    sum += term;
                    size += fabs(term);
                }
            p->want[i * outputs + j] = sum;
            p->size[i * outputs + j] = size;
        }
}

static void problem_close(problem *p)
{
    for (size_t i = 0; i < p->runs * p->rows; i++)
        kt_free(&p->x[i]);
    free(p->x);
    free(p->starts);
    free(p->w);
    free(p->bias);
    kt_free(&p->residual);
    free(p->want);
    free(p->size);
}

typedef struct variant {
    bool residual, in_place;
    float low, high;
} variant;

/* Rows [first, first + count) into a new block, its row gaps filled with 7; true when those and the bytes behind
 * stayed. */
static bool run(const cs_conv_ops *ops, const problem *p, const float *packed, size_t first, size_t count, variant how,
                kt_block *y)
{
    const size_t floats = (count - 1) * p->ldy + p->outputs;
    const float *residual = (float *)p->residual.at + first * p->ldy;
    const float **starts = must(calloc(p->runs * count, sizeof *starts));
    for (size_t r = 0; r < p->runs; r++)
        memcpy(starts + r * count, p->starts + r * p->rows + first, count * sizeof *starts);
    *y = kt_canary(floats * 4, 4);
    for (size_t i = 0; i < floats; i++)
        ((float *)y->at)[i] = 7;
    for (size_t i = 0; how.in_place && i < count; i++)
        memcpy((float *)y->at + i * p->ldy, residual + i * p->ldy, p->outputs * 4);
    const cs_conv_call call = {.starts = starts,
                               .runs = p->runs,
                               .run = p->run,
                               .rows = count,
                               .outputs = p->outputs,
                               .packed = packed,
                               .bias = p->bias,
                               .residual = how.in_place   ? y->at
                                           : how.residual ? residual
                                                          : NULL,
                               .y = y->at,
                               .ldy = p->ldy,
                               .low = how.low,
                               .high = how.high};
    ops->multiply(&call);
    free(starts);
    bool good = kt_canary_lives(y, floats * 4);
    for (size_t i = 0; i + 1 < count; i++)
        for (size_t j = p->outputs; j < p->ldy; j++)
            good &= ((float *)y->at)[i * p->ldy + j] == 7;
    return good;
}

static bool within(const problem *p, const float *y)
{
    for (size_t i = 0; i < p->rows; i++)
        for (size_t j = 0; j < p->outputs; j++)
            if (!(fabs(y[i * p->ldy + j] - p->want[i * p->outputs + j]) <=
                  (double)(p->runs * p->run + 1) * FLT_EPSILON * p->size[i * p->outputs + j]))
                return false;
    return true;
}

/* The residual and the limits are defined step by step after the sum; so they are done here, and must be equal. */
static bool finished(const problem *p, const float *sums, const float *y, variant how)
{
    for (size_t i = 0; i < p->rows; i++)
        for (size_t j = 0; j < p->outputs; j++) {
            float want = sums[i * p->ldy + j];
            if (how.residual)
                want += ((float *)p->residual.at)[i * p->ldy + j];
            want = want < how.low ? how.low : want > how.high ? how.high : want;
            if (y[i * p->ldy + j] != want)
                return false;
        }
    return true;
}

static bool level_good(const cs_conv_ops *ops, const problem *p, kt_block *sums)
{
    const variant plain = {.low = -INFINITY, .high = INFINITY};
    const variant others[] = {{false, false, 0, INFINITY}, {true, false, 0, 1}, {true, true, -0.5f, 0.5f}};
    const size_t size = cs_conv_packed_size(ops, p->outputs, p->runs * p->run);
    kt_block packed = kt_canary(size * 4, 0), y;
    cs_conv_pack(ops, p->w, p->run, p->runs, 0, p->outputs, packed.at);
    bool good = kt_canary_lives(&packed, size * 4);
    kt_block exact = kt_exact(size * 4, 4);
    memcpy(exact.at, packed.at, size * 4);
    good &= run(ops, p, exact.at, 0, p->rows, plain, sums) && within(p, sums->at);
    for (size_t v = 0; v < sizeof others / sizeof *others; v++) {
        good &= run(ops, p, exact.at, 0, p->rows, others[v], &y) && finished(p, sums->at, y.at, others[v]);
        kt_free(&y);
    }
    for (size_t i = 0; i < p->rows; i += 1 + p->rows / 3) { /* rows alone, and a few together */
        const size_t count = i % 2 && i + 3 <= p->rows ? 3 : 1;
        good &= run(ops, p, exact.at, i, count, plain, &y);
        for (size_t r = 0; r < count; r++)
            good &= kt_same((float *)sums->at + (i + r) * p->ldy, (float *)y.at + r * p->ldy, p->outputs);
        kt_free(&y);
    }
    kt_free(&packed);
    kt_free(&exact);
    return good;
}

static uint64_t digest; /* of what the levels above C give */

static bool shape_good(size_t runs, size_t length, size_t rows, size_t outputs)
{
    problem p;
    problem_open(&p, runs, length, rows, outputs);
    kt_block simd = {0};
    bool good = true;
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        kt_block sums;
        good &= level_good(cs_conv_ops_for(level), &p, &sums);
        if (level != CS_CPU_C && simd.at)
            good &= kt_same(simd.at, sums.at, y_floats(&p));
        if (level != CS_CPU_C && !simd.at) {
            simd = sums;
            digest = kt_digest(digest, simd.at, y_floats(&p));
        } else {
            kt_free(&sums);
        }
    }
    kt_free(&simd);
    problem_close(&p);
    if (!good)
        tap_note("wrong at %zu runs of %zu, %zu rows, %zu outputs", runs, length, rows, outputs);
    return good;
}

static void test_shapes(void)
{
    bool good = true;
    for (size_t outputs = 1; outputs <= CS_CONV_PANEL; outputs++)
        for (size_t rows = 1 + outputs % 2; rows <= 33; rows += 2)
            good &= shape_good(1 + rows % 3, 1 + (outputs * 7 + rows) % 11, rows, outputs);
    TAP_OK(good, "every number of outputs, rows to 33");
    good = true;
    for (size_t rows = 34; rows <= CS_CONV_ROWS; rows += 3)
        good &= shape_good(2, 5, rows, 1 + rows * 5 % CS_CONV_PANEL);
    good &= shape_good(1, 3, CS_CONV_ROWS, CS_CONV_PANEL);
    TAP_OK(good, "many rows");
    good = true;
    for (size_t run = 1; run <= 70; run++)
        good &= shape_good(1 + run % 10, run, 1 + run % 14, 1 + run * 11 % CS_CONV_PANEL);
    TAP_OK(good, "runs from 1 to 70 floats");
    /* around the number of steps that the levels take at a time: sums are stored and loaded again */
    static const size_t long_runs[][2] = {{1, 767},  {1, 768},  {1, 769},  {1, 1023}, {1, 1024}, {1, 1025}, {2, 1537},
                                          {1, 2049}, {3, 383},  {3, 384},  {3, 385},  {9, 128},  {9, 256},  {25, 100},
                                          {9, 1030}, {1025, 1}, {2100, 1}, {520, 2},  {2, 3073}};
    good = true;
    for (size_t i = 0; i < sizeof long_runs / sizeof *long_runs; i++)
        for (size_t outputs = 9 + i % 5; outputs <= CS_CONV_PANEL; outputs += 17)
            good &= shape_good(long_runs[i][0], long_runs[i][1], 1 + (i * 5 + outputs) % 14, outputs);
    TAP_OK(good, "long sums");
}

/* A NaN stays one through the limits, and touches nothing but its own row. */
static void test_nan(const cs_conv_ops *ops)
{
    problem p;
    kt_block y;
    problem_open(&p, 2, 5, 7, 21);
    ((float *)p.x[3].at)[2] = NAN; /* run 0 of row 3 */
    float *packed = must(calloc(cs_conv_packed_size(ops, p.outputs, 10), sizeof *packed));
    cs_conv_pack(ops, p.w, p.run, p.runs, 0, p.outputs, packed);
    bool good = run(ops, &p, packed, 0, p.rows, (variant){true, false, 0, 6}, &y);
    for (size_t i = 0; i < p.rows; i++)
        for (size_t j = 0; j < p.outputs; j++)
            good &= !isnan(((float *)y.at)[i * p.ldy + j]) == (i != 3);
    TAP_OK(good, "%s: NaN", ops->name);
    free(packed);
    kt_free(&y);
    problem_close(&p);
}

typedef struct bench {
    const cs_conv_ops *ops;
    cs_conv_call call;
} bench;

static void bench_call(void *context)
{
    const bench *b = context;
    b->ops->multiply(&b->call);
}

static void run_bench(void)
{
    /* runs, floats of each, outputs: 3 x 3 and 1 x 1 over 64 channels, a first layer, a last panel half empty */
    static const size_t shapes[][3] = {{9, 64, 64}, {1, 64, 64}, {7, 21, 64}, {9, 128, 24}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const size_t runs = shapes[i][0], length = shapes[i][1], outputs = shapes[i][2];
        problem p;
        problem_open(&p, runs, length, CS_CONV_ROWS, outputs);
        kt_block y = kt_canary(y_floats(&p) * 4, 0);
        for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
            bench b = {.ops = cs_conv_ops_for(level)};
            kt_block packed = kt_canary(cs_conv_packed_size(b.ops, outputs, runs * length) * 4, 0);
            cs_conv_pack(b.ops, p.w, length, runs, 0, outputs, packed.at);
            b.call = (cs_conv_call){.starts = p.starts,
                                    .runs = runs,
                                    .run = length,
                                    .rows = CS_CONV_ROWS,
                                    .outputs = outputs,
                                    .packed = packed.at,
                                    .bias = p.bias,
                                    .y = y.at,
                                    .ldy = p.ldy,
                                    .low = 0,
                                    .high = INFINITY};
            const double took = kt_time(bench_call, &b);
            tap_note("%-12s %zu runs of %3zu, 96 rows by %2zu outputs: %7.0f ns, %.1f GFLOP/s", b.ops->name, runs,
                     length, outputs, took, (double)(2 * CS_CONV_ROWS * outputs * runs * length) / took);
            kt_free(&packed);
        }
        kt_free(&y);
        problem_close(&p);
    }
}

int main(int argc, char **argv)
{
    test_shapes();
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level))
        test_nan(cs_conv_ops_for(level));
    kt_check_digest(digest, 0x32f21d5530c0e0ba, cs_cpu_highest() != CS_CPU_C);
    TAP_OK(cs_conv_ops_best() == cs_conv_ops_for(cs_cpu_best()), "the best level is taken");
    if (kt_wants_bench(argc, argv))
        run_bench();
    cpu_level_skip_missing();
    return tap_done();
}
