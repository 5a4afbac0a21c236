/* SPDX-License-Identifier: MIT
 * test_vec.c - products and distances at every level against sums in double; with --bench, their speed. */
#include "cpu_level.h"
#include "kernel_test.h"
#include "kernels/vec.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct sums {
    double dot, dot_size, l2sq; /* dot_size: the sum of |a b| */
} sums;

static sums reference(const float *a, const float *b, size_t n)
{
    sums s = {0};
    for (size_t i = 0; i < n; i++) {
        double p = (double)a[i] * b[i], d = (double)a[i] - b[i];
        s.dot += p;
        s.dot_size += fabs(p);
        s.l2sq += d * d;
    }
    return s;
}

/* A term takes part in at most this many roundings: all the additions in C, a 64th of them and the final ones (2 for
 * the accumulators, 4 for the lanes) elsewhere; 3 for the difference and the product. */
static double roundings(cs_cpu_flags level, size_t n)
{
    return (level == CS_CPU_C ? (double)n : (double)(n / 64 + 1) + 6) + 3;
}

static bool near(float got, double want, double size, double k, size_t n)
{
    return fabs(got - want) <= k * FLT_EPSILON * size + (double)n * FLT_TRUE_MIN;
}

static void check_level(cs_cpu_flags level)
{
    const cs_vec_ops *ops = cs_vec_ops_for(level);
    bool dots = true, distances = true;
    for (size_t l = 0; l < kt_length_count; l++)
        for (int kind = 0; kind < KT_KINDS; kind++)
            for (size_t offset = 0; offset < 4; offset++) {
                const size_t n = kt_lengths[l];
                kt_block a = kt_exact(n * 4, offset * 4), b = kt_exact(n * 4, (offset * 3 + kt_random() % 4) % 16 * 4);
                kt_fill(a.at, n, kind);
                kt_fill(b.at, n, kind);
                sums want = reference(a.at, b.at, n);
                double k = roundings(level, n);
                dots &= near(ops->dot(a.at, b.at, n), want.dot, want.dot_size, k, n);
                distances &= near(ops->l2sq(a.at, b.at, n), want.l2sq, want.l2sq, k, n);
                kt_free(&a);
                kt_free(&b);
            }
    TAP_OK(dots, "%s: dot within the bound at every length", ops->name);
    TAP_OK(distances, "%s: l2sq within the bound at every length", ops->name);
}

static void check_many(cs_cpu_flags level)
{
    const cs_vec_ops *ops = cs_vec_ops_for(level);
    bool same = true, alive = true;
    for (size_t l = 0; l < kt_length_count; l++)
        for (size_t count = 0; count < 10; count++) {
            const size_t n = kt_lengths[l], stride = n + count % 3;
            /* the last row ends where the block does */
            kt_block query = kt_exact(n * 4, 4), rows = kt_exact(count ? ((count - 1) * stride + n) * 4 : 0, 8);
            kt_block out = kt_canary(count * 4, 4);
            kt_fill(query.at, n, KT_PLAIN);
            kt_fill(rows.at, count ? (count - 1) * stride + n : 0, KT_PLAIN);
            const float *row = rows.at, *got = out.at;
            ops->dot_many(query.at, row, stride, count, n, out.at);
            for (size_t r = 0; r < count; r++) {
                float one = ops->dot(query.at, row + r * stride, n);
                same &= kt_same(&one, &got[r], 1);
            }
            ops->l2sq_many(query.at, row, stride, count, n, out.at);
            for (size_t r = 0; r < count; r++) {
                float one = ops->l2sq(query.at, row + r * stride, n);
                same &= kt_same(&one, &got[r], 1);
            }
            alive &= kt_canary_lives(&out, count * 4);
            kt_free(&query);
            kt_free(&rows);
            kt_free(&out);
        }
    TAP_OK(same, "%s: many at once are the same bits as one by one", ops->name);
    TAP_OK(alive, "%s: nothing is written after the scores", ops->name);
}

static void check_bits(void)
{
    static float a[4099], b[4099];
    uint64_t first = 0;
    size_t levels = 0;
    for (cs_cpu_flags level = cpu_level_after(CS_CPU_C); level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        const cs_vec_ops *ops = cs_vec_ops_for(level);
        uint64_t digest = 0;
        kt_random_again();
        for (size_t l = 0; l < kt_length_count; l++)
            for (int kind = 0; kind < KT_KINDS; kind++) {
                const size_t n = kt_lengths[l];
                kt_fill(a, n, kind);
                kt_fill(b, n, kind);
                const float results[2] = {ops->dot(a, b, n), ops->l2sq(a, b, n)};
                digest = kt_digest(digest, results, 2);
            }
        first = levels++ ? first : digest;
        TAP_OK(digest == first, "%s: the same bits as the first level", ops->name);
    }
    kt_check_digest(first, 0x821ea27859a22a9d, levels);
}

static void check_normalise(void)
{
    float x[3] = {3, 0, -4}, zero[2] = {0, -0.0f}, large[2] = {3e38f, 3e38f};
    TAP_OK(cs_vec_normalise(x, 3) == 5 && x[0] == 0.6f && x[1] == 0 && x[2] == -0.8f,
           "a vector is brought to length 1");
    TAP_OK(cs_vec_normalise(zero, 2) == 0 && zero[0] == 0 && zero[1] == 0, "a zero vector is left as it is");
    cs_vec_normalise(large, 2);
    TAP_OK(fabsf(large[0] - sqrtf(0.5f)) < FLT_EPSILON, "squares beyond a float's range do no harm");
}

typedef struct bench {
    const cs_vec_ops *ops;
    const float *query, *rows;
    float *out;
    size_t n, count;
} bench;

static void bench_dot(void *context)
{
    bench *b = context;
    for (size_t r = 0; r < b->count; r++)
        b->out[r] = b->ops->dot(b->query, b->rows + r * b->n, b->n);
}

static void bench_many(void *context)
{
    bench *b = context;
    b->ops->dot_many(b->query, b->rows, b->n, b->count, b->n, b->out);
}

static void run_bench(void)
{
    static const size_t counts[] = {8, 50000}; /* in the first-level cache; in memory */
    for (size_t c = 0; c < 2; c++) {
        bench b = {.n = 512, .count = counts[c]};
        kt_block rows = kt_exact(b.count * b.n * 4, 0), query = kt_exact(b.n * 4, 0), out = kt_exact(b.count * 4, 0);
        kt_fill(rows.at, b.count * b.n, KT_PLAIN);
        kt_fill(query.at, b.n, KT_PLAIN);
        b.rows = rows.at;
        b.query = query.at;
        b.out = out.at;
        double plain = 0;
        for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
            b.ops = cs_vec_ops_for(level);
            double one = kt_time(bench_dot, &b) / (double)b.count, many = kt_time(bench_many, &b) / (double)b.count;
            if (level == CS_CPU_C)
                plain = one;
            tap_note("%-10s 512-d, %5zu rows: dot %6.1f ns (%.1f x c), dot_many %6.1f ns a row (%.1f x, %.1f GB/s)",
                     b.ops->name, b.count, one, plain / one, many, plain / many, (double)b.n * 4 / many);
        }
        kt_free(&rows);
        kt_free(&query);
        kt_free(&out);
    }
}

int main(int argc, char **argv)
{
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        check_level(level);
        check_many(level);
    }
    check_bits();
    check_normalise();
    if (kt_wants_bench(argc, argv))
        run_bench();
    cpu_level_skip_missing();
    return tap_done();
}
