/* SPDX-License-Identifier: MIT
 * test_qconv.c - the inner loop of convolutions in 8 bits: every instruction set against C to the bit, C against long
 * integers and against what was quantized; with --bench, its speed. */
#include "kernel_test.h"
#include "kernels/qconv.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* the flags of each table; one that the processor lacks is skipped */
enum { LEVELS = 5 };
static const cs_cpu_flags levels[LEVELS] = {CS_CPU_C, CS_CPU_AVX2, CS_CPU_AVXVNNI, CS_CPU_AVX512VNNI, CS_CPU_AMX};

static void *must(void *block)
{
    if (!block)
        abort();
    return block;
}

/* One call's data, each run in a block of its own. */
typedef struct problem {
    size_t runs, run, rows, outputs, rounded, ldy;
    kt_block *x;            /* [runs * rows] */
    const uint8_t **starts; /* the same, as the kernel expects them */
    kt_block together;      /* for kernels that expect them so */
    kt_block codes;         /* of the weights: exactly as many bytes as they take */
    float *scales, *bias;
    int32_t *sums;
    cs_qconv_scale *inputs;
    kt_block residual;
} problem;

typedef struct variant {
    bool residual;
    float low, high;
} variant;

static size_t y_floats(const problem *p)
{
    return (p->rows - 1) * p->ldy + p->outputs;
}

static size_t apart_of(const problem *p)
{
    return p->runs * p->run + p->rows % 3 * 5;
}

/* `full`: the largest codes there can be, of one sign: where a 16-bit sum would saturate. */
static void problem_open(problem *p, size_t runs, size_t run, size_t rows, size_t outputs, bool full)
{
    const size_t k = runs * run;
    const int32_t most = runs == 1 ? CS_QCONV_POINT_CODES : CS_QCONV_CODES;
    *p = (problem){.runs = runs, .run = run, .rows = rows, .outputs = outputs, .ldy = outputs + rows % 4};
    p->rounded = (outputs + 15) / 16 * 16;
    p->x = must(calloc(runs * rows, sizeof *p->x));
    p->starts = must(calloc(runs * rows, sizeof *p->starts));
    for (size_t i = 0; i < runs * rows; i++) {
        p->x[i] = kt_exact(run, i % 4);
        for (size_t c = 0; c < run; c++)
            ((uint8_t *)p->x[i].at)[c] = (uint8_t)(full ? most : (int32_t)(kt_random() % (unsigned)(most + 1)));
        p->starts[i] = p->x[i].at;
    }
    p->together = kt_exact((rows - 1) * apart_of(p) + k, 1);
    cs_qconv_gather(p->starts, runs, run, rows, p->together.at, apart_of(p));
    float *weights = must(calloc(outputs * k, sizeof *weights));
    for (size_t i = 0; i < outputs * k; i++)
        weights[i] = full ? (i / k % 2 ? -1 : 1) : kt_float() * (i / k % 5 == 4 ? 0 : 1);
    p->codes = kt_exact(cs_qgemm_codes_size(outputs, k), 3);
    p->scales = must(calloc(p->rounded, sizeof *p->scales));
    p->bias = must(calloc(p->rounded, sizeof *p->bias));
    p->sums = must(calloc(p->rounded, sizeof *p->sums));
    if (!cs_qgemm_pack(CS_F32, weights, outputs, k, (cs_qgemm_inputs){.most = most}, 0, p->rounded / 16, p->codes.at,
                       p->scales, p->sums))
        abort();
    free(weights);
    kt_fill(p->bias, outputs, KT_PLAIN);
    p->inputs = must(calloc(rows, sizeof *p->inputs));
    for (size_t i = 0; i < rows; i++)
        p->inputs[i] = (cs_qconv_scale){
            .scale = 0.01f + 0.001f * (float)i, .zero = full ? 0 : (int32_t)i * 37 % (most + 1), .most = most};
    p->residual = kt_exact(y_floats(p) * 4, 4);
    kt_fill(p->residual.at, y_floats(p), KT_PLAIN);
}

static void problem_close(problem *p)
{
    for (size_t i = 0; i < p->runs * p->rows; i++)
        kt_free(&p->x[i]);
    free(p->x);
    free(p->starts);
    kt_free(&p->together);
    kt_free(&p->codes);
    free(p->scales);
    free(p->bias);
    free(p->sums);
    free(p->inputs);
    kt_free(&p->residual);
}

