/* SPDX-License-Identifier: MIT
 * test_depthwise.c - rows of depthwise convolutions at every level: odd sizes, borders, same bits; with --bench, their
 * speed. */
#include "cpu_level.h"
#include "kernel_test.h"
#include "kernels/depthwise.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 6 };

typedef struct problem {
    cs_depthwise_call call;
    kt_block x[MOST_ROWS], weights, bias, residual;
    const float *rows[MOST_ROWS];
    double *want, *size; /* [out_width, channels] without the residual: sums, and sums of absolute terms */
} problem;

static void *must(void *block)
{
    if (!block)
        abort();
    return block;
}

/* `present`: a bit for each kernel row that lies inside the image. */
static void problem_open(problem *p, size_t width, size_t channels, size_t kernel_h, size_t kernel_w, size_t stride,
                         size_t pad, unsigned present)
{
    const size_t out_width = (width + 2 * pad - kernel_w) / stride + 1;
    *p = (problem){.call = {.width = width,
                            .channels = channels,
                            .kernel_h = kernel_h,
                            .kernel_w = kernel_w,
                            .stride = stride,
                            .pad = pad,
                            .out_width = out_width,
                            .low = -INFINITY,
                            .high = INFINITY}};
    p->weights = kt_exact(kernel_h * kernel_w * channels * 4, 4);
    p->bias = kt_exact(channels * 4, 8);
    p->residual = kt_exact(out_width * channels * 4, 4);
    kt_fill(p->weights.at, kernel_h * kernel_w * channels, KT_PLAIN);
    kt_fill(p->bias.at, channels, KT_PLAIN);
    kt_fill(p->residual.at, out_width * channels, KT_PLAIN);
    for (size_t ky = 0; ky < kernel_h; ky++)
        if (present >> ky & 1) {
            p->x[ky] = kt_exact(width * channels * 4, 4);
            kt_fill(p->x[ky].at, width * channels, KT_PLAIN);
            p->rows[ky] = p->x[ky].at;
        }
    p->call.rows = p->rows;
    p->call.weights = p->weights.at;
    p->call.bias = p->bias.at;
    p->want = must(calloc(out_width * channels, sizeof *p->want));
    p->size = must(calloc(out_width * channels, sizeof *p->size));
    for (size_t x = 0; x < out_width; x++)
        for (size_t c = 0; c < channels; c++) {
            double sum = p->call.bias[c], size = fabs(sum);
            for (size_t ky = 0; ky < kernel_h; ky++)
                for (size_t kx = 0; p->rows[ky] && kx < kernel_w; kx++) {
                    const size_t column = x * stride + kx - pad; /* below 0 wraps around */
                    if (column >= width)
                        continue;
                    const double term = (double)p->rows[ky][column * channels + c] *
                                        p->call.weights[(ky * kernel_w + kx) * channels + c];
                    sum += term;
                    size += fabs(term);
                }
            p->want[x * channels + c] = sum;
            p->size[x * channels + c] = size;
        }
}

static void problem_close(problem *p)
{
    for (size_t i = 0; i < MOST_ROWS; i++)
        kt_free(&p->x[i]);
    kt_free(&p->weights);
    kt_free(&p->bias);
    kt_free(&p->residual);
    free(p->want);
    free(p->size);
}

static bool level_good(const cs_depthwise_ops *ops, const problem *p, kt_block *sums)
{
    const size_t floats = p->call.out_width * p->call.channels;
    cs_depthwise_call call = p->call;
    *sums = kt_canary(floats * 4, 4);
    memset(sums->at, 0xff, floats * 4); /* NaN: what is not written is noticed */
    call.y = sums->at;
    ops->row(&call);
    bool good = kt_canary_lives(sums, floats * 4);
    for (size_t i = 0; i < floats; i++)
        good &= fabs(call.y[i] - p->want[i]) <= (double)(call.kernel_h * call.kernel_w + 1) * FLT_EPSILON * p->size[i];
    for (int in_place = 0; in_place < 2; in_place++) {
        kt_block y = kt_canary(floats * 4, 4);
        memcpy(y.at, p->residual.at, floats * 4);
        call.y = y.at;
        call.residual = in_place ? y.at : p->residual.at;
        call.low = 0;
        call.high = 0.75f;
        ops->row(&call);
        good &= kt_canary_lives(&y, floats * 4);
        for (size_t i = 0; i < floats; i++) {
            const float sum = ((float *)sums->at)[i] + ((float *)p->residual.at)[i];
            good &= ((float *)y.at)[i] == (sum < 0 ? 0 : sum > 0.75f ? 0.75f : sum);
        }
        kt_free(&y);
    }
    return good;
}

static uint64_t digest; /* of what the levels above C give */

