/* SPDX-License-Identifier: MIT
 * test_pix.c - the two resampling passes byte for byte, at every level; with --bench, their speed. */
#include "cpu_level.h"
#include "kernel_test.h"
#include "kernels/pix.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static void fill_bytes(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = kt_random() % 4 ? (uint8_t)kt_random() : kt_random() % 2 ? 255 : 0; /* extremes make sums clip */
}

/* Coefficients of both signs that add up to about one, as a bicubic filter's do. */
static void fill_coef(int32_t *coef, size_t used)
{
    const double scale = (double)(1 << CS_PIX_PRECISION) / (double)(used ? used : 1);
    for (size_t j = 0; j < used; j++)
        coef[j] = (int32_t)(scale * (0.9 + 0.9 * (double)kt_float()));
    if (used == 1)
        coef[0] = kt_random() % 2 ? 1 << CS_PIX_PRECISION : -(1 << CS_PIX_PRECISION);
}

static uint8_t value(int64_t sum)
{
    sum = (sum + (1 << (CS_PIX_PRECISION - 1))) >> CS_PIX_PRECISION;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static bool horizontal_right(const cs_pix_ops *ops, size_t out_width, size_t taps)
{
    uint32_t first[32], used[32];
    const size_t in_width = taps + out_width * 2;
    kt_block in = kt_exact(in_width * 3, taps % 5), coef = kt_exact(out_width * taps * 4, 4);
    kt_block out = kt_canary(out_width * 3, taps % 7);
    fill_bytes(in.at, in_width * 3);
    for (size_t x = 0; x < out_width; x++) {
        used[x] = (uint32_t)(taps - (taps > 1 && kt_random() % 3 == 0 ? kt_random() % taps : 0));
        first[x] = (uint32_t)(x * (in_width - used[x]) / out_width);
        memset((int32_t *)coef.at + x * taps, 0x7f, taps * 4); /* what follows `used` must not matter */
        fill_coef((int32_t *)coef.at + x * taps, used[x]);
    }
    first[out_width - 1] = (uint32_t)(in_width - used[out_width - 1]); /* the last sum ends where the row does */
    ops->horizontal(in.at, out_width, first, used, coef.at, taps, out.at);
    bool right = kt_canary_lives(&out, out_width * 3);
    for (size_t i = 0; i < out_width * 3; i++) {
        const uint8_t *p = (const uint8_t *)in.at + (size_t)first[i / 3] * 3 + i % 3;
        int64_t sum = 0;
        for (size_t j = 0; j < used[i / 3]; j++)
            sum += (int64_t)((int32_t *)coef.at)[i / 3 * taps + j] * p[j * 3];
        right &= ((uint8_t *)out.at)[i] == value(sum);
    }
    kt_free(&in);
    kt_free(&coef);
    kt_free(&out);
    return right;
}

static bool vertical_right(const cs_pix_ops *ops, size_t n, size_t used)
{
    const size_t stride = n + used % 4;
    kt_block in = kt_exact(used ? (used - 1) * stride + n : 0, n % 3), coef = kt_exact(used * 4, 4);
    kt_block out = kt_canary(n, used % 5);
    fill_bytes(in.at, used ? (used - 1) * stride + n : 0);
    fill_coef(coef.at, used);
    ops->vertical(in.at, stride, n, coef.at, used, out.at);
    bool right = kt_canary_lives(&out, n);
    for (size_t i = 0; i < n; i++) {
        int64_t sum = 0;
        for (size_t j = 0; j < used; j++)
            sum += (int64_t)((int32_t *)coef.at)[j] * ((uint8_t *)in.at)[j * stride + i];
        right &= ((uint8_t *)out.at)[i] == value(sum);
    }
    kt_free(&in);
    kt_free(&coef);
    kt_free(&out);
    return right;
}

static void check_level(const cs_pix_ops *ops)
{
    bool right = true;
    for (size_t taps = 1; taps <= 75; taps++)
        for (size_t width = 1; width <= 32; width += 1 + taps % 3)
            right &= horizontal_right(ops, width, taps);
    TAP_OK(right, "%s: horizontal, 1 to 75 taps", ops->name);
    right = true;
    for (size_t l = 0; l < kt_length_count; l++)
        for (size_t used = 1; used <= 75; used += 1 + used / 8)
            right &= vertical_right(ops, kt_lengths[l], used);
    TAP_OK(right, "%s: vertical at every length", ops->name);
}

/* A row of 4000 pixels to 224 by a bicubic filter: 73 taps. */
enum { IN_WIDTH = 4000, OUT_WIDTH = 224, TAPS = 73 };
typedef struct bench {
    const cs_pix_ops *ops;
    uint32_t first[OUT_WIDTH], used[OUT_WIDTH];
    int32_t coef[OUT_WIDTH * TAPS];
    uint8_t in[IN_WIDTH * 3], rows[TAPS * OUT_WIDTH * 3], out[OUT_WIDTH * 3];
} bench;

static void bench_horizontal(void *context)
{
    bench *b = context;
    b->ops->horizontal(b->in, OUT_WIDTH, b->first, b->used, b->coef, TAPS, b->out);
}

static void bench_vertical(void *context)
{
    bench *b = context;
    b->ops->vertical(b->rows, OUT_WIDTH * 3, OUT_WIDTH * 3, b->coef, TAPS, b->out);
}

static void run_bench(void)
{
    static bench b;
    double plain[2] = {0};
    fill_bytes(b.in, sizeof b.in);
    fill_bytes(b.rows, sizeof b.rows);
    for (size_t x = 0; x < OUT_WIDTH; x++) {
        b.first[x] = (uint32_t)(x * (IN_WIDTH - TAPS) / OUT_WIDTH);
        b.used[x] = TAPS;
        fill_coef(b.coef + x * TAPS, TAPS);
    }
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        b.ops = cs_pix_ops_for(level);
        double took[2] = {kt_time(bench_horizontal, &b), kt_time(bench_vertical, &b)};
        if (level == CS_CPU_C)
            memcpy(plain, took, sizeof plain);
        tap_note("%-10s (level %s) a row: horizontal %7.0f ns (%.1f x c), vertical %7.0f ns (%.1f x c)", b.ops->name,
                 cs_cpu_name(level), took[0], plain[0] / took[0], took[1], plain[1] / took[1]);
    }
}

int main(int argc, char **argv)
{
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level))
        check_level(cs_pix_ops_for(level));
    if (kt_wants_bench(argc, argv))
        run_bench();
    cpu_level_skip_missing();
    return tap_done();
}
