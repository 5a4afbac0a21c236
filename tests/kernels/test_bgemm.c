/* SPDX-License-Identifier: MIT
 * test_bgemm.c - products in bf16: C against long floats within a derived bound, every instruction set against C;
 * rounded rows and weights; with --bench, their speed. */
#include "base/half.h"
#include "kernel_test.h"
#include "kernels/bgemm.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOLS = 2, LEVELS = 4, AMX = 3 };
static const cs_cpu_flags levels[LEVELS] = {CS_CPU_C, CS_CPU_AVX2 | CS_CPU_AVX512,
                                            CS_CPU_AVX2 | CS_CPU_AVX512 | CS_CPU_AVX512BF16,
                                            CS_CPU_AVX512BF16 | CS_CPU_AMX};
static const char *const names[LEVELS] = {"c", "avx512", "avx512bf16", "amx"};
static cs_pool *pools[POOLS]; /* of 1 and 3 threads */

/* A product's data. */
typedef struct problem {
    size_t m, n, k, ldy;
    float *weights; /* [n, k] */
    float *x;       /* [m, k] */
    kt_block pairs; /* of the weights: exactly as many bytes as they take */
    cs_bgemm_weights w;
    kt_block rows; /* of x, likewise */
} problem;

static void round_rows(const cs_bgemm_ops *ops, const float *x, size_t m, size_t k, uint16_t *rows)
{
    const size_t stride = cs_bgemm_stride(k);
    memset(rows, 0, m * stride * sizeof *rows);
    for (size_t i = 0; i < m; i++)
        ops->round(x + i * k, k, rows + i * stride);
}

static bool problem_open(problem *p, size_t m, size_t n, size_t k, kt_kind kind)
{
    *p = (problem){.m = m, .n = n, .k = k, .ldy = n + k % 4};
    p->weights = malloc(n * k * sizeof *p->weights);
    kt_fill(p->weights, n * k, kind == KT_LARGE ? KT_PLAIN : kind);
    p->x = malloc(m * k * sizeof *p->x);
    kt_fill(p->x, m * k, kind);
    p->pairs = kt_exact(cs_bgemm_pairs_size(n, k), 2);
    p->rows = kt_exact(m * cs_bgemm_stride(k) * sizeof(uint16_t), 2);
    round_rows(cs_bgemm_ops_for(CS_CPU_C), p->x, m, k, p->rows.at);
    p->w = (cs_bgemm_weights){.n = n, .k = k, .pairs = p->pairs.at};
    return cs_bgemm_pack(CS_F32, p->weights, n, k, 0, (n + CS_PANEL_STRIP - 1) / CS_PANEL_STRIP, p->pairs.at);
}

static void problem_close(problem *p)
{
    kt_free(&p->pairs);
    kt_free(&p->rows);
    free(p->weights);
    free(p->x);
}

static double rounded(float x)
{
    return fabsf(x) < FLT_MIN ? 0 : (double)cs_float_from_bf16(cs_bf16_from_float(x));
}

/* Weights come back rounded, and the rest of the layout is zeros. */
static bool weights_good(const problem *p)
{
    float *back = malloc(p->n * p->k * sizeof *back);
    cs_bgemm_unpack(&p->w, back);
    bool good = true;
    for (size_t i = 0; i < p->n * p->k; i++)
        good &= (double)back[i] == rounded(p->weights[i]);
    const size_t pairs = cs_bgemm_stride(p->k) / 2, strips = (p->n + 15) / 16;
    for (size_t s = 0; s < strips; s++)
        for (size_t i = 0; i < pairs * 32; i++)
            if (s * 16 + i % 32 / 2 >= p->n || i / 32 * 2 + i % 2 >= p->k)
                good &= p->w.pairs[s * pairs * 32 + i] == 0;
    free(back);
    return good;
}

/* Each of 2 ceil(k / 2) sums is rounded once, and products are exact: an error of at most k + 1 roundings of the sum of
 * sizes (Higham, Accuracy and Stability of Numerical Algorithms, 3.1), and what counts as zero. */
