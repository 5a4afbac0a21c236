/* SPDX-License-Identifier: MIT
 * test_qgemm.c - integer matrix products: every instruction set against C to the bit, C against long integers;
 * quantized rows and weights; with --bench, their speed. */
#include "base/mem.h"
#include "kernel_test.h"
#include "kernels/gemm.h"
#include "kernels/qgemm.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOLS = 2 };
/* the flags of each table; one that the processor lacks is skipped */
enum { LEVELS = 5 };
static const cs_cpu_flags levels[LEVELS] = {CS_CPU_C, CS_CPU_AVX2, CS_CPU_AVXVNNI, CS_CPU_AVX512VNNI, CS_CPU_AMX};
static cs_pool *pools[POOLS]; /* of 1 and 3 threads */

/* A product's data. */
typedef struct problem {
    size_t m, n, k, ldx, ldy;
    float *weights; /* [n, k] */
    kt_block x;     /* [m, ldx] */
    kt_block codes; /* of the weights: exactly as many bytes as they take */
    float *scales;
    int32_t *sums;
    cs_qgemm_weights w;
    kt_block x_codes; /* of the rows, likewise */
    cs_qgemm_row *rows;
    cs_qgemm_rows q;
} problem;

static float normal(void)
{
    float sum = 0;
    for (int i = 0; i < 6; i++)
        sum += kt_float();
    return sum * 0.7f;
}

static bool problem_open(problem *p, size_t m, size_t n, size_t k)
{
    *p = (problem){.m = m, .n = n, .k = k, .ldx = k + m % 3, .ldy = n + k % 4};
    const size_t bytes = cs_qgemm_codes_size(n, k), strips = (n + CS_QGEMM_STRIP - 1) / CS_QGEMM_STRIP;
    p->weights = malloc(n * k * sizeof *p->weights);
    for (size_t i = 0; i < n * k; i++)
        p->weights[i] = i / k % 5 == 4 ? 0 : normal() * 0.1f;
    p->x = kt_exact(((m - 1) * p->ldx + k) * sizeof(float), 4);
    for (size_t i = 0; i < (m - 1) * p->ldx + k; i++)
        ((float *)p->x.at)[i] = normal() * (i % p->ldx % 331 == 7 ? 100.0f : 1.0f);
    p->codes = kt_exact(bytes, 3);
    p->scales = malloc(n * sizeof *p->scales);
    p->sums = malloc(n * sizeof *p->sums);
    const bool packed = cs_qgemm_pack(CS_F32, p->weights, n, k, (cs_qgemm_inputs){.most = CS_QGEMM_CODES}, 0, strips,
                                      p->codes.at, p->scales, p->sums);
    p->w = (cs_qgemm_weights){.n = n, .k = k, .codes = p->codes.at, .scales = p->scales, .sums = p->sums};
    p->x_codes = kt_exact(m * cs_qgemm_stride(k), 1);
    p->rows = malloc(m * sizeof *p->rows);
    p->q = (cs_qgemm_rows){.codes = p->x_codes.at, .rows = p->rows};
    for (size_t i = 0; i < m; i++)
        cs_qgemm_ops_for(CS_CPU_C)->quantize((float *)p->x.at + i * p->ldx, k, CS_QGEMM_CODES,
                                             (uint8_t *)p->x_codes.at + i * cs_qgemm_stride(k), &p->rows[i], NULL);
    return packed;
}

static void problem_close(problem *p)
{
    kt_free(&p->x);
    kt_free(&p->codes);
    kt_free(&p->x_codes);
    free(p->weights);
    free(p->scales);
    free(p->sums);
    free(p->rows);
}

static int code_of(const problem *p, size_t o, size_t i)
{
    const size_t groups = cs_qgemm_stride(p->k) / 4;
    return ((const int8_t *)p->codes.at)[((o / 16 * groups + i / 4) * 16 + o % 16) * 4 + i % 4];
}