static bool shape_good(size_t width, size_t channels, size_t kernel_h, size_t kernel_w, size_t stride, size_t pad,
                       unsigned present)
{
    problem p;
    problem_open(&p, width, channels, kernel_h, kernel_w, stride, pad, present);
    kt_block simd = {0};
    bool good = true;
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        kt_block sums;
        good &= level_good(cs_depthwise_ops_for(level), &p, &sums);
        if (level != CS_CPU_C && simd.at)
            good &= kt_same(simd.at, sums.at, p.call.out_width * channels);
        if (level != CS_CPU_C && !simd.at) {
            simd = sums;
            digest = kt_digest(digest, simd.at, p.call.out_width * channels);
        } else {
            kt_free(&sums);
        }
    }
    kt_free(&simd);
    problem_close(&p);
    if (!good)
        tap_note("wrong at width %zu, %zu channels, kernel %zu x %zu, stride %zu, pad %zu, rows %#x", width, channels,
                 kernel_h, kernel_w, stride, pad, present);
    return good;
}

typedef struct bench {
    const cs_depthwise_ops *ops;
    cs_depthwise_call call;
} bench;

static void bench_row(void *context)
{
    const bench *b = context;
    b->ops->row(&b->call);
}

/* Layers of MobileNetV2: a row that stays in the first-level cache, wide ones, stride 2, channels that fill no
 * vector. */
static void run_bench(void)
{
    static const size_t shapes[][3] = {
        {14, 64, 1}, {112, 32, 1}, {56, 144, 2}, {7, 964, 1}}; /* width, channels, stride */
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        problem p;
        problem_open(&p, shapes[i][0], shapes[i][1], 3, 3, shapes[i][2], 1, 7);
        kt_block y = kt_canary(p.call.out_width * shapes[i][1] * 4, 0);
        for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
            bench b = {cs_depthwise_ops_for(level), p.call};
            b.call.y = y.at;
            const double took = kt_time(bench_row, &b);
            tap_note("%-16s 3 x 3, %3zu wide, %3zu channels, stride %zu: %7.0f ns a row, %.1f GFLOP/s", b.ops->name,
                     shapes[i][0], shapes[i][1], shapes[i][2], took,
                     (double)(p.call.out_width * shapes[i][1] * 18) / took);
        }
        kt_free(&y);
        problem_close(&p);
    }
}

int main(int argc, char **argv)
{
    bool good = true;
    for (size_t channels = 1; channels <= 70; channels++)
        for (size_t stride = 1; stride <= 2; stride++)
            good &= shape_good(3 + channels % 9, channels, 3, 3, stride, 1, 7);
    TAP_OK(good, "3 x 3, channels from 1 to 70");
    good = true;
    static const unsigned present[] = {1, 2, 4, 3, 6, 7};
    for (size_t i = 0; i < sizeof present / sizeof *present; i++)
        for (size_t width = 1; width <= 10; width++)
            for (size_t pad = width < 3 ? 1 : 0; pad <= 2; pad++)
                for (size_t stride = 1; stride <= 3; stride++)
                    good &= shape_good(width, 19, 3, 3, stride, pad, present[i]);
    TAP_OK(good, "3 x 3 at every border");
    good = true;
    for (size_t kernel_h = 1; kernel_h <= MOST_ROWS; kernel_h++)
        for (size_t kernel_w = 1; kernel_w <= 5; kernel_w++)
            for (size_t pad = 0; pad < kernel_w; pad++)
                good &= shape_good(kernel_w + pad * 2, 9 + pad * 13, kernel_h, kernel_w, 1 + pad % 3, pad,
                                   (2u << kernel_h / 2) - 1);
    TAP_OK(good, "other kernels");
    kt_check_digest(digest, 0xacda5c2053a074f0, cs_cpu_highest() != CS_CPU_C);
    good = true;
    for (size_t channels = 1; channels <= 70; channels++)
        good &= shape_good(5 + channels % 12, channels, 5, 5, 1 + channels % 3, channels % 4, 0x1f);
    TAP_OK(good, "5 x 5, channels from 1 to 70");
    good = true;
    static const unsigned present_5[] = {0x1f, 0x1e, 0x1c, 0xf, 0x7, 0x3, 0x18, 0x10, 0x1, 0};
    for (size_t width = 1; width <= 14; width++)
        for (size_t pad = width < 5 ? (6 - width) / 2 : 0; pad <= 4; pad++)
            for (size_t i = 0; i < sizeof present_5 / sizeof *present_5; i++)
                good &= shape_good(width, 19 + 16 * (i % 5), 5, 5, 1 + i % 2, pad, present_5[i]);
    TAP_OK(good, "5 x 5 at every border");
    TAP_OK(cs_depthwise_ops_best() == cs_depthwise_ops_for(cs_cpu_best()), "the best level is taken");
    if (kt_wants_bench(argc, argv))
        run_bench();
    cpu_level_skip_missing();
    return tap_done();
}
