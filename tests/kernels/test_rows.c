/* SPDX-License-Identifier: MIT
 * test_rows.c - picked-row products and distances at every level against sums in double; with --bench, their speed. */
#include "cpu_level.h"
#include "kernel_test.h"
#include "kernels/cvt.h"
#include "kernels/rows.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { ROWS = 9, PICKED = 7, MOST = 4096 };

/* The bound of test_vec.c: a term takes part in n / 64 + 7 roundings, or in n of them in C, and in 3 of its own. */
static bool near(float got, double want, double size, cs_cpu_flags level, size_t n)
{
    double k = (level == CS_CPU_C ? (double)n : (double)(n / 64 + 1) + 6) + 3;
    return fabs(got - want) <= k * FLT_EPSILON * size + (double)n * FLT_TRUE_MIN;
}

/* Scores of one case into out [6 * PICKED]: dot and l2sq of floats, of halves, of the same bits as bfloat16. */
static bool one_case(cs_cpu_flags level, size_t n, size_t padding, const float *numbers, const uint16_t *halves,
                     float *out)
{
    const cs_rows_ops *ops = cs_rows_ops_for(level);
    const size_t stride = n + padding, all = (ROWS - 1) * stride + n;
    kt_block query = kt_exact(n * 4, 4), rows = kt_exact(all * 4, 12), half = kt_exact(all * 2, 6);
    static float wide[2][ROWS * (MOST + 16)];
    const uint32_t picked[PICKED] = {8, 0, 3, 3, 7, 1, 8};
    bool pass = true;
    memcpy(query.at, numbers, n * 4);
    memcpy(rows.at, numbers + MOST, all * 4);
    memcpy(half.at, halves, all * 2);
    cs_cvt_ops_for(CS_CPU_C)->to_f32(CS_F16, halves, all, wide[0]);
    cs_cvt_ops_for(CS_CPU_C)->to_f32(CS_BF16, halves, all, wide[1]);
    ops->dot_f32(query.at, rows.at, stride, picked, PICKED, n, out);
    ops->l2sq_f32(query.at, rows.at, stride, picked, PICKED, n, out + PICKED);
    ops->dot_f16(query.at, half.at, stride, picked, PICKED, n, out + 2 * PICKED);
    ops->l2sq_f16(query.at, half.at, stride, picked, PICKED, n, out + 3 * PICKED);
    ops->dot_bf16(query.at, half.at, stride, picked, PICKED, n, out + 4 * PICKED);
    ops->l2sq_bf16(query.at, half.at, stride, picked, PICKED, n, out + 5 * PICKED);
    for (size_t i = 0; i < PICKED; i++)
        for (int h = 0; h < 3; h++) {
            const float *row = (h ? wide[h - 1] : numbers + MOST) + picked[i] * stride;
            double dot = 0, size = 0, l2sq = 0;
            for (size_t j = 0; j < n; j++) {
                double p = (double)numbers[j] * row[j], d = (double)numbers[j] - row[j];
                dot += p;
                size += fabs(p);
                l2sq += d * d;
            }
            pass = pass && near(out[(size_t)h * 2 * PICKED + i], dot, size, level, n) &&
                   near(out[((size_t)h * 2 + 1) * PICKED + i], l2sq, l2sq, level, n);
        }
    kt_free(&query);
    kt_free(&rows);
    kt_free(&half);
    return pass;
}

typedef struct bench {
    const cs_rows_ops *ops;
    const float *query, *rows;
    const uint16_t *halves;
    const uint32_t *picked;
    float *out;
    size_t n, count;
} bench;

static void bench_f32(void *context)
{
    const bench *b = context;
    b->ops->dot_f32(b->query, b->rows, b->n, b->picked, b->count, b->n, b->out);
}

static void bench_f16(void *context)
{
    const bench *b = context;
    b->ops->dot_f16(b->query, b->halves, b->n, b->picked, b->count, b->n, b->out);
}

static void bench_bf16(void *context)
{
    const bench *b = context;
    b->ops->l2sq_bf16(b->query, b->halves, b->n, b->picked, b->count, b->n, b->out);
}

/* 8 rows in the first-level cache; 20,000 in memory, in an order that the processor cannot foresee. */
static void run_bench(const float *numbers, const uint16_t *halves)
{
    enum { N = 512, MANY = 20000 };
    kt_block rows = kt_exact((size_t)MANY * N * 4, 0), half = kt_exact((size_t)MANY * N * 2, 0);
    static float out[MANY];
    static uint32_t picked[MANY];
    for (size_t i = 0; i < (size_t)MANY * N; i++) {
        ((float *)rows.at)[i] = numbers[i % MOST];
        ((uint16_t *)half.at)[i] = halves[i % MOST];
    }
    for (size_t count = 8; count <= MANY; count += MANY - 8) {
        for (size_t i = 0; i < count; i++)
            picked[i] = kt_random() % (uint32_t)count;
        for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
            bench b = {cs_rows_ops_for(level), numbers, rows.at, half.at, picked, out, N, count};
            tap_note("%-11s %5zu rows of %d: dot_f32 %6.1f ns a row, dot_f16 %6.1f, l2sq_bf16 %6.1f", b.ops->name,
                     count, N, kt_time(bench_f32, &b) / (double)count, kt_time(bench_f16, &b) / (double)count,
                     kt_time(bench_bf16, &b) / (double)count);
        }
    }
    kt_free(&rows);
    kt_free(&half);
}

int main(int argc, char **argv)
{
    static float numbers[MOST + ROWS * (MOST + 16)];
    static uint16_t halves[ROWS * (MOST + 16)];
    static const size_t lengths[] = {16, 32, 48, 64, 80, 112, 128, 512, 528, 2048, 4096};
    kt_fill(numbers, sizeof numbers / sizeof *numbers, KT_PLAIN);
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++)
        halves[i] = (uint16_t)(kt_random() & 0xbfff); /* at most 2 - 2^-10: no infinity, no NaN */
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        bool pass = true;
        float out[6 * PICKED];
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
            for (size_t padding = 0; padding <= 16; padding += 5)
                pass = pass && one_case(level, lengths[l], padding, numbers, halves, out);
        TAP_OK(pass, "%s: floats, halves and bfloat16 within the bound", cs_rows_ops_for(level)->name);
    }
    uint64_t first = 0;
    size_t levels = 0;
    for (cs_cpu_flags level = cpu_level_after(CS_CPU_C); level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        uint64_t digest = 0;
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
            float out[6 * PICKED];
            one_case(level, lengths[l], 0, numbers, halves, out);
            digest = kt_digest(digest, out, 6 * PICKED);
        }
        first = levels++ ? first : digest;
        TAP_OK(digest == first, "%s: the same bits as the first level", cs_rows_ops_for(level)->name);
    }
    kt_check_digest(first, 0xb47d5f0b4ed38b57, levels);
    if (kt_wants_bench(argc, argv))
        run_bench(numbers, halves);
    cpu_level_skip_missing();
    return tap_done();
}
