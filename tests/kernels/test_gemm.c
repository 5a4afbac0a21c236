/* SPDX-License-Identifier: MIT
 * test_gemm.c - matrix products of odd shapes at every level, packed and not, over pools; with --bench, their speed. */
#include "base/mem.h"
#include "cpu_level.h"
#include "kernel_test.h"
#include "kernels/cvt.h"
#include "kernels/gemm.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POOLS = 3 };
static cs_pool *pools[POOLS]; /* of 1, 2, 3 threads */

/* One product's data: weights as a file might hold them (odd address), and what double arithmetic makes of it. */
typedef struct problem {
    size_t m, n, k, ldx, ldy;
    cs_gemm_weights w;
    kt_block rows, x;
    double *want, *size; /* [m, n]: sums, and sums of absolute terms */
} problem;

/* Weights in `rows`, a block of the right size. */
static void problem_open(problem *p, size_t m, size_t n, size_t k, cs_dtype dtype, kt_block rows)
{
    *p = (problem){.m = m, .n = n, .k = k, .ldx = k + m % 3, .ldy = n + k % 4, .rows = rows};
    p->x = kt_exact(((m - 1) * p->ldx + k) * 4, n % 4 * 4);
    kt_fill(p->x.at, (m - 1) * p->ldx + k, KT_PLAIN);
    float *w = malloc(n * k * sizeof *w);
    unsigned char *raw = p->rows.at;
    for (size_t i = 0; i < n * k; i++) {
        float f = kt_float();
        uint32_t bits;
        memcpy(&bits, &f, 4);
        if (dtype == CS_F32) {
            memcpy(raw + i * 4, &bits, 4);
        } else { /* any half below 2 will do; a bfloat16 is the upper half of a float */
            uint32_t half = dtype == CS_BF16 ? bits >> 16 : bits % 0x4000 | (bits >> 31) << 15;
            raw[i * 2] = (unsigned char)half;
            raw[i * 2 + 1] = (unsigned char)(half >> 8);
        }
    }
    cs_cvt_ops_for(CS_CPU_C)->to_f32(dtype, raw, n * k, w);
    p->w = (cs_gemm_weights){.n = n, .k = k, .dtype = dtype, .rows = raw};
    p->want = calloc(m * n, sizeof *p->want);
    p->size = calloc(m * n, sizeof *p->size);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t q = 0; q < k; q++) {
                double term = (double)((float *)p->x.at)[i * p->ldx + q] * w[j * k + q];
                p->want[i * n + j] += term;
                p->size[i * n + j] += fabs(term);
            }
    free(w);
}

static void problem_close(problem *p)
{
    cs_gemm_unpack(&p->w);
    kt_free(&p->rows);
    kt_free(&p->x);
    free(p->want);
    free(p->size);
}

/* Y into a block with canaries, its row gaps filled with 7: they must stay. */
static kt_block output(const problem *p, size_t *bytes)
{
    *bytes = ((p->m - 1) * p->ldy + p->n) * 4;
    kt_block y = kt_canary(*bytes, 4);
    for (size_t i = 0; i < *bytes / 4; i++)
        ((float *)y.at)[i] = 7;
    return y;
}

static bool gaps_stay(const problem *p, const float *y)
{
    for (size_t i = 0; i + 1 < p->m; i++)
        for (size_t j = p->n; j < p->ldy; j++)
            if (y[i * p->ldy + j] != 7)
                return false;
    return true;
}

static bool within(const problem *p, const float *y)
{
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++)
            if (!(fabs(y[i * p->ldy + j] - p->want[i * p->n + j]) <=
                  (double)(p->k + 1) * FLT_EPSILON * p->size[i * p->n + j]))
                return false;
    return true;
}