/* All rows into a new block; true when the gaps between rows and the bytes behind stayed. */
static bool run_call(const cs_qconv_ops *ops, const problem *p, variant how, kt_block *y)
{
    *y = kt_canary(y_floats(p) * 4, 4);
    for (size_t i = 0; i < y_floats(p); i++)
        ((float *)y->at)[i] = 7;
    const cs_qconv_call call = {.starts = ops->together ? NULL : p->starts,
                                .together = ops->together ? p->together.at : NULL,
                                .apart = apart_of(p),
                                .runs = p->runs,
                                .run = p->run,
                                .rows = p->rows,
                                .outputs = p->outputs,
                                .codes = p->codes.at,
                                .scales = p->scales,
                                .sums = p->sums,
                                .bias = p->bias,
                                .inputs = p->inputs,
                                .residual = how.residual ? p->residual.at : NULL,
                                .y = y->at,
                                .ldy = p->ldy,
                                .low = how.low,
                                .high = how.high};
    ops->multiply(&call);
    bool good = kt_canary_lives(y, y_floats(p) * 4);
    for (size_t i = 0; i + 1 < p->rows; i++)
        for (size_t j = p->outputs; j < p->ldy; j++)
            good &= ((float *)y->at)[i * p->ldy + j] == 7;
    return good;
}

static int code_of(const problem *p, size_t o, size_t i)
{
    const size_t groups = p->runs * p->run / 4;
    return ((const int8_t *)p->codes.at)[((o / 16 * groups + i / 4) * 16 + o % 16) * 4 + i % 4];
}

/* The definition, in 64 bits and without any layout but code_of. */
static bool is_definition(const problem *p, const float *y, variant how)
{
    for (size_t i = 0; i < p->rows; i++)
        for (size_t o = 0; o < p->outputs; o++) {
            int64_t sum = 0;
            for (size_t r = 0; r < p->runs; r++)
                for (size_t c = 0; c < p->run; c++)
                    sum += (p->starts[r * p->rows + i][c] - p->inputs[i].zero) * code_of(p, o, r * p->run + c);
            float want = (float)sum * p->scales[o] * p->inputs[i].scale + p->bias[o];
            if (how.residual)
                want += ((float *)p->residual.at)[i * p->ldy + o];
            want = want < how.low ? how.low : want > how.high ? how.high : want;
            if (y[i * p->ldy + o] != want)
                return false;
        }
    return true;
}

static bool shape_good(size_t runs, size_t run, size_t rows, size_t outputs, bool full)
{
    static const variant variants[] = {{false, -INFINITY, INFINITY}, {true, 0, INFINITY}, {false, 0, 6}};
    problem p;
    problem_open(&p, runs, run, rows, outputs, full);
    bool good = true;
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
        kt_block first;
        good &=
            run_call(cs_qconv_ops_for(CS_CPU_C), &p, variants[v], &first) && is_definition(&p, first.at, variants[v]);
        for (int level = 1; level < LEVELS; level++) {
            const cs_qconv_ops *ops = cs_qconv_ops_for(levels[level]);
            kt_block y;
            if (!ops)
                continue;
            good &= run_call(ops, &p, variants[v], &y) && kt_same(first.at, y.at, y_floats(&p));
            kt_free(&y);
        }
        kt_free(&first);
    }
    problem_close(&p);
    return good;
}

static void test_shapes(void)
{
    static const size_t sizes[][4] = {{1, 4, 1, 1},      {1, 8, 2, 16},   {9, 4, 5, 17},   {1, 64, 6, 64},
                                      {9, 64, 13, 33},   {1, 100, 7, 48}, {4, 36, 96, 63}, {9, 416, 11, 64},
                                      {1, 1600, 25, 20}, {2, 388, 3, 50}};
    bool good = true;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        good &= shape_good(sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], false);
    TAP_OK(good, "the results are the definition's, the same bits with every instruction set");
    good = true;
    for (size_t rows = 1; rows <= 26; rows++)
        for (size_t outputs = 16; outputs <= 64; outputs += 16)
            good &= shape_good(2, 8, rows, outputs, false);
    TAP_OK(good, "for every height of a tile");
    TAP_OK(shape_good(1, CS_QGEMM_MAX_K, 3, 32, true) && shape_good(9, 1820, 2, 64, true),
           "with the largest codes and the most inputs");
}