/* What AVX2 relies on: no two neighbouring products can pass 16 bits. And each code is near its weight. */
static bool codes_good(const problem *p)
{
    bool good = true;
    for (size_t o = 0; o < p->n; o++) {
        int64_t sum = 0;
        double error = 0, size = 0;
        for (size_t i = 0; i < p->k; i++) {
            const int a = code_of(p, o, i), b = i % 2 == 0 && i + 1 < p->k ? code_of(p, o, i + 1) : 0;
            good &= (a > 0 ? a : 0) + (b > 0 ? b : 0) <= 128 && (a < 0 ? a : 0) + (b < 0 ? b : 0) >= -128;
            sum += a;
            error += pow((double)a * p->scales[o] - p->weights[o * p->k + i], 2);
            size += pow(p->weights[o * p->k + i], 2);
        }
        good &= sum == p->sums[o] && sqrt(error) <= 0.02 * sqrt(size);
    }
    return good;
}

/* A row's values come back within half a step; wide ones within half a step of the scale too. */
static bool rows_good(const problem *p)
{
    for (size_t i = 0; i < p->m; i++) {
        const cs_qgemm_row *row = &p->rows[i];
        const uint8_t *codes = p->q.codes + i * cs_qgemm_stride(p->k);
        for (size_t j = 0; j < p->k; j++) {
            double value = (codes[j] - row->zero) * (double)row->scale;
            for (size_t o = 0; o < row->wide_count; o++)
                if (row->wide[o].at == j)
                    value += (double)row->wide[o].value * row->scale;
            if (!(fabs(value - (double)((float *)p->x.at)[i * p->ldx + j]) <= 1.01 * (double)row->scale))
                return false;
        }
    }
    return true;
}

/* The definition, in 64 bits and without any layout but code_of. */
static bool is_definition(const problem *p, const float *y)
{
    for (size_t i = 0; i < p->m; i++)
        for (size_t o = 0; o < p->n; o++) {
            int64_t sum = -(int64_t)p->rows[i].zero * p->sums[o];
            for (size_t j = 0; j < p->k; j++)
                sum += p->q.codes[i * cs_qgemm_stride(p->k) + j] * code_of(p, o, j);
            for (size_t j = 0; j < p->rows[i].wide_count; j++)
                sum += (int64_t)p->rows[i].wide[j].value * code_of(p, o, p->rows[i].wide[j].at);
            const float want = (float)sum * p->scales[o] * p->rows[i].scale;
            if (!kt_same(&want, &y[i * p->ldy + o], 1))
                return false;
        }
    return true;
}

static kt_block run(const cs_qgemm_ops *ops, const problem *p, cs_pool *pool, bool *alive)
{
    const size_t bytes = ((p->m - 1) * p->ldy + p->n) * sizeof(float);
    kt_block y = kt_canary(bytes, 4);
    memset(y.at, 0, bytes);
    cs_qgemm_with(ops, &p->w, &p->q, p->m, NULL, CS_ACT_NONE, NULL, y.at, p->ldy, pool);
    *alive = kt_canary_lives(&y, bytes);
    return y;
}

static bool same_rows(const cs_qgemm_ops *ops, const problem *p)
{
    bool good = true;
    uint8_t *codes = malloc(cs_qgemm_stride(p->k));
    float *rest = malloc(p->k * sizeof *rest), *want_rest = malloc(p->k * sizeof *rest);
    for (size_t i = 0; i < p->m; i++) {
        const float *x = (float *)p->x.at + i * p->ldx;
        cs_qgemm_row row, same;
        memset(&row, 0, sizeof row);
        cs_qgemm_ops_for(CS_CPU_C)->quantize(x, p->k, CS_QGEMM_CODES, codes, &row, want_rest);
        ops->quantize(x, p->k, CS_QGEMM_CODES, codes, &row, rest);
        good &= kt_same(rest, want_rest, p->k);
        ops->quantize(x, p->k, CS_QGEMM_CODES, codes, &same, NULL);
        good &= memcmp(&row, &same, sizeof row) == 0;
        good &= memcmp(codes, p->q.codes + i * cs_qgemm_stride(p->k), cs_qgemm_stride(p->k)) == 0;
        good &= memcmp(&row, &p->rows[i], sizeof row) == 0;
    }
    free(codes);
    free(rest);
    free(want_rest);
    return good;
}