/* One run into `y`; true when the bytes around stayed as they were. */
static bool run(const cs_gemm_ops *ops, const problem *p, cs_pool *pool, kt_block *y)
{
    size_t bytes;
    *y = output(p, &bytes);
    float *scratch = cs_alloc_aligned(ops->scratch(p->k) * cs_pool_threads(pool), sizeof *scratch);
    cs_gemm_with(ops, &p->w, p->x.at, p->ldx, p->m, NULL, CS_ACT_NONE, NULL, y->at, p->ldy, scratch, pool);
    cs_free(scratch);
    return kt_canary_lives(y, bytes) && gaps_stay(p, y->at);
}

/* Unpacked, packed on the fly, packed, over every pool, and row by row: the same bits, near the sums in double. `other`
 * is another level's result that must be the same too. */
static bool variants_agree(const cs_gemm_ops *ops, problem *p, kt_block *other)
{
    kt_block first, y;
    bool good = run(ops, p, NULL, &first);
    const size_t floats = (p->m - 1) * p->ldy + p->n;
    good &= within(p, first.at);
    cs_gemm_ops packing = *ops;
    packing.few = 0;
    for (int variant = 0; variant < 2 + POOLS * 2; variant++) {
        if (variant == 1 + POOLS)
            good &= cs_gemm_pack_with(ops, &p->w, pools[p->k % POOLS], NULL) == CLIPSEARCH_OK;
        cs_pool *pool = variant && variant != 1 + POOLS ? pools[(variant - 1) % (1 + POOLS) % POOLS] : NULL;
        good &= run(variant == 0 ? &packing : ops, p, pool, &y);
        good &= kt_same(first.at, y.at, floats);
        kt_free(&y);
    }
    problem row = *p;
    row.m = 1;
    for (size_t i = 0; i < p->m && i < 20; i++, row.x.at = (float *)row.x.at + p->ldx) {
        good &= run(ops, &row, NULL, &y);
        good &= kt_same((float *)first.at + i * p->ldy, y.at, p->n);
        kt_free(&y);
    }
    cs_gemm_unpack(&p->w);
    if (other->at)
        good &= kt_same(first.at, other->at, floats);
    kt_free(other);
    *other = first;
    return good;
}

/* A matrix stored input by input, with numbers between that are not of it, packs to the same as stored output by
 * output. */
static bool columns_agree(const cs_gemm_ops *ops, const problem *p)
{
    const size_t ld = p->n + 3, panels = (p->n + ops->panel - 1) / ops->panel, size = ops->packed_size(p->n, p->k);
    kt_block columns = kt_exact(((p->k - 1) * ld + p->n) * sizeof(float), p->k % 4 * 4);
    float *weights = columns.at;
    for (size_t i = 0; i < (p->k - 1) * ld + p->n; i++)
        weights[i] = NAN;
    for (size_t j = 0; j < p->n; j++)
        for (size_t i = 0; i < p->k; i++)
            memcpy(&weights[i * ld + j], (const float *)p->w.rows + j * p->k + i, sizeof *weights);
    float *rows = cs_alloc_aligned(size, sizeof *rows), *other = cs_alloc_aligned(size, sizeof *other);
    ops->pack(&p->w, 0, panels, rows);
    for (size_t panel = 0; panel < panels; panel++)
        ops->pack_columns(weights, ld, p->n, p->k, panel, other + ops->packed_size(panel * ops->panel, p->k));
    const bool good = kt_same(rows, other, size);
    cs_free(rows);
    cs_free(other);
    kt_free(&columns);
    return good;
}

static uint64_t digest; /* of what the levels above C give */

static kt_block odd_rows(size_t n, size_t k, cs_dtype dtype)
{
    return kt_exact(n * k * cs_dtype_size(dtype), k % 3);
}