/* Rows of values, apart from each other, and what one instruction set makes of them. */
enum { VALUE_ROWS = 7 };
typedef struct values {
    size_t n, apart, run;
    kt_block x, sums, codes;
    float ranges[VALUE_ROWS][2];
    cs_qconv_scale scales[VALUE_ROWS];
} values;

static const float *values_row(const values *v, size_t row)
{
    return (const float *)v->x.at + row * v->apart;
}

static bool values_take(values *v, const cs_qconv_ops *ops, size_t rows, int32_t codes_to)
{
    v->sums = kt_canary(v->n * 4, 4);
    v->codes = kt_canary(rows * v->run, 1);
    memset(v->sums.at, 0, v->n * 4);
    ops->meet(v->x.at, v->apart, rows, v->n, v->sums.at, v->ranges);
    for (size_t r = 0; r < rows; r++) {
        v->scales[r] = cs_qconv_scale_of(v->ranges[r][0], v->ranges[r][1], codes_to);
        ops->quantize(values_row(v, r), v->n, &v->scales[r], (uint8_t *)v->codes.at + r * v->run, v->run);
    }
    return kt_canary_lives(&v->sums, v->n * 4) && kt_canary_lives(&v->codes, rows * v->run);
}

/* The codes of a row are within half a step of its values, and its range is right. */
static bool row_good(const values *v, size_t row, int32_t codes_to)
{
    const uint8_t *codes = (const uint8_t *)v->codes.at + row * v->run;
    const float *x = values_row(v, row);
    const double step = (double)v->scales[row].scale;
    float least = 0, most = 0;
    bool good = true;
    for (size_t i = 0; i < v->n; i++) {
        const double value = (double)(codes[i] - v->scales[row].zero) * step;
        least = fminf(least, x[i]);
        most = fmaxf(most, x[i]);
        good &= codes[i] <= codes_to && fabs(value - (double)x[i]) <= 1.001 * step + FLT_MIN * 256;
    }
    for (size_t i = v->n; i < v->run; i++)
        good &= codes[i] == 0;
    return good && v->ranges[row][0] == least && v->ranges[row][1] == most;
}

/* `meet` gives each row's range and adds the rows up in order, values come back, and all levels agree. */
static bool values_good(size_t n, size_t rows, kt_kind kind, float shift, int32_t codes_to)
{
    values first = {.n = n, .apart = n + n % 3, .run = (n + 3) / 4 * 4};
    first.x = kt_exact(((rows - 1) * first.apart + n) * 4, 4);
    kt_fill(first.x.at, (rows - 1) * first.apart + n, kind);
    for (size_t i = 0; i < (rows - 1) * first.apart + n; i++)
        ((float *)first.x.at)[i] += shift;
    bool good = values_take(&first, cs_qconv_ops_for(CS_CPU_C), rows, codes_to);
    for (size_t r = 0; r < rows; r++)
        good &= row_good(&first, r, codes_to);
    for (size_t i = 0; i < n; i++) {
        float sum = 0;
        for (size_t r = 0; r < rows; r++)
            sum += values_row(&first, r)[i];
        good &= ((float *)first.sums.at)[i] == sum;
    }
    for (int level = 1; level < LEVELS; level++) {
        values other = {.n = n, .apart = first.apart, .run = first.run, .x = first.x};
        if (!cs_qconv_ops_for(levels[level]))
            continue;
        good &= values_take(&other, cs_qconv_ops_for(levels[level]), rows, codes_to);
        good &= memcmp(first.ranges, other.ranges, rows * sizeof *first.ranges) == 0;
        good &= memcmp(first.codes.at, other.codes.at, rows * first.run) == 0;
        good &= kt_same(first.sums.at, other.sums.at, n);
        kt_free(&other.sums);
        kt_free(&other.codes);
    }
    kt_free(&first.x);
    kt_free(&first.sums);
    kt_free(&first.codes);
    return good;
}

static void test_values(void)
{
    bool good = true;
    for (size_t i = 1; i < kt_length_count; i++)
        for (int kind = 0; kind < KT_KINDS && kt_lengths[i]; kind++)
            for (int shift = -1; shift <= 1; shift++)
                good &= values_good(kt_lengths[i], 1 + (i + (size_t)kind) % VALUE_ROWS, (kt_kind)kind,
                                    kind == KT_PLAIN ? (float)shift : 0, shift ? CS_QCONV_CODES : CS_QCONV_POINT_CODES);
    TAP_OK(good, "codes of values: within a step, zeros behind; ranges and sums; the same at every level");
}