static bool shape_good(size_t m, size_t n, size_t k, bool *weights, bool *rows)
{
    problem p;
    bool good = problem_open(&p, m, n, k), alive;
    *weights &= codes_good(&p);
    *rows &= rows_good(&p);
    kt_block first = run(cs_qgemm_ops_for(CS_CPU_C), &p, NULL, &alive);
    good &= alive && is_definition(&p, first.at);
    for (unsigned level = 1; level < LEVELS; level++) {
        const cs_qgemm_ops *ops = cs_qgemm_ops_for(levels[level]);
        for (int pool = 0; ops && pool < POOLS; pool++) {
            kt_block y = run(ops, &p, pools[pool], &alive);
            good &= alive && kt_same(first.at, y.at, (m - 1) * p.ldy + n);
            kt_free(&y);
        }
        good &= !ops || same_rows(ops, &p);
    }
    kt_free(&first);
    problem_close(&p);
    return good;
}

/* Mean square of what an image of ones, and one whose brightness falls from left to right, makes of W - W'. */
static double error_of_smooth_images(const float *w, size_t n, size_t channels, size_t side, size_t given_side)
{
    const size_t k = channels * side * side, strips = (n + CS_QGEMM_STRIP - 1) / CS_QGEMM_STRIP;
    int8_t *codes = malloc(cs_qgemm_codes_size(n, k));
    float *scales = malloc(strips * CS_QGEMM_STRIP * sizeof *scales);
    int32_t *sums = malloc(strips * CS_QGEMM_STRIP * sizeof *sums);
    double total = 0;
    cs_qgemm_pack(CS_F32, w, n, k, (cs_qgemm_inputs){.side = given_side, .most = CS_QGEMM_CODES}, 0, strips, codes,
                  scales, sums);
    for (size_t o = 0; o < n; o++) {
        double flat = 0, falling = 0;
        for (size_t i = 0; i < k; i++) {
            const size_t line = o / CS_QGEMM_STRIP * (k / CS_QGEMM_GROUP) + i / CS_QGEMM_GROUP;
            const int8_t code =
                codes[(line * CS_QGEMM_STRIP + o % CS_QGEMM_STRIP) * CS_QGEMM_GROUP + i % CS_QGEMM_GROUP];
            const double error = (double)w[o * k + i] - (double)code * (double)scales[o];
            flat += error;
            falling += error * (1 - 2 * (double)(i % side) / (double)side);
        }
        total += flat * flat + falling * falling;
    }
    free(codes);
    free(scales);
    free(sums);
    return total / (double)n;
}

static void test_images(void)
{
    enum { OUTPUTS = 40, CHANNELS = 3, SIDE = 16, INPUTS = CHANNELS * SIDE * SIDE };
    static float w[OUTPUTS * INPUTS];
    kt_fill(w, OUTPUTS * INPUTS, KT_PLAIN);
    const double each = error_of_smooth_images(w, OUTPUTS, CHANNELS, SIDE, 0);
    const double shared = error_of_smooth_images(w, OUTPUTS, CHANNELS, SIDE, SIDE);
    static int8_t codes[48 * INPUTS];
    static float scales[48];
    static int32_t sums[48];
    bool pairs = true;
    for (size_t i = 0; i < OUTPUTS * INPUTS; i++) /* of one size and mostly of one sign, where the limit counts */
        w[i] = i % 7 ? 1 : -1;
    pairs &= cs_qgemm_pack(CS_F32, w, OUTPUTS, INPUTS, (cs_qgemm_inputs){.side = SIDE, .most = CS_QGEMM_CODES}, 0, 3,
                           codes, scales, sums);
    for (size_t i = 0; i < sizeof codes; i += 2) {
        const int sum = codes[i] + codes[i + 1];
        const bool one_sign = (codes[i] < 0) == (codes[i + 1] < 0);
        pairs &= (!one_sign || abs(sum) <= cs_qgemm_pair(CS_QGEMM_CODES)) && codes[i] != INT8_MIN &&
                 codes[i + 1] != INT8_MIN;
    }
    TAP_OK(pairs, "weights of pixels: two codes of one sign stay within the limit");
    TAP_OK(shared < each / 4, "weights of pixels: smooth images have %.1f times less of the error of rounding",
           each / shared);
}