static bool is_near(const problem *p, const float *y)
{
    bool good = true;
    for (size_t i = 0; i < p->m; i++)
        for (size_t o = 0; o < p->n; o++) {
            long double sum = 0, sizes = 0;
            for (size_t j = 0; j < p->k; j++) {
                const long double product =
                    (long double)rounded(p->x[i * p->k + j]) * rounded(p->weights[o * p->k + j]);
                sum += product;
                sizes += fabsl(product);
            }
            const long double steps = (long double)(p->k + 1) * FLT_EPSILON / 2;
            const long double bound = steps / (1 - steps) * sizes + (long double)(2 * p->k + 2) * FLT_MIN;
            good &= fabsl((long double)y[i * p->ldy + o] - sum) <= bound;
        }
    return good;
}

static kt_block run(const cs_bgemm_ops *ops, const problem *p, cs_pool *pool, bool *alive)
{
    const size_t bytes = ((p->m - 1) * p->ldy + p->n) * sizeof(float);
    kt_block y = kt_canary(bytes, 4);
    memset(y.at, 0, bytes);
    cs_bgemm_with(ops, &p->w, p->rows.at, p->m, NULL, CS_ACT_NONE, NULL, y.at, p->ldy, pool);
    *alive = kt_canary_lives(&y, bytes);
    return y;
}

static bool same_rows(const cs_bgemm_ops *ops, const problem *p)
{
    const size_t bytes = p->m * cs_bgemm_stride(p->k) * sizeof(uint16_t);
    uint16_t *rows = malloc(bytes);
    round_rows(ops, p->x, p->m, p->k, rows);
    const bool good = memcmp(rows, p->rows.at, bytes) == 0;
    free(rows);
    return good;
}

/* One row of many alone: the same bits. */
static bool same_alone(const cs_bgemm_ops *ops, const problem *p, const float *y)
{
    const size_t i = p->m / 2;
    float *one = malloc(p->n * sizeof *one);
    cs_bgemm_with(ops, &p->w, (uint16_t *)p->rows.at + i * cs_bgemm_stride(p->k), 1, NULL, CS_ACT_NONE, NULL, one, p->n,
                  NULL);
    const bool good = kt_same(one, y + i * p->ldy, p->n);
    free(one);
    return good;
}

static const size_t sizes[][3] = {{1, 1, 1},     {1, 16, 2},    {2, 17, 5},    {3, 64, 64},   {5, 65, 7},
                                  {6, 80, 33},   {7, 130, 100}, {25, 48, 257}, {20, 70, 513}, {97, 20, 129},
                                  {100, 33, 40}, {7, 33, 1027}, {2, 18, 4096}};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void test_c(void)
{
    bool weights = true, near = true;
    for (size_t i = 0; i < SIZES; i++)
        for (int kind = 0; kind < KT_KINDS; kind++) {
            problem p;
            bool alive;
            weights &= problem_open(&p, sizes[i][0], sizes[i][1], sizes[i][2], (kt_kind)kind) && weights_good(&p);
            kt_block y = run(cs_bgemm_ops_for(CS_CPU_C), &p, NULL, &alive);
            near &= alive && is_near(&p, y.at);
            kt_free(&y);
            problem_close(&p);
        }
    TAP_OK(weights, "weights come back rounded to bf16, and behind them are zeros");
    TAP_OK(near, "C is within the bound of its roundings");
}

/* What tdpbf16ps does (Intel SDM volume 2): of 32 inputs the even ones and the odd ones are summed by themselves, and
 * both sums are added to the sum so far. */
static void sum_as_amx(const problem *p, float *y)
{
    enum { INPUTS = 32 };
    for (size_t i = 0; i < p->m; i++)
        for (size_t o = 0; o < p->n; o++) {
            float sum = 0;
            for (size_t j = 0; j < p->k; j += INPUTS) {
                float part[2] = {0, 0};
                for (size_t l = j; l < j + INPUTS && l < p->k; l++) {
                    const float product = (float)(rounded(p->x[i * p->k + l]) * rounded(p->weights[o * p->k + l]));
                    part[l % 2] += product;
                }
                const float both = part[0] + part[1];
                sum += both;
            }
            y[i * p->ldy + o] = sum;
        }
}