static void test_no_numbers(void)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    bool good = true;
    for (int level = 0; level < LEVELS; level++) {
        const cs_qconv_ops *ops = cs_qconv_ops_for(levels[level]);
        for (size_t i = 0; ops && i < 40 * 3; i++) {
            float x[5 * 40] = {1}, sums[40] = {0}, ranges[5][2];
            uint8_t codes[40];
            const size_t bad_row = i % 5;
            x[bad_row * 40 + i / 3] = bad[i % 3];
            ops->meet(x, 40, 5, 40, sums, ranges);
            for (size_t r = 0; r < 5; r++) {
                const cs_qconv_scale scale = cs_qconv_scale_of(ranges[r][0], ranges[r][1], CS_QCONV_CODES);
                ops->quantize(x + r * 40, 40, &scale, codes, 40);
                good &= isnan(ranges[r][0]) == (r == bad_row) && isnan(ranges[r][1]) == (r == bad_row) &&
                        isnan(scale.scale) == (r == bad_row);
            }
        }
    }
    TAP_OK(good, "a value that is no number makes the scale NaN");
    problem p;
    kt_block y;
    problem_open(&p, 1, 8, 3, 20, false);
    p.inputs[1].scale = NAN;
    good = true;
    for (int level = 0; level < LEVELS; level++) {
        const cs_qconv_ops *ops = cs_qconv_ops_for(levels[level]);
        if (!ops)
            continue;
        good &= run_call(ops, &p, (variant){true, 0, 6}, &y);
        for (size_t o = 0; o < p.outputs; o++)
            good &= !isnan(((float *)y.at)[o]) && isnan(((float *)y.at)[p.ldy + o]);
        kt_free(&y);
    }
    problem_close(&p);
    TAP_OK(good, "and its outputs NaN, no others");
}

typedef struct timed {
    const cs_qconv_ops *ops;
    problem p;
    kt_block y;
} timed;

static void one_call(void *context)
{
    timed *t = context;
    const cs_qconv_call call = {.starts = t->p.starts,
                                .together = t->p.together.at,
                                .apart = apart_of(&t->p),
                                .runs = t->p.runs,
                                .run = t->p.run,
                                .rows = t->p.rows,
                                .outputs = t->p.outputs,
                                .codes = t->p.codes.at,
                                .scales = t->p.scales,
                                .sums = t->p.sums,
                                .bias = t->p.bias,
                                .inputs = t->p.inputs,
                                .y = t->y.at,
                                .ldy = t->p.ldy,
                                .high = 6};
    t->ops->multiply(&call);
}

static void bench(void)
{
    static const size_t sizes[][4] = {{9, 64, 96, 64}, {9, 512, 48, 64}, {1, 256, 96, 64}, {1, 96, 96, 24}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int level = 0; level < LEVELS; level++) {
            timed t = {.ops = cs_qconv_ops_for(levels[level])};
            if (!t.ops)
                continue;
            problem_open(&t.p, sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], false);
            t.y = kt_exact(y_floats(&t.p) * 4, 0);
            const double ns = kt_time(one_call, &t);
            printf("# %-18s %zu x %zu inputs, %zu rows, %zu outputs: %6.1f products/ns\n", t.ops->name, sizes[i][0],
                   sizes[i][1], sizes[i][2], sizes[i][3],
                   (double)(sizes[i][0] * sizes[i][1] * sizes[i][2] * sizes[i][3]) / ns);
            kt_free(&t.y);
            problem_close(&t.p);
        }
}

int main(int argc, char **argv)
{
    static const char *const names[LEVELS] = {"c", "avx2", "avxvnni", "avx512vnni"};
    for (int level = 0; level < LEVELS; level++)
        if (!cs_qconv_ops_for(levels[level])) {
            char what[64];
            snprintf(what, sizeof what, "level %s", names[level]);
            tap_skip(what, "this processor or this build lacks it");
        }
    test_shapes();
    test_values();
    test_no_numbers();
    if (kt_wants_bench(argc, argv))
        bench();
    return tap_done();
}