static void test_shapes(void)
{
    static const size_t sizes[][3] = {{1, 1, 1},      {1, 16, 4},    {2, 17, 5},     {3, 64, 64},
                                      {5, 65, 7},     {6, 80, 33},   {7, 130, 100},  {25, 48, 257},
                                      {50, 70, 1025}, {97, 20, 129}, {13, 96, 2051}, {2, 33, 4096}};
    bool good = true, weights = true, rows = true;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        good &= shape_good(sizes[i][0], sizes[i][1], sizes[i][2], &weights, &rows);
    TAP_OK(weights, "codes of weights: no two neighbouring products pass 16 bits, and they are near the weights");
    TAP_OK(rows, "codes of rows: every value within a step, outliers too");
    TAP_OK(good, "the sums are the definition's, the same bits with every instruction set and any number of threads");
}

/* The largest codes there can be: where a 16-bit sum would saturate, and a 32-bit one be nearly full. */
static void test_extremes(void)
{
    enum { M = 7, N = 32, K = CS_QGEMM_MAX_K };
    int8_t *codes = malloc(cs_qgemm_codes_size(N, K));
    uint8_t *x = malloc((size_t)M * K);
    static float scales[N], want[M * N], y[M * N];
    static int32_t sums[N];
    static cs_qgemm_row rows[M];
    for (size_t i = 0; i < (size_t)N * K; i++)
        codes[i] = (int8_t)(i / 2 % 3 == 0   ? (i % 2 ? 64 : 64)
                            : i / 2 % 3 == 1 ? (i % 2 ? -127 : -1)
                                             : (i % 2 ? 127 : -127));
    memset(x, 255, (size_t)M * K);
    for (size_t o = 0; o < N; o++) {
        scales[o] = 1;
        for (size_t i = 0; i < K; i++)
            sums[o] += codes[((o / 16 * (K / 4) + i / 4) * 16 + o % 16) * 4 + i % 4];
    }
    for (size_t i = 0; i < M; i++) {
        rows[i] = (cs_qgemm_row){.scale = 1, .zero = i % 2 ? 255 : 0, .wide_count = i % 3 ? CS_QGEMM_WIDE : 0};
        for (size_t j = 0; j < CS_QGEMM_WIDE; j++) {
            rows[i].wide[j].at = (uint32_t)(j * 31);
            rows[i].wide[j].value = i % 2 ? CS_QGEMM_WIDE_MOST : -CS_QGEMM_WIDE_MOST;
        }
    }
    const cs_qgemm_weights w = {.n = N, .k = K, .codes = codes, .scales = scales, .sums = sums};
    const cs_qgemm_rows q = {.codes = x, .rows = rows};
    cs_qgemm_with(cs_qgemm_ops_for(CS_CPU_C), &w, &q, M, NULL, CS_ACT_NONE, NULL, want, N, NULL);
    bool good = true;
    for (unsigned level = 1; level < LEVELS; level++)
        if (cs_qgemm_ops_for(levels[level])) {
            cs_qgemm_with(cs_qgemm_ops_for(levels[level]), &w, &q, M, NULL, CS_ACT_NONE, NULL, y, N, NULL);
            good &= kt_same(want, y, (size_t)M * N);
        }
    TAP_OK(good, "the largest codes: no sum saturates or overflows");
    free(codes);
    free(x);
}