static void test_level(unsigned level)
{
    const cs_bgemm_ops *ops = cs_bgemm_ops_for(levels[level]);
    bool rows = true, near = true, same = true, alone = true;
    for (size_t i = 0; i < SIZES; i++)
        for (int kind = 0; kind < KT_KINDS; kind++) {
            problem p;
            bool alive;
            problem_open(&p, sizes[i][0], sizes[i][1], sizes[i][2], (kt_kind)kind);
            rows &= same_rows(ops, &p);
            kt_block c = run(cs_bgemm_ops_for(CS_CPU_C), &p, NULL, &alive), first = run(ops, &p, NULL, &alive);
            near &= alive && is_near(&p, first.at);
            if (level == AMX)
                sum_as_amx(&p, c.at);
            if (kind != KT_TINY) /* whose sums count as zeros in one and not in the other */
                same &= kt_same(c.at, first.at, (p.m - 1) * p.ldy + p.n);
            for (int pool = 0; pool < POOLS; pool++) {
                kt_block y = run(ops, &p, pools[pool], &alive);
                alone &= alive && kt_same(first.at, y.at, (p.m - 1) * p.ldy + p.n);
                kt_free(&y);
            }
            alone &= same_alone(ops, &p, first.at);
            kt_free(&c);
            kt_free(&first);
            problem_close(&p);
        }
    TAP_OK(rows, "%s: rows are rounded as C does it", ops->name);
    TAP_OK(near, "%s: within the bound of its roundings", ops->name);
    TAP_OK(same,
           level == AMX ? "%s: the order of tdpbf16ps, where no number is below the smallest normal one"
                        : "%s: the same bits as C, where no number is below the smallest normal one",
           ops->name);
    TAP_OK(alone, "%s: the same bits in any batch and with any number of threads", ops->name);
}

/* Between the levels for numbers below the smallest normal one too, because a product takes one or the other by the
 * number of its rows. */
static void test_tiny(void)
{
    const cs_bgemm_ops *floats = cs_bgemm_ops_for(levels[1]), *pairs = cs_bgemm_ops_for(levels[2]);
    bool same = true, alive;
    if (!floats || !pairs || floats == pairs) {
        tap_skip("tiny numbers", "this processor or this build lacks AVX512-BF16");
        return;
    }
    for (size_t i = 0; i < SIZES; i++)
        for (int kind = 0; kind < KT_KINDS; kind++) {
            problem p;
            problem_open(&p, sizes[i][0], sizes[i][1], sizes[i][2], (kt_kind)kind);
            kt_block a = run(floats, &p, NULL, &alive), b = run(pairs, &p, NULL, &alive);
            same &= kt_same(a.at, b.at, (p.m - 1) * p.ldy + p.n);
            kt_free(&a);
            kt_free(&b);
            problem_close(&p);
        }
    TAP_OK(same, "as floats and by vdpbf16ps: the same bits, tiny numbers too");
}

static void test_odd_numbers(void)
{
    const float from[] = {NAN,   INFINITY,    -INFINITY,   FLT_MAX, FLT_MIN, FLT_MIN / 2, -FLT_MIN / 2,
                          -0.0f, 1.00390625f, 1.01171875f, 3.0e38f, 1e-45f,  1,           -1,
                          2,     3,           4,           5};
    const uint16_t want[] = {0x7fc0, 0x7f80, 0xff80, 0x7f80, 0x0080, 0,      0x8000, 0x8000, 0x3f80,
                             0x3f82, 0x7f62, 0,      0x3f80, 0xbf80, 0x4000, 0x4040, 0x4080, 0x40a0};
    enum { COUNT = sizeof want / sizeof *want };
    for (unsigned level = 0; level < LEVELS; level++) {
        const cs_bgemm_ops *ops = cs_bgemm_ops_for(levels[level]);
        uint16_t to[COUNT + 1];
        to[COUNT] = 0x1234;
        if (!ops)
            continue;
        ops->round(from, COUNT, to);
        TAP_OK(memcmp(to, want, sizeof want) == 0 && to[COUNT] == 0x1234,
               "%s: NaN, infinity, ties, and numbers too small", ops->name);
    }
    float weights[4] = {1, NAN, 2, 3};
    uint16_t pairs[64];
    TAP_OK(!cs_bgemm_pack(CS_F32, weights, 2, 2, 0, 1, pairs), "a weight that is no number is refused");
    weights[1] = FLT_MAX;
    TAP_OK(!cs_bgemm_pack(CS_F32, weights, 2, 2, 0, 1, pairs), "and one that bf16 cannot hold");
    TAP_OK(cs_bgemm_pairs_size(SIZE_MAX - 3, 8) == 0 && cs_bgemm_pairs_size(1 << 20, SIZE_MAX / 2) == 0,
           "sizes that overflow");
}