static bool problem_good(size_t m, size_t n, size_t k, cs_dtype dtype, kt_block rows)
{
    bool good = true;
    problem p;
    problem_open(&p, m, n, k, dtype, rows);
    kt_block simd = {0}, plain = {0};
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level))
        good &= variants_agree(cs_gemm_ops_for(level), &p, level == CS_CPU_C ? &plain : &simd);
    if (dtype == CS_F32)
        for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level))
            good &= columns_agree(cs_gemm_ops_for(level), &p);
    kt_block y;
    if (cs_gemm_blas()) {
        good &= dtype != CS_F32 || columns_agree(cs_gemm_blas(), &p);
        good &= run(cs_gemm_blas(), &p, pools[1], &y) && within(&p, y.at);
        kt_free(&y);
        good &= cs_gemm_pack_with(cs_gemm_blas(), &p.w, pools[1], NULL) == CLIPSEARCH_OK;
        good &= run(cs_gemm_blas(), &p, NULL, &y) && within(&p, y.at);
        kt_free(&y);
    }
    if (simd.at)
        digest = kt_digest(digest, simd.at, (m - 1) * p.ldy + n);
    kt_free(&simd);
    kt_free(&plain);
    problem_close(&p);
    if (!good)
        tap_note("wrong at m %zu n %zu k %zu %s", m, n, k, cs_dtype_name(dtype));
    return good;
}

static bool shape_good(size_t m, size_t n, size_t k, cs_dtype dtype)
{
    return problem_good(m, n, k, dtype, odd_rows(n, k, dtype));
}

/* Rows that begin anywhere in a cache line, all in the same place of it, or each in another. */
static void check_lines(cs_dtype dtype)
{
    static const size_t ks[] = {16, 112, 144, 272, 304, 416, 60};
    const size_t size = cs_dtype_size(dtype), count = sizeof ks / sizeof *ks;
    bool good = true;
    for (size_t past = 0; past < 64; past += size)
        for (size_t i = past / size % count; i < count; i += past == size ? 1 : count)
            good &= problem_good(33 + past % 3, 64 + i * 7, ks[i], dtype,
                                 kt_exact_in_line((64 + i * 7) * ks[i] * size, past));
    TAP_OK(good, "%s: rows that begin anywhere in a cache line", cs_dtype_name(dtype));
}

static void check_shapes(cs_dtype dtype)
{
    static const size_t ns[] = {1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 128, 129, 200};
    const char *name = cs_dtype_name(dtype);
    bool good = true;
    for (size_t k = 1; k <= 130; k++)
        good &= shape_good(1 + k % 13, ns[k % 16], k, dtype);
    TAP_OK(good, "%s: k from 1 to 130", name);
    good = true;
    for (size_t m = 1; m <= 40; m++)
        for (size_t i = m % 3; i < sizeof ns / sizeof *ns; i += 3)
            good &= shape_good(m, ns[i], m % 2 ? 37 : 64, dtype);
    TAP_OK(good, "%s: m from 1 to 40, n around the panels' edges", name);
    good = shape_good(5, 65, 768, dtype) && shape_good(9, 130, 3072, dtype) && shape_good(50, 70, 768, dtype) &&
           shape_good(200, 33, 300, dtype) && shape_good(97, 257, 513, dtype);
    TAP_OK(good, "%s: long sums and many rows", name);
}