static void test_odd_rows(void)
{
    enum { K = 100 };
    float x[K] = {0};
    uint8_t codes[K];
    cs_qgemm_row row;
    bool good = true;
    for (unsigned level = 0; level < LEVELS; level++) {
        const cs_qgemm_ops *ops = cs_qgemm_ops_for(levels[level]);
        if (!ops)
            continue;
        memset(x, 0, sizeof x);
        ops->quantize(x, K, CS_QGEMM_CODES, codes, &row, NULL);
        good &= row.scale == 0 && row.wide_count == 0;
        x[5] = 3; /* one value, a hundred times the mean: it is wide, and the rest has no range */
        ops->quantize(x, K, CS_QGEMM_CODES, codes, &row, NULL);
        good &= row.wide_count == 1 && row.wide[0].at == 5 && fabsf((float)row.wide[0].value * row.scale - 3) < 1e-5f &&
                codes[0] == row.zero;
        x[5] = 1e-42f;
        ops->quantize(x, K, CS_QGEMM_CODES, codes, &row, NULL);
        good &= row.scale == 0 && codes[5] == 0;
        x[5] = NAN;
        ops->quantize(x, K, CS_QGEMM_CODES, codes, &row, NULL);
        good &= row.scale != row.scale;
        x[5] = INFINITY;
        ops->quantize(x, K, CS_QGEMM_CODES, codes, &row, NULL);
        good &= row.scale != row.scale;
        for (int i = 0; i < K; i++)
            x[i] = i % 3 ? 0.0f : FLT_MAX / 200 * (i % 2 ? 1.0f : -1.0f);
        ops->quantize(x, K, CS_QGEMM_CODES, codes, &row, NULL);
        good &= fabsf((float)(codes[3] - row.zero) * row.scale / x[3] - 1) < 0.01f;
    }
    TAP_OK(good, "rows of zeros, of one value, of tiny ones, of huge ones, and with NaN or infinity");
    float weights[16] = {1, NAN};
    int8_t packed[256];
    float scale[4];
    int32_t sum[4];
    TAP_OK(!cs_qgemm_pack(CS_F32, weights, 4, 4, (cs_qgemm_inputs){.most = CS_QGEMM_CODES}, 0, 1, packed, scale, sum),
           "a weight that is no number is refused");
}

/* Rows in two steps of 7 bits are 50 times as near to the floats as those of 8, and have the same bits in any batch,
 * with any number of threads and at any level. */
static void test_rest(void)
{
    enum { M = 9, N = 70, K = 200 };
    problem p;
    problem_open(&p, M, N, K);
    const size_t stride = cs_qgemm_stride(K);
    static uint8_t codes[(M + M) * K];
    static cs_qgemm_row rows[M + M];
    static float want[M * N], y[M * N], plain[M * N];
    const float *x = p.x.at;
    double error[2] = {0};
    const cs_qgemm_rows q = {.codes = codes, .rows = rows, .rest = M};
    bool good = stride == K;
    for (unsigned level = 0; level < LEVELS; level++) {
        const cs_qgemm_ops *ops = cs_qgemm_ops_for(levels[level]);
        if (!ops)
            continue;
        for (size_t i = 0; i < M; i++)
            cs_qgemm_quantize_row(ops, x + i * p.ldx, K, &q, i);
        cs_qgemm_with(ops, &p.w, &q, M, NULL, CS_ACT_NONE, NULL, level ? y : want, N, pools[level % 2]);
        good &= level == 0 || kt_same(want, y, (size_t)M * N);
        for (size_t i = 0; i < M; i++) { /* a row by itself */
            cs_qgemm_quantize_row(ops, x + i * p.ldx, K, &(cs_qgemm_rows){.codes = codes, .rows = rows, .rest = 3}, 0);
            cs_qgemm_with(ops, &p.w, &(cs_qgemm_rows){.codes = codes, .rows = rows, .rest = 3}, 1, NULL, CS_ACT_NONE,
                          NULL, y, N, NULL);
            good &= kt_same(want + i * N, y, N);
        }
    }
    TAP_OK(good, "rows in two steps: the same bits in every way");
    cs_qgemm(&p.w, &p.q, M, NULL, CS_ACT_NONE, NULL, plain, N, NULL);
    for (size_t i = 0; i < M; i++)
        for (size_t o = 0; o < N; o++) {
            double sum = 0;
            for (size_t k = 0; k < K; k++)
                sum += (double)x[i * p.ldx + k] * code_of(&p, o, k) * p.w.scales[o];
            error[0] += fabs(plain[i * N + o] - sum);
            error[1] += fabs(want[i * N + o] - sum);
        }
    TAP_OK(error[1] < error[0] / 50, "and %.0f times as near", error[0] / error[1]);
    problem_close(&p);
}

