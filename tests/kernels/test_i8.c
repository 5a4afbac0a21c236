/* SPDX-License-Identifier: MIT
 * test_i8.c - integer products at every level against 64-bit sums, to the last bit; with --bench, their speed. */
#include "cpu_level.h"
#include "kernel_test.h"
#include "kernels/i8.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 21, COUNTS = 19 };

/* Kinds of numbers: 0 random, 1 the extremes that a saturating instruction would get wrong. */
static void fill(uint8_t *bytes, size_t n, int kind, uint8_t extreme)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = kind ? extreme : (uint8_t)kt_random();
}

static bool one_case(const cs_i8_ops *ops, size_t n, size_t padding, size_t offset, size_t count, int kind)
{
    const size_t stride = n + padding;
    kt_block query = kt_exact(n, offset), rows = kt_exact((ROWS - 1) * stride + n, offset * 7 % 64);
    kt_block out = kt_canary(count * sizeof(int32_t), 0);
    uint32_t picked[COUNTS];
    int32_t *got = out.at;
    bool pass = true;
    fill(query.at, n, kind, kt_random() % 2 ? 127 : 128);
    fill(rows.at, (ROWS - 1) * stride + n, kind, 255);
    for (size_t i = 0; i < count; i++)
        picked[i] = i == 0 ? ROWS - 1 : kt_random() % ROWS; /* the last row ends where the block ends */
    ops->dot(query.at, rows.at, stride, picked, count, n, got);
    for (size_t i = 0; i < count; i++) {
        int64_t sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += ((const int8_t *)query.at)[j] * ((const uint8_t *)rows.at)[picked[i] * stride + j];
        pass = pass && got[i] == sum;
    }
    const size_t first = ROWS - count; /* a run that ends where the block ends */
    ops->dot_run(query.at, (const uint8_t *)rows.at + first * stride, stride, count, n, got);
    for (size_t i = 0; i < count; i++) {
        int64_t sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += ((const int8_t *)query.at)[j] * ((const uint8_t *)rows.at)[(first + i) * stride + j];
        pass = pass && got[i] == sum;
    }
    pass = pass && kt_canary_lives(&out, count * sizeof(int32_t));
    kt_free(&query);
    kt_free(&rows);
    kt_free(&out);
    return pass;
}

static void check(const cs_i8_ops *ops)
{
    static const size_t lengths[] = {64, 128, 192, 512, 768, 2048, 4096};
    bool pass = true;
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
        for (size_t count = 0; count <= COUNTS; count++)
            for (int kind = 0; kind < 2; kind++)
                for (size_t offset = 0; offset < 64; offset += 21)
                    pass = pass && one_case(ops, lengths[l], count * 3, offset, count, kind);
    TAP_OK(pass, "%s: bit-equal to the sums in 64 bits", ops->name);
    TAP_OK(one_case(ops, CS_I8_MAX, 0, 0, 5, 1), "%s: the longest vector of extremes does not overflow", ops->name);
}

typedef struct work {
    const cs_i8_ops *ops;
    int8_t query[512];
    uint8_t rows[32 * 512];
    uint32_t picked[32];
    int32_t out[32];
} work;

static void run(void *context)
{
    work *w = context;
    w->ops->dot(w->query, w->rows, 512, w->picked, 32, 512, w->out);
}

static void run_in_order(void *context)
{
    work *w = context;
    w->ops->dot_run(w->query, w->rows, 512, 32, 512, w->out);
}

static void bench(const cs_i8_ops *ops)
{
    static work w;
    w.ops = ops;
    for (uint32_t i = 0; i < 32; i++)
        w.picked[i] = i * 7 % 32;
    printf("# %-14s 32 rows of 512 in L1: %.0f ns, one after another %.0f ns\n", ops->name, kt_time(run, &w),
           kt_time(run_in_order, &w));
}

int main(int argc, char **argv)
{
    static const cs_cpu_flags levels[] = {CS_CPU_C, CS_CPU_AVX2, CS_CPU_AVX512, CS_CPU_AVX512VNNI, CS_CPU_NEON};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        const cs_i8_ops *ops = cs_i8_ops_for(levels[i]);
        if (!ops)
            continue;
        check(ops);
        if (kt_wants_bench(argc, argv))
            bench(ops);
    }
    if (!(cs_cpu_highest() & CS_CPU_AVX512VNNI))
        tap_skip("level avx512vnni", "this processor or this build lacks it");
    TAP_OK(cs_i8() == cs_i8_ops_for(cs_cpu_best()), "the best is chosen");
    cpu_level_skip_missing();
    return tap_done();
}