/* Bias, activation and residual are defined step by step after the sum; so they are done here, and must be equal. */
static void check_epilogue(const cs_gemm_ops *ops, cs_activation act)
{
    problem p;
    bool exact = ops != cs_gemm_blas(), good = true; /* OpenBLAS may add the residual into its own sum */
    problem_open(&p, 19, 300, 40, CS_F16, odd_rows(300, 40, CS_F16));
    kt_block sums, y, bias = kt_exact(p.n * 4, 4), residual;
    size_t bytes;
    run(ops, &p, NULL, &sums);
    residual = output(&p, &bytes);
    kt_fill(bias.at, p.n, KT_PLAIN);
    kt_fill(residual.at, bytes / 4, KT_PLAIN);
    float *scratch = cs_alloc_aligned(ops->scratch(p.k) * 2, sizeof *scratch), *sum = sums.at, *r = residual.at;
    for (int in_place = 0; in_place < 3; in_place++) { /* residual: none, elsewhere, y itself */
        y = output(&p, &bytes);
        if (in_place == 2)
            memcpy(y.at, r, bytes);
        cs_gemm_with(ops, &p.w, p.x.at, p.ldx, p.m, bias.at, act,
                     in_place == 0   ? NULL
                     : in_place == 1 ? r
                                     : y.at,
                     y.at, p.ldy, scratch, pools[1]);
        for (size_t i = 0; i < p.m; i++)
            for (size_t j = 0; j < p.n; j++) {
                float want = sum[i * p.ldy + j] + ((float *)bias.at)[j], got = ((float *)y.at)[i * p.ldy + j];
                if (act == CS_ACT_GELU)
                    cs_act()->gelu(&want, 1);
                else if (act == CS_ACT_QUICK_GELU)
                    cs_act()->quick_gelu(&want, 1);
                want += in_place ? r[i * p.ldy + j] : 0;
                double bound = exact ? 0 : (double)(p.k + 4) * FLT_EPSILON * (p.size[i * p.n + j] + 3);
                good &= fabs((double)got - want) <= bound;
            }
        good &= kt_canary_lives(&y, bytes);
        kt_free(&y);
    }
    TAP_OK(good, "%s: bias, activation %d, residual", ops->name, (int)act);
    cs_free(scratch);
    kt_free(&sums);
    kt_free(&bias);
    kt_free(&residual);
    problem_close(&p);
}

static void check_interface(void)
{
    problem p;
    clipsearch_error err = {0};
    problem_open(&p, 3, 20, 10, CS_F32, odd_rows(20, 10, CS_F32));
    cs_mem_fail_at(1);
    TAP_OK(cs_gemm_pack(&p.w, pools[1], &err) == CLIPSEARCH_E_MEMORY && !p.w.packed, "no memory to pack: said so");
    cs_mem_fail_at(0);
    kt_block y, again;
    size_t bytes;
    run(cs_gemm_ops_best(), &p, NULL, &y);
    TAP_OK(cs_gemm_pack(&p.w, pools[1], &err) == CLIPSEARCH_OK && p.w.packed, "packed");
    again = output(&p, &bytes);
    uint64_t before = cs_mem_count();
    cs_gemm(&p.w, p.x.at, p.ldx, p.m, NULL, CS_ACT_NONE, NULL, again.at, p.ldy, NULL, pools[2]);
    TAP_OK(cs_mem_count() == before, "cs_gemm allocates nothing");
    TAP_OK(within(&p, again.at), "cs_gemm over packed weights needs no scratch");
    TAP_OK(cs_gemm_scratch(10) == cs_gemm_ops_best()->scratch(10) && cs_gemm_scratch(10) % 16 == 0, "scratch");
    cs_gemm(&p.w, p.x.at, p.ldx, 0, NULL, CS_ACT_NONE, NULL, again.at, p.ldy, NULL, pools[2]);
    TAP_OK(kt_canary_lives(&again, bytes), "no rows: nothing happens");
    kt_free(&y);
    kt_free(&again);
    problem_close(&p);
}

typedef struct bench {
    const cs_gemm_ops *ops;
    cs_gemm_weights w[36];
    size_t count, m;
    const float *x;
    float *y, *scratch;
} bench;

static void bench_call(void *context)
{
    bench *b = context;
    for (size_t i = 0; i < b->count; i++)
        cs_gemm_with(b->ops, &b->w[i], b->x, b->w[i].k, b->m, NULL, CS_ACT_NONE, NULL, b->y, b->w[i].n, b->scratch,
                     NULL);
}