/* Weights and rows whose codes are as great as they get, all of one sign or of both: no level saturates, also where
 * weights have no limit on pairs because rows have 7 bits. And such weights are nearer to the floats. */
static void test_greatest(void)
{
    enum { M = 3, N = 20, K = 70 };
    static float w[N * K], x[M * K], want[M * N], y[M * N], scales[32];
    static int8_t codes[32 * 72];
    static int32_t sums[32];
    static uint8_t row_codes[2 * M * 72];
    static cs_qgemm_row rows[2 * M];
    bool same = true, exact = true;
    for (int two_steps = 0; two_steps < 2; two_steps++)
        for (size_t signs = 1; signs < 4; signs++) {
            for (size_t i = 0; i < N * K; i++)
                w[i] = (i / K + i) % signs ? -1 : 1;
            for (size_t i = 0; i < M * K; i++)
                x[i] = (i % K + i / K) % signs == 1 ? 0 : 1; /* codes 0 and the greatest */
            cs_qgemm_pack(CS_F32, w, N, K, (cs_qgemm_inputs){.most = cs_qgemm_most(two_steps)}, 0, 2, codes, scales,
                          sums);
            const cs_qgemm_weights weights = {.n = N, .k = K, .codes = codes, .scales = scales, .sums = sums};
            const cs_qgemm_rows q = {.codes = row_codes, .rows = rows, .rest = two_steps ? M : 0};
            for (unsigned level = 0; level < LEVELS; level++) {
                const cs_qgemm_ops *ops = cs_qgemm_ops_for(levels[level]);
                for (size_t i = 0; ops && i < M; i++)
                    cs_qgemm_quantize_row(ops, x + i * K, K, &q, i);
                if (ops)
                    cs_qgemm_with(ops, &weights, &q, M, NULL, CS_ACT_NONE, NULL, level ? y : want, N, NULL);
                same &= level == 0 || !ops || kt_same(want, y, (size_t)M * N);
            }
            for (size_t i = 0; i < M * N; i++) {
                double sum = 0;
                for (size_t k = 0; k < K; k++)
                    sum += (double)x[i / N * K + k] * w[i % N * K + k];
                exact &= fabs(want[i] - sum) < 1e-3 * K;
            }
        }
    TAP_OK(same && exact, "the greatest codes of weights and rows: no level saturates");
    double error[2] = {0};
    static float normal[N * K];
    kt_fill(normal, N * K, KT_PLAIN);
    for (int two_steps = 0; two_steps < 2; two_steps++) {
        cs_qgemm_pack(CS_F32, normal, N, K, (cs_qgemm_inputs){.most = cs_qgemm_most(two_steps)}, 0, 2, codes, scales,
                      sums);
        for (size_t o = 0; o < N; o++)
            for (size_t k = 0; k < K; k++) {
                const int8_t code = codes[((o / 16 * 18 + k / 4) * 16 + o % 16) * 4 + k % 4];
                const double off = (double)normal[o * K + k] - (double)code * (double)scales[o];
                error[two_steps] += off * off;
            }
    }
    TAP_OK(error[1] < error[0] * 0.8, "weights for rows in two steps have %.2f of the squared error",
           error[1] / error[0]);
}

/* y has what is in `residual` before, and may be it. */
static bool finished(const cs_qgemm_ops *ops, const problem *p, const float *plain, const float *bias,
                     cs_activation act, bool adds, const float residual[9 * 80])
{
    static float y[9 * 80];
    bool good = true;
    memcpy(y, residual, sizeof y);
    cs_qgemm_with(ops, &p->w, &p->q, p->m, bias, act, adds ? y : NULL, y, 80, pools[1]);
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < 80; j++) {
            float want = plain[i * 80 + j];
            if (bias && j < p->n)
                want += bias[j];
            if (act == CS_ACT_QUICK_GELU)
                cs_act()->quick_gelu(&want, 1);
            if (adds)
                want += residual[i * 80 + j];
            good &= kt_same(j < p->n ? &want : &residual[i * 80 + j], &y[i * 80 + j], 1);
        }
    return good;
}

