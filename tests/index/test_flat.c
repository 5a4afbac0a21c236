/* SPDX-License-Identifier: MIT
 * test_flat.c - the exact scan against a sort of scores summed in double. */
#include "kernels/cpu_level.h"
#include "base/mem.h"
#include "index/index.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POOLS = 3 };

static cs_pool *pools[POOLS]; /* of 1, 2, 3 threads */
static uint64_t seed = 1;

static uint32_t next_random(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

/* ---- the reference */

typedef struct scored {
    int64_t id;
    double score, slack; /* slack: how far a float sum in any order may be off */
    bool higher;
} scored;

static int nearest_first(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score != y->score)
        return (x->score < y->score) == x->higher ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

static scored reference(const float *query, const float *vector, size_t dim, clipsearch_metric metric, int64_t id)
{
    double sum = 0, magnitude = 0;
    for (size_t i = 0; i < dim; i++) {
        double d = (double)query[i] - vector[i];
        double term = metric == CLIPSEARCH_L2 ? d * d : (double)query[i] * vector[i];
        sum += term;
        magnitude += fabs(term);
    }
    if (metric == CLIPSEARCH_COSINE)
        sum = sum > 1 ? 1 : sum < -1 ? -1 : sum;
    /* dim products and dim - 1 sums, and for L2 a rounded difference that counts twice */
    return (scored){.id = id,
                    .score = sum,
                    .slack = ((double)dim + 3) * FLT_EPSILON * magnitude,
                    .higher = metric != CLIPSEARCH_L2};
}

/* ---- data */

enum { EXACT, ROUNDED };

/* EXACT: multiples of 1/4 small enough that every sum is exact in float, whatever the order; they tie often. ROUNDED:
 * unit vectors. */
static void fill(float *x, size_t dim, int kind)
{
    double norm = 0;
    for (size_t i = 0; i < dim; i++) {
        x[i] = kind == EXACT ? ((float)(next_random() % 5) - 2) / 4 : (float)(next_random() % 20001) / 10000 - 1;
        norm += (double)x[i] * x[i];
    }
    for (size_t i = 0; kind == ROUNDED && norm > 0 && i < dim; i++)
        x[i] = (float)(x[i] / sqrt(norm));
}

/* ---- one search, checked */

static bool agrees(const scored *sorted, size_t count, const cs_neighbour *out, size_t found, size_t k, int kind)
{
    if (found != (k < count ? k : count))
        return false;
    for (size_t i = 0; i < found; i++) {
        const scored *expected = &sorted[i];
        if (kind == EXACT && (out[i].id != expected->id || out[i].score != (float)expected->score))
            return false;
        /* the i-th best score, and the score of the very id, each within rounding */
        if (fabs(out[i].score - expected->score) > expected->slack)
            return false;
        size_t own = 0;
        while (own < count && sorted[own].id != out[i].id)
            own++;
        if (own == count || fabs(out[i].score - sorted[own].score) > sorted[own].slack)
            return false;
        if (i > 0) { /* strictly in order, so no id comes twice */
            bool nearer = expected->higher ? out[i - 1].score > out[i].score : out[i - 1].score < out[i].score;
            if (!nearer && !(out[i - 1].score == out[i].score && out[i - 1].id < out[i].id))
                return false;
        }
    }
    return true;
}

static bool search_all_pools(const cs_index *index, const float *query, size_t k, cs_neighbour *out, size_t *found)
{
    bool pass = true;
    cs_neighbour *again = cs_zalloc_array(k, sizeof *again);
    cs_index_search_params params = {.k = k};
    memset(out, 0xAB, k * sizeof *out);
    pass = cs_index_search(index, query, &params, NULL, out, found, NULL) == CLIPSEARCH_OK;
    for (int p = 0; p < POOLS; p++) {
        size_t n = 0;
        pass = pass && cs_index_search(index, query, &params, pools[p], again, &n, NULL) == CLIPSEARCH_OK;
        pass = pass && n == *found;
        for (size_t i = 0; pass && i < n; i++)
            pass = again[i].id == out[i].id && again[i].score == out[i].score;
    }
    cs_free(again);
    return pass;
}

static bool run_case(size_t dim, size_t count, clipsearch_metric metric, int kind)
{
    clipsearch_error err;
    cs_index *index = NULL;
    if (cs_index_flat_open(dim, metric, &index, &err))
        return false;
    float *vectors = cs_alloc_array(count * dim + dim, sizeof *vectors); /* exact size: an over-read is caught */
    float *query = vectors + count * dim;
    scored *sorted = cs_alloc_array(count, sizeof *sorted);
    cs_neighbour *out = cs_alloc_array(count + 9, sizeof *out);
    bool pass = true;
    fill(query, dim, kind);
    for (size_t i = 0; i < count && pass; i++) {
        int64_t id = (int64_t)(i * 2654435761u % 1000003) - 1000;
        fill(vectors + i * dim, dim, kind);
        if (i % 10 == 9) /* duplicates */
            memcpy(vectors + i * dim, vectors + (i - 5) * dim, dim * sizeof *vectors);
        pass = cs_index_put(index, id, vectors + i * dim, &err) == CLIPSEARCH_OK;
        sorted[i] = reference(query, vectors + i * dim, dim, metric, id);
    }
    pass = pass && cs_index_count(index) == count;
    qsort(sorted, count, sizeof *sorted, nearest_first);
    const size_t ks[] = {1, 2, 10, count, count + 9};
    for (size_t i = 0; i < sizeof ks / sizeof *ks && pass; i++) {
        size_t found = 99;
        if (ks[i] == 0 || (i < 3 && ks[i] > count + 9))
            continue;
        pass = search_all_pools(index, query, ks[i], out, &found) && agrees(sorted, count, out, found, ks[i], kind);
    }
    cs_free(out);
    cs_free(sorted);
    cs_free(vectors);
    cs_index_close(&index);
    return pass && index == NULL;
}

static const char *const metric_names[] = {"cosine", "ip", "l2"};

static void test_against_reference(void)
{
    static const size_t counts[] = {0, 1, 2, 3, 63, 127, 128, 129, 300, 1000};
    enum { COUNTS = sizeof counts / sizeof *counts };
    for (int metric = 0; metric < 3; metric++) {
        for (int kind = EXACT; kind <= ROUNDED; kind++) {
            const char *what = kind == EXACT ? "exact sums" : "unit vectors";
            bool pass = true;
            for (size_t dim = 1; dim <= 70 && pass; dim++)
                for (size_t c = dim % 2; c < COUNTS - 1 && pass; c += 2)
                    pass = run_case(dim, counts[c], (clipsearch_metric)metric, kind);
            TAP_OK(pass, "%s, %s, dim 1 to 70", metric_names[metric], what);
            static const size_t dims[] = {512, 768, 2048, 4096};
            for (size_t d = 0; d < sizeof dims / sizeof *dims; d++) {
                pass = true;
                for (size_t c = 0; c < COUNTS && pass; c += 3)
                    pass = run_case(dims[d], counts[c], (clipsearch_metric)metric, kind);
                TAP_OK(pass && run_case(dims[d], 1000, (clipsearch_metric)metric, kind), "%s, %s, dim %zu",
                       metric_names[metric], what, dims[d]);
            }
        }
    }
}

/* ---- changes */

static int64_t nearest(const cs_index *index, const float *query, float *score)
{
    cs_neighbour out = {0};
    size_t found = 0;
    cs_index_search(index, query, &(cs_index_search_params){.k = 1}, NULL, &out, &found, NULL);
    *score = out.score;
    return found ? out.id : -1;
}

/* A few hundred ids put, replaced and removed at random, against a plain table. */
static void test_changes(void)
{
    enum { IDS = 300, DIM = 5 };
    static float table[IDS][DIM];
    static bool present[IDS];
    clipsearch_error err;
    cs_index *index = NULL;
    bool pass = cs_index_flat_open(DIM, CLIPSEARCH_L2, &index, &err) == CLIPSEARCH_OK;
    size_t count = 0;
    for (int step = 0; step < 20000 && pass; step++) {
        size_t i = next_random() % IDS;
        int64_t id = (int64_t)i * 1000003 - 77;
        /* now mostly growing, now mostly shrinking */
        if ((next_random() % 4 != 0) == (step / 2000 % 2 == 0)) {
            fill(table[i], DIM, EXACT);
            pass = cs_index_put(index, id, table[i], &err) == CLIPSEARCH_OK;
            count += !present[i];
            present[i] = true;
        } else {
            pass = cs_index_remove(index, id) == present[i];
            count -= present[i];
            present[i] = false;
        }
        pass = pass && cs_index_count(index) == count;
        if (step % 50)
            continue;
        cs_neighbour out[IDS + 1];
        size_t found = 0, seen = 0;
        float query[DIM] = {0.25f, -0.5f, 0, 0.25f, 0.5f};
        cs_index_search(index, query, &(cs_index_search_params){.k = IDS + 1}, NULL, out, &found, NULL);
        for (size_t f = 0; f < found && pass; f++) {
            size_t row = (size_t)((out[f].id + 77) / 1000003);
            pass = row < IDS && present[row] &&
                   out[f].score == (float)reference(query, table[row], DIM, CLIPSEARCH_L2, 0).score;
            seen++;
        }
        pass = pass && seen == count;
    }
    TAP_OK(pass, "20000 random changes keep what they should");
    cs_index_close(&index);
    cs_index_close(&index);
    cs_index_close(NULL);
    TAP_OK(index == NULL, "closing twice and closing nothing");
}

static void test_limits(void)
{
    static const float vectors[4][2] = {{1, 0}, {0.6f, 0.8f}, {0, 1}, {-1, 0}};
    static const size_t cosine_at[] = {1, 2, 3, 4}, l2_at[] = {4, 3, 2, 1};
    static const float cosine_limits[] = {1.0f, 0.6f, 0.0f, -1.0f}, l2_limits[] = {4.0f, 2.0f, 0.8f, 0.0f};
    float query[2] = {1, 0}, score;
    for (int metric = 0; metric < 3; metric++) {
        cs_index *index = NULL;
        cs_index_flat_open(2, (clipsearch_metric)metric, &index, NULL);
        for (int i = 0; i < 4; i++)
            cs_index_put(index, i + 1, vectors[i], NULL);
        for (size_t i = 0; i < 4; i++) {
            bool l2 = metric == CLIPSEARCH_L2;
            cs_neighbour out[4];
            size_t found = 0;
            cs_index_search_params params = {
                .k = 4, .has_limit = true, .limit = l2 ? l2_limits[i] + (i == 2 ? 1e-6f : 0) : cosine_limits[i]};
            cs_index_search(index, query, &params, NULL, out, &found, NULL);
            TAP_OK(found == (l2 ? l2_at[i] : cosine_at[i]), "%s: a limit of %g is inclusive (%zu found)",
                   metric_names[metric], params.limit, found);
        }
        cs_index_search_params strict = {.k = 4, .has_limit = true, .limit = metric == CLIPSEARCH_L2 ? -1.0f : 2.0f};
        cs_neighbour out[4];
        size_t found = 9;
        TAP_OK(cs_index_search(index, query, &strict, NULL, out, &found, NULL) == CLIPSEARCH_OK && found == 0,
               "%s: none within the limit", metric_names[metric]);
        cs_index_close(&index);
    }

    cs_index *index = NULL;
    cs_index_flat_open(2, CLIPSEARCH_COSINE, &index, NULL);
    float longer[2] = {1.0000002f, 0}, other_way[2] = {-1.0000002f, 0};
    cs_index_put(index, 1, longer, NULL);
    TAP_OK(nearest(index, longer, &score) == 1 && score == 1.0f, "a cosine rounded above 1 is 1");
    TAP_OK(nearest(index, other_way, &score) == 1 && score == -1.0f, "and below -1 it is -1");
    cs_index_close(&index);
}

static void test_refusals(void)
{
    clipsearch_error err;
    cs_index *index = (cs_index *)&err;
    TAP_OK(cs_index_flat_open(0, CLIPSEARCH_IP, &index, &err) == CLIPSEARCH_E_ARGUMENT && !index, "dim 0: %s",
           err.message);
    TAP_OK(cs_index_flat_open(4097, CLIPSEARCH_IP, &index, &err) == CLIPSEARCH_E_ARGUMENT && !index, "dim 4097: %s",
           err.message);
    TAP_OK(cs_index_flat_open(4, (clipsearch_metric)3, &index, &err) == CLIPSEARCH_E_ARGUMENT && !index, "metric: %s",
           err.message);
    cs_index_flat_open(3, CLIPSEARCH_IP, &index, &err);
    const float bad[2][3] = {{0, NAN, 0}, {0, 0, -INFINITY}}, good[3] = {1, 2, 3};
    cs_neighbour out[2];
    size_t found = 9;
    cs_index_search_params params = {.k = 2};
    TAP_OK(cs_index_search(index, good, &params, NULL, out, &found, &err) == CLIPSEARCH_OK && found == 0,
           "nothing is found in an empty index");
    cs_index_put(index, 7, good, &err);
    for (int i = 0; i < 2; i++) {
        TAP_OK(cs_index_put(index, 7, bad[i], &err) == CLIPSEARCH_E_ARGUMENT && cs_index_count(index) == 1,
               "a vector: %s", err.message);
        TAP_OK(cs_index_search(index, bad[i], &params, NULL, out, &found, &err) == CLIPSEARCH_E_ARGUMENT && found == 0,
               "a query: %s", err.message);
    }
    float score;
    TAP_OK(nearest(index, good, &score) == 7 && score == 14.0f, "the vector is as it was");
    params.k = 0;
    TAP_OK(cs_index_search(index, good, &params, NULL, out, &found, &err) == CLIPSEARCH_E_ARGUMENT, "k 0: %s",
           err.message);
    params = (cs_index_search_params){.k = 1, .has_limit = true, .limit = NAN};
    TAP_OK(cs_index_search(index, good, &params, NULL, out, &found, &err) == CLIPSEARCH_E_ARGUMENT, "limit NaN: %s",
           err.message);
    params = (cs_index_search_params){.k = SIZE_MAX};
    TAP_OK(cs_index_search(index, good, &params, pools[2], out, &found, &err) == CLIPSEARCH_OK && found == 1,
           "a k beyond all memory is as many as there are");
    TAP_OK(cs_index_reserve(index, SIZE_MAX / 8, &err) == CLIPSEARCH_E_LIMIT && cs_index_count(index) == 1,
           "room beyond addresses: %s", err.message);
    TAP_OK(cs_index_reserve(index, SIZE_MAX / 1024, &err) == CLIPSEARCH_E_MEMORY && cs_index_count(index) == 1,
           "room beyond memory: %s", err.message);
    const float huge[3] = {FLT_MAX, FLT_MAX, 0}, opposed[3] = {FLT_MAX, -FLT_MAX, 0};
    cs_index_put(index, 8, huge, &err);
    params = (cs_index_search_params){.k = 2};
    cs_index_search(index, opposed, &params, NULL, out, &found, &err);
    TAP_OK(found == 1 && out[0].id == 7, "a score that is no number is no neighbour");
    cs_index_close(&index);
}

/* ---- out of memory */

static void test_out_of_memory(void)
{
    enum { DIM = 512, COUNT = 1200 };
    float *vectors = cs_alloc_array(COUNT * DIM, sizeof *vectors);
    for (size_t i = 0; i < COUNT; i++)
        fill(vectors + i * DIM, DIM, ROUNDED);
    size_t failures = 0;
    bool done = false, pass = true;
    for (uint64_t n = 1; !done && n < 1000; n++) {
        cs_index *index = NULL;
        clipsearch_error err;
        size_t put = 0, found = 0;
        cs_neighbour out[5];
        cs_mem_fail_at(n);
        clipsearch_status status = cs_index_flat_open(DIM, CLIPSEARCH_COSINE, &index, &err);
        while (!status && put < COUNT && !(status = cs_index_put(index, (int64_t)put, vectors + put * DIM, &err)))
            put++;
        if (!status)
            status = cs_index_search(index, vectors, &(cs_index_search_params){.k = 5}, pools[1], out, &found, &err);
        cs_mem_fail_at(0);
        failures += status != CLIPSEARCH_OK;
        done = status == CLIPSEARCH_OK;
        pass = pass && (done || status == CLIPSEARCH_E_MEMORY);
        if (index && put) { /* what was put before is still there, and what failed can be done now */
            float score;
            pass = pass && cs_index_count(index) == put &&
                   nearest(index, vectors + (put - 1) * DIM, &score) == (int64_t)put - 1;
            pass =
                pass && (put == COUNT || cs_index_put(index, (int64_t)put, vectors + put * DIM, &err) == CLIPSEARCH_OK);
        }
        cs_index_close(&index);
    }
    TAP_OK(pass && done && failures > 20, "each of %zu allocations may fail", failures);

    cs_index *index = NULL;
    cs_index_flat_open(DIM, CLIPSEARCH_COSINE, &index, NULL);
    pass = cs_index_reserve(index, COUNT, NULL) == CLIPSEARCH_OK;
    uint64_t before = cs_mem_count();
    for (size_t i = 0; i < COUNT; i++)
        pass = pass && cs_index_put(index, (int64_t)i, vectors + i * DIM, NULL) == CLIPSEARCH_OK;
    cs_neighbour out[5];
    size_t found;
    cs_index_search(index, vectors, &(cs_index_search_params){.k = 5}, NULL, out, &found, NULL);
    TAP_OK(pass && cs_mem_count() == before,
           "with room reserved, putting and searching on one thread allocate nothing");
    cs_index_close(&index);
    cs_free(vectors);
}

/* Enough rows that every thread has several pieces; all scores tie but one, so order decides everything. */
static void test_many_pieces(void)
{
    enum { DIM = 16, COUNT = 60000, K = 1000 };
    cs_index *index = NULL;
    cs_index_flat_open(DIM, CLIPSEARCH_IP, &index, NULL);
    float vector[DIM] = {1}, query[DIM] = {1};
    bool pass = true;
    for (int64_t id = COUNT; id > 0; id--) {
        vector[0] = id == 31234 ? 2.0f : 1.0f;
        pass = pass && cs_index_put(index, id, vector, NULL) == CLIPSEARCH_OK;
    }
    cs_neighbour *out = cs_alloc_array(K, sizeof *out);
    for (int repeat = 0; repeat < 20 && pass; repeat++) {
        size_t found = 0;
        pass = search_all_pools(index, query, K, out, &found) && found == K && out[0].id == 31234;
        for (size_t i = 1; i < K && pass; i++)
            pass = out[i].id == (int64_t)i;
    }
    TAP_OK(pass, "ties go to the lowest ids on any number of threads");
    cs_free(out);
    cs_index_close(&index);
}

/* Many queries in one pass, each with other parameters, find what each finds alone, in every bit. */
static void test_search_many(void)
{
    enum { QUERIES = 9, COUNT = 5000, WIDTH = 70, K = 13 };
    static float vectors[COUNT][WIDTH];
    static cs_neighbour out[QUERIES][K], alone[K];
    cs_flat_query queries[QUERIES];
    cs_index_stats stats[QUERIES];
    cs_index *index = NULL, *copy = NULL;
    uint32_t state = 5;
    bool same = true;
    int64_t excluded[] = {3, 40, 41, 4000};
    for (int metric = 0; metric < 3; metric++) {
        cs_index_flat_open(WIDTH, (clipsearch_metric)metric, &index, NULL);
        for (size_t i = 0; i < COUNT; i++) {
            for (size_t d = 0; d < WIDTH; d++)
                vectors[i][d] = (float)((state = state * 1664525 + 1013904223) >> 20) / 40960;
            cs_index_put(index, (int64_t)i + 1, vectors[i], NULL);
        }
        same = same && cs_index_flat_copy(index, &copy, NULL) == CLIPSEARCH_OK && cs_index_count(copy) == COUNT;
        for (unsigned pool = 0; pool < POOLS && same; pool++) {
            for (size_t q = 0; q < QUERIES; q++)
                queries[q] = (cs_flat_query){.query = vectors[q * 31],
                                             .params = {.k = q == 4 ? 0 : K - q,
                                                        .excluded = excluded,
                                                        .excluded_count = q % 2 ? 4 : 0,
                                                        .has_limit = q == 7,
                                                        .limit = 3,
                                                        .stats = &stats[q]},
                                             .out = out[q]};
            same = cs_index_flat_search_many(copy, queries, QUERIES, pools[pool], NULL) == CLIPSEARCH_OK;
            for (size_t q = 0; q < QUERIES && same; q++) {
                size_t found = 0;
                cs_index_search(index, queries[q].query, &queries[q].params, NULL, alone, &found, NULL);
                same = found == queries[q].found;
                for (size_t i = 0; i < found && same; i++)
                    same = alone[i].id == out[q][i].id && memcmp(&alone[i].score, &out[q][i].score, 4) == 0;
            }
        }
        cs_index_close(&index);
        cs_index_close(&copy);
    }
    TAP_OK(same, "%d queries in one pass over a copy, on 1 to %d threads", QUERIES, POOLS);
    cs_index_flat_open(WIDTH, CLIPSEARCH_COSINE, &index, NULL);
    cs_index_put(index, 1, vectors[0], NULL);
    for (uint64_t n = 1; n < 4; n++) {
        clipsearch_error err;
        cs_mem_fail_at(n);
        const clipsearch_status status = cs_index_flat_search_many(index, queries, 1, pools[1], &err);
        cs_mem_fail_at(0);
        TAP_OK(status == CLIPSEARCH_E_MEMORY, "no memory for a pass: %s", err.message);
    }
    cs_index_close(&index);
}

int main(void)
{
    if (!cpu_level_runs())
        return tap_done();
    for (unsigned i = 0; i < POOLS; i++)
        if (cs_pool_open(i + 1, &pools[i], NULL))
            return 1;
    test_against_reference();
    test_changes();
    test_limits();
    test_refusals();
    test_many_pieces();
    test_search_many();
    test_out_of_memory();
    for (unsigned i = 0; i < POOLS; i++)
        cs_pool_close(&pools[i]);
    return tap_done();
}