/* ViT-B/32's layers, one thread: GFLOP/s and the ratio to cblas_sgemm in the same run. */
static void bench_layers(void)
{
    static const size_t ms[] = {50, 400, 1600}, shapes[][2] = {{768, 768}, {3072, 768}, {768, 3072}};
    tap_note("one thread (run with OPENBLAS_NUM_THREADS=1); OPENBLAS_CORETYPE=%s (OPENBLAS_VERBOSE=2 prints the core)",
             getenv("OPENBLAS_CORETYPE") ? getenv("OPENBLAS_CORETYPE") : "default");
    for (size_t s = 0; s < 9; s++) {
        const size_t m = ms[s % 3], n = shapes[s / 3][0], k = shapes[s / 3][1];
        kt_block w = kt_exact(n * k * 4, 0), x = kt_exact(m * k * 4, 0), y = kt_exact(m * n * 4, 0);
        kt_fill(w.at, n * k, KT_PLAIN);
        kt_fill(x.at, m * k, KT_PLAIN);
        bench b = {.count = 1, .m = m, .x = x.at, .y = y.at, .w = {{n, k, CS_F32, w.at, NULL}}};
        b.ops = cs_gemm_blas();
        if (!b.ops) {
            tap_note("OpenBLAS is not installed");
            return;
        }
        b.scratch = cs_alloc_aligned(cs_gemm_ops_for(CS_CPU_C)->scratch(k), sizeof(float)); /* BLAS has no use for it */
        double operations = 2.0 * (double)m * (double)n * (double)k, blas = kt_time(bench_call, &b);
        tap_note("m %4zu n %4zu k %4zu %-12s          %6.1f GFLOP/s", m, n, k, b.ops->name, operations / blas);
        cs_free(b.scratch);
        for (cs_cpu_flags level = m == 50 ? CS_CPU_C : cpu_level_after(CS_CPU_C); level != CPU_LEVEL_END;
             level = cpu_level_after(level)) {
            b.ops = cs_gemm_ops_for(level);
            b.scratch = cs_alloc_aligned(b.ops->scratch(k), sizeof(float));
            double unpacked = kt_time(bench_call, &b);
            cs_gemm_pack_with(b.ops, b.w, NULL, NULL);
            double packed = kt_time(bench_call, &b);
            tap_note("m %4zu n %4zu k %4zu %-12s packed   %6.1f GFLOP/s (%.2f x blas), unpacked %6.1f (%.2f x)", m, n,
                     k, b.ops->name, operations / packed, blas / packed, operations / unpacked, blas / unpacked);
            cs_gemm_unpack(b.w);
            cs_free(b.scratch);
        }
        kt_free(&w);
        kt_free(&x);
        kt_free(&y);
    }
}

/* A text query: 36 matrices of 2048 x 512 (37.7 M numbers, more than the caches hold) gone through once, unpacked. */
static void bench_query(void)
{
    enum { N = 2048, K = 512, MATRICES = 36 };
    static const size_t ms[] = {1, 5, 7, 10, 16, 24, 32};
    for (cs_dtype dtype = CS_F32; dtype <= CS_BF16; dtype++) {
        const size_t bytes = (size_t)N * K * cs_dtype_size(dtype);
        kt_block w = kt_exact(bytes * MATRICES, 1), x = kt_exact((size_t)32 * K * 4, 0),
                 y = kt_exact((size_t)32 * N * 4, 0);
        memset(w.at, 0x21, bytes * MATRICES);
        kt_fill(x.at, (size_t)32 * K, KT_PLAIN);
        bench b = {.count = MATRICES, .x = x.at, .y = y.at};
        for (size_t i = 0; i < MATRICES; i++)
            b.w[i] = (cs_gemm_weights){N, K, dtype, (char *)w.at + i * bytes, NULL};
        for (cs_cpu_flags level = cpu_level_after(CS_CPU_C); level != CPU_LEVEL_END; level = cpu_level_after(level))
            for (size_t i = 0; i < sizeof ms / sizeof *ms; i++) {
                b.ops = cs_gemm_ops_for(level);
                b.m = ms[i];
                b.scratch = cs_alloc_aligned(b.ops->scratch(K), sizeof(float));
                double took = kt_time(bench_call, &b);
                tap_note("%-12s 37.7 M %-4s unpacked, m %2zu: %5.1f ms, %5.1f GB/s", b.ops->name, cs_dtype_name(dtype),
                         b.m, took / 1e6, (double)bytes * MATRICES / took);
                cs_free(b.scratch);
            }
        kt_free(&w);
        kt_free(&x);
        kt_free(&y);
    }
}