/* All that can be done to a sum, of outputs that do not fill the last vector. */
static void test_finish(void)
{
    problem p;
    problem_open(&p, 9, 70, 40);
    static float plain[9 * 80], bias[70], residual[9 * 80];
    for (size_t i = 0; i < 70; i++)
        bias[i] = kt_float();
    for (size_t i = 0; i < 9 * 80; i++)
        residual[i] = kt_float();
    cs_qgemm(&p.w, &p.q, p.m, NULL, CS_ACT_NONE, NULL, plain, 80, pools[1]);
    bool good = true;
    size_t count = 0;
    for (size_t level = 0; level < LEVELS; level++) {
        const cs_qgemm_ops *ops = cs_qgemm_ops_for(levels[level]);
        for (int all = 0; ops && all < 8; all++, count++)
            good &= finished(ops, &p, plain, all & 1 ? bias : NULL, all & 2 ? CS_ACT_QUICK_GELU : CS_ACT_NONE, all & 4,
                             residual);
    }
    TAP_OK(good && count, "bias, activation and residual, as the float product has them: %zu ways", count);
    problem_close(&p);
}

/* ---- speed ---- */

typedef struct timed {
    const cs_qgemm_ops *ops;
    problem p;
    float *y;
} timed;

static void run_multiply(void *context)
{
    timed *t = context;
    cs_qgemm_with(t->ops, &t->p.w, &t->p.q, t->p.m, NULL, CS_ACT_NONE, NULL, t->y, t->p.ldy, NULL);
}

static void run_quantize(void *context)
{
    timed *t = context;
    for (size_t i = 0; i < t->p.m; i++)
        t->ops->quantize((float *)t->p.x.at + i * t->p.ldx, t->p.k, CS_QGEMM_CODES,
                         (uint8_t *)t->p.x_codes.at + i * cs_qgemm_stride(t->p.k), &t->p.rows[i], NULL);
}

static void bench(void)
{
    static const size_t shapes[][3] = {{5, 512, 512},   {5, 2048, 512},  {50, 768, 768},   {50, 3072, 768},
                                       {50, 768, 3072}, {400, 768, 768}, {400, 3072, 768}, {400, 768, 3072}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (unsigned level = 1; level < LEVELS; level++) {
            timed t = {.ops = cs_qgemm_ops_for(levels[level])};
            if (!t.ops)
                continue;
            problem_open(&t.p, shapes[s][0], shapes[s][1], shapes[s][2]);
            t.y = malloc(t.p.m * t.p.ldy * sizeof *t.y);
            const double ns = kt_time(run_multiply, &t), rows = kt_time(run_quantize, &t);
            printf("# %-18s %4zu x %4zu x %4zu: %6.1f multiplications a ns; quantizing a row %6.0f ns\n", t.ops->name,
                   t.p.m, t.p.n, t.p.k, (double)(t.p.m * t.p.n * t.p.k) / ns, rows / (double)t.p.m);
            free(t.y);
            problem_close(&t.p);
        }
}

int main(int argc, char **argv)
{
    cs_pool_open(1, &pools[0], NULL);
    cs_pool_open(3, &pools[1], NULL);
    static const char *const names[LEVELS] = {"c", "avx2", "avxvnni", "avx512vnni", "amx"};
    for (unsigned level = 0; level < LEVELS; level++)
        if (!cs_qgemm_ops_for(levels[level])) {
            char what[64];
            snprintf(what, sizeof what, "level %s", names[level]);
            tap_skip(what, "this processor or this build lacks it");
        }
    test_shapes();
    test_extremes();
    test_odd_rows();
    test_rest();
    test_images();
    test_greatest();
    test_finish();
    if (kt_wants_bench(argc, argv))
        bench();
    for (int i = 0; i < POOLS; i++)
        cs_pool_close(&pools[i]);
    return tap_done();
}