static void test_finish(void)
{
    problem p;
    problem_open(&p, 9, 70, 41, KT_PLAIN);
    static float plain[9 * 80], y[9 * 80], bias[70], residual[9 * 80];
    static uint16_t rows[9 * 42];
    for (size_t i = 0; i < 70; i++)
        bias[i] = kt_float();
    for (size_t i = 0; i < 9 * 80; i++)
        residual[i] = y[i] = kt_float();
    cs_bgemm_round(p.x, p.k, p.m, p.k, rows, pools[1]);
    bool good = memcmp(rows, p.rows.at, sizeof rows) == 0;
    cs_bgemm(&p.w, rows, p.m, NULL, CS_ACT_NONE, NULL, plain, 80, pools[1]);
    cs_bgemm(&p.w, rows, p.m, bias, CS_ACT_QUICK_GELU, y, y, 80, pools[1]);
    for (size_t i = 0; i < p.m; i++)
        for (size_t j = 0; j < p.n; j++) {
            float want = plain[i * 80 + j] + bias[j];
            cs_act()->quick_gelu(&want, 1);
            want += residual[i * 80 + j];
            good &= kt_same(&want, &y[i * 80 + j], 1);
        }
    TAP_OK(good, "bias, activation and residual, as the float product has them");
    problem_close(&p);
}

/* ---- speed ---- */

typedef struct timed {
    const cs_bgemm_ops *ops;
    problem p;
    float *y;
} timed;

static void run_multiply(void *context)
{
    timed *t = context;
    cs_bgemm_with(t->ops, &t->p.w, t->p.rows.at, t->p.m, NULL, CS_ACT_NONE, NULL, t->y, t->p.ldy, NULL);
}

static void bench(void)
{
    static const size_t shapes[][3] = {{5, 512, 512},   {5, 2048, 512},  {50, 768, 768},   {50, 3072, 768},
                                       {50, 768, 3072}, {400, 768, 768}, {400, 3072, 768}, {400, 768, 3072}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (unsigned level = 1; level < LEVELS; level++) {
            timed t = {.ops = cs_bgemm_ops_for(levels[level])};
            if (!t.ops)
                continue;
            problem_open(&t.p, shapes[s][0], shapes[s][1], shapes[s][2], KT_PLAIN);
            t.y = malloc(t.p.m * t.p.ldy * sizeof *t.y);
            const double ns = kt_time(run_multiply, &t);
            printf("# %-18s %4zu x %4zu x %4zu: %6.1f multiplications a ns\n", t.ops->name, t.p.m, t.p.n, t.p.k,
                   (double)(t.p.m * t.p.n * t.p.k) / ns);
            free(t.y);
            problem_close(&t.p);
        }
}

int main(int argc, char **argv)
{
    cs_pool_open(1, &pools[0], NULL);
    cs_pool_open(3, &pools[1], NULL);
    test_c();
    for (unsigned level = 1; level < LEVELS; level++)
        if (cs_bgemm_ops_for(levels[level]))
            test_level(level);
        else
            tap_skip(names[level], "this processor or this build lacks this level");
    test_tiny();
    test_odd_numbers();
    test_finish();
    if (kt_wants_bench(argc, argv))
        bench();
    for (int i = 0; i < POOLS; i++)
        cs_pool_close(&pools[i]);
    return tap_done();
}