enum limit { LIMIT_MEMORY, LIMIT_PROCESSES };
enum { NOT_LOADED, LOADED, NO_LIMIT };

/* Set a limit and say whether OpenBLAS is loaded under it. Root is under no limit on processes and becomes nobody. */
static int load_under(enum limit limit)
{
    const uid_t nobody = 65534;
    struct rlimit memory = {(rlim_t)1 << 46, (rlim_t)1 << 46}, processes = {1, 1};
    if (setrlimit(limit == LIMIT_MEMORY ? RLIMIT_AS : RLIMIT_NPROC, limit == LIMIT_MEMORY ? &memory : &processes) != 0)
        return NO_LIMIT;
    if (limit == LIMIT_PROCESSES && geteuid() == 0 && (setgid(nobody) != 0 || setuid(nobody) != 0))
        return NO_LIMIT;
    return cs_gemm_blas() ? LOADED : NOT_LOADED;
}

/* Where OpenBLAS would loop or raise a signal it is not loaded. Before any thread is started, since this forks. */
static void check_limits(void)
{
    static const char *const names[] = {"limited memory", "no process more"};
    for (enum limit limit = LIMIT_MEMORY; limit <= LIMIT_PROCESSES; limit++) {
        int status = 0;
        cpu_set_t processors;
        pid_t child = fork();
        if (child == 0)
            _exit(load_under(limit));
        waitpid(child, &status, 0);
        bool one = sched_getaffinity(0, sizeof processors, &processors) == 0 && CPU_COUNT(&processors) == 1;
        if ((limit == LIMIT_PROCESSES && one) || (WIFEXITED(status) && WEXITSTATUS(status) == NO_LIMIT))
            tap_skip(names[limit], "one processor, or no limit can be set here");
        else
            TAP_OK(WIFEXITED(status) && WEXITSTATUS(status) == NOT_LOADED, "%s: OpenBLAS is not loaded", names[limit]);
    }
}

int main(int argc, char **argv)
{
    if (!kt_wants_bench(argc, argv))
        check_limits();
    for (unsigned i = 0; i < POOLS; i++)
        if (cs_pool_open(i + 1, &pools[i], NULL) != CLIPSEARCH_OK)
            return 1;
    if (kt_wants_bench(argc, argv)) {
        bench_layers();
        bench_query();
    } else {
        for (cs_dtype dtype = CS_F32; dtype <= CS_BF16; dtype++)
            check_shapes(dtype);
        kt_check_digest(digest, 0x39b70d9ef6b0b233, cs_cpu_highest() != CS_CPU_C);
        for (cs_dtype dtype = CS_F32; dtype <= CS_BF16; dtype++)
            check_lines(dtype);
        for (cs_activation act = CS_ACT_NONE; act <= CS_ACT_GELU; act++) {
            for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level))
                check_epilogue(cs_gemm_ops_for(level), act);
            if (cs_gemm_blas())
                check_epilogue(cs_gemm_blas(), act);
            else
                tap_skip("epilogue through OpenBLAS", "it cannot be loaded here");
        }
        check_interface();
    }
    for (unsigned i = 0; i < POOLS; i++)
        cs_pool_close(&pools[i]);
    cpu_level_skip_missing();
    return tap_done();
}
