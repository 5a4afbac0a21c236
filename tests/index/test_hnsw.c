/* SPDX-License-Identifier: MIT
 * test_hnsw.c - recall of the graph through a collection's life, for every metric and kind of codes. */
#include "base/mem.h"
#include "hnsw_fixture.h"
#include "index/hnsw_graph.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

/* a sanitizer needs no large set: what it looks for is in every insertion and search */
enum { COUNT = TAP_SLOW ? 3000 : 10000, FIRST = COUNT * 6 / 10, REPLACED = COUNT / 20, KEPT = COUNT / 4 };
enum { DIM = 48, QUERIES = 100, EF = 40 };

static const char *const metric_names[] = {
    [CLIPSEARCH_COSINE] = "cosine", [CLIPSEARCH_IP] = "ip", [CLIPSEARCH_L2] = "l2"};
static const char *const kind_names[] = {"f32", "f16", "i8", "bf16"};
enum { KINDS = sizeof kind_names / sizeof *kind_names };

typedef struct life {
    cs_index *index, *flat;
    const float *vectors, *queries;
    const char *what;
} life;

/* One stage: recall at least `least`, the graph whole, and searched; few vectors, under a sanitizer, may be scanned. */
static double stage(const life *l, const char *when, double least)
{
    fixture_result r = fixture_compare(l->index, l->flat, l->queries, QUERIES, EF, NULL);
    cs_hnsw_report report;
    clipsearch_status status = cs_index_hnsw_check(l->index, &report, NULL);
    TAP_OK(r.recall >= least && (r.graph || TAP_SLOW) && r.sound, "%s, %s: recall %.4f by the graph", l->what, when,
           r.recall);
    TAP_OK(status == CLIPSEARCH_OK && report.broken == 0 && report.vectors == cs_index_count(l->flat),
           "%s, %s: %zu links, %zu unreachable, %zu removed", l->what, when, report.links, report.unreachable,
           report.removed);
    return r.recall;
}

static bool put_both(const life *l, int64_t id, const float *vector)
{
    return cs_index_put(l->index, id, vector, NULL) == CLIPSEARCH_OK &&
           cs_index_put(l->flat, id, vector, NULL) == CLIPSEARCH_OK;
}

/* No byte of a removed vector is left: neither among the exact ones nor among the codes. */
static bool free_rows_are_zero(const cs_index *index)
{
    const cs_hnsw *hnsw = (const cs_hnsw *)index;
    size_t free_rows = 0;
    for (size_t row = 0; row < hnsw->rows; row++) {
        const char *exact = (const char *)(hnsw->exact + row * hnsw->exact_stride);
        const char *codes = cs_quant_row(&hnsw->quant, (uint32_t)row);
        if (hnsw->state[row] != CS_HNSW_FREE)
            continue;
        free_rows++;
        for (size_t i = 0; i < hnsw->exact_stride * sizeof(float); i++)
            if (exact[i])
                return false;
        for (size_t i = 0; i < hnsw->quant.row_bytes; i++)
            if (codes[i])
                return false;
    }
    return free_rows > 0;
}

/* Returns the recall after all were put. */
static double live(clipsearch_metric metric, cs_quant_kind kind, cs_pool *pool)
{
    char what[32];
    float *vectors = fixture_vectors(COUNT + REPLACED, DIM, metric), *queries = fixture_vectors(QUERIES, DIM, metric);
    static int64_t ids[FIRST];
    life l = {.vectors = vectors, .queries = queries, .what = what};
    snprintf(what, sizeof what, "%s %s", metric_names[metric], kind_names[kind]);
    bool good = cs_index_hnsw_open(DIM, metric, &(cs_hnsw_options){.codes = kind}, &l.index, NULL) == CLIPSEARCH_OK &&
                cs_index_flat_open(DIM, metric, &l.flat, NULL) == CLIPSEARCH_OK;
    for (int i = 0; i < FIRST; i++)
        ids[i] = i;
    good = good && cs_index_put_many(l.index, ids, vectors, FIRST, pool, NULL) == CLIPSEARCH_OK &&
           cs_index_put_many(l.flat, ids, vectors, FIRST, NULL, NULL) == CLIPSEARCH_OK;
    stage(&l, "built", 0.99);
    for (int i = FIRST; i < COUNT && good; i++)
        good = put_both(&l, i, vectors + i * DIM);
    double recall = stage(&l, "inserted", 0.99);
    for (int i = 0; i < REPLACED && good; i++)
        good = put_both(&l, i * 3, vectors + (COUNT + i) * DIM);
    stage(&l, "replaced", 0.99);
    for (int i = 0; i < COUNT && good; i++)
        if (i % (COUNT / KEPT))
            good = cs_index_remove(l.index, i) && cs_index_remove(l.flat, i) && !cs_index_remove(l.index, i);
    stage(&l, "three quarters removed", 0.95);
    good = good && cs_index_vacuum(l.index, pool, NULL) == CLIPSEARCH_OK;
    stage(&l, "vacuumed", 0.99);
    cs_hnsw_report report;
    cs_index_hnsw_check(l.index, &report, NULL);
    TAP_OK(report.removed == 0 && report.unreachable == 0 && free_rows_are_zero(l.index),
           "%s: nothing of the removed is left", what);
    const size_t rows = ((const cs_hnsw *)l.index)->rows;
    for (int i = 0; i < COUNT && good; i++)
        if (i % (COUNT / KEPT) == 1)
            good = put_both(&l, i, vectors + i * DIM);
    stage(&l, "put back", 0.99);
    TAP_OK(good && ((const cs_hnsw *)l.index)->rows == rows, "%s: the rows of the removed were used again", what);
    cs_index_close(&l.index);
    cs_index_close(&l.flat);
    cs_free(vectors);
    cs_free(queries);
    return recall;
}

/* 20 ids for each of some vectors, one of which has three tenths of all: put at once, and one by one. */
static void test_duplicates(clipsearch_metric metric, cs_quant_kind kind, cs_pool *pool)
{
    char what[32];
    enum { DISTINCT = COUNT / 20, OFTEN = COUNT * 3 / 10 };
    static int64_t ids[COUNT];
    float *distinct = fixture_vectors(DISTINCT, DIM, metric);
    float *vectors = cs_alloc_array((size_t)COUNT * DIM, sizeof *vectors);
    float *queries = fixture_vectors(QUERIES, DIM, metric);
    life l = {.vectors = vectors, .queries = queries, .what = what};
    snprintf(what, sizeof what, "%s %s", metric_names[metric], kind_names[kind]);
    for (int i = 0; i < COUNT; i++) {
        const float *from = distinct + (i % 10 < OFTEN * 10 / COUNT ? 7 : i / 10 % DISTINCT) * DIM;
        ids[i] = i;
        memcpy(vectors + i * DIM, from, DIM * sizeof *from);
    }
    cs_index_hnsw_open(DIM, metric, &(cs_hnsw_options){.codes = kind}, &l.index, NULL);
    cs_index_flat_open(DIM, metric, &l.flat, NULL);
    bool good = cs_index_put_many(l.index, ids, vectors, COUNT / 2, pool, NULL) == CLIPSEARCH_OK &&
                cs_index_put_many(l.flat, ids, vectors, COUNT / 2, NULL, NULL) == CLIPSEARCH_OK;
    for (int i = COUNT / 2; i < COUNT && good; i++)
        good = put_both(&l, i, vectors + i * DIM);
    stage(&l, "many ids of few vectors", 0.99);
    cs_hnsw_report report;
    cs_index_hnsw_check(l.index, &report, NULL);
    TAP_OK(good && report.nodes <= DISTINCT + DISTINCT / 50 && report.unreachable == 0, "%s: copies are no nodes (%zu)",
           l.what, report.nodes);
    for (int i = 0; i < COUNT && good; i++)
        if (i % 7)
            good = cs_index_remove(l.index, i) && cs_index_remove(l.flat, i);
    stage(&l, "six of seven copies removed", 0.99);
    cs_index_close(&l.index);
    cs_index_close(&l.flat);
    cs_free(distinct);
    cs_free(vectors);
    cs_free(queries);
}

/* Under a sanitizer half precision is tried with one metric only, and not with the longest vectors. */
static bool is_tried(int metric, int kind)
{
    return !TAP_SLOW || metric == CLIPSEARCH_COSINE || kind == CS_QUANT_F32 || kind == CS_QUANT_I8;
}

/* The most and the fewest numbers a vector may have. */
static void test_dimensions(cs_pool *pool)
{
    static const size_t dims[] = {1, 2, 3, 17, 64, 65, 512, 2048, 4096};
    for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
        for (int kind = 0; kind < KINDS; kind++) {
            if (dims[d] > 512 && !is_tried(CLIPSEARCH_L2, kind))
                continue;
            enum { FEW = 1000 };
            static int64_t ids[FEW];
            float *vectors = fixture_vectors(FEW, dims[d], CLIPSEARCH_L2);
            float *queries = fixture_vectors(20, dims[d], CLIPSEARCH_L2);
            cs_index *index = NULL, *flat = NULL;
            for (int i = 0; i < FEW; i++)
                ids[i] = i;
            cs_index_hnsw_open(dims[d], CLIPSEARCH_L2, &(cs_hnsw_options){.codes = (cs_quant_kind)kind}, &index, NULL);
            cs_index_flat_open(dims[d], CLIPSEARCH_L2, &flat, NULL);
            bool good = cs_index_put_many(index, ids, vectors, FEW, pool, NULL) == CLIPSEARCH_OK &&
                        cs_index_put_many(flat, ids, vectors, FEW, NULL, NULL) == CLIPSEARCH_OK;
            fixture_result r = fixture_compare(index, flat, queries, 20, 50, NULL);
            TAP_OK(good && r.sound && r.graph && r.recall >= 0.98, "l2, %s, dim %zu: recall %.4f by the graph",
                   kind_names[kind], dims[d], r.recall);
            cs_index_close(&index);
            cs_index_close(&flat);
            cs_free(vectors);
            cs_free(queries);
        }
}

int main(void)
{
    cs_pool *pool = NULL;
    if (cs_pool_open(2, &pool, NULL))
        return 1;
    for (int metric = 0; metric < 3; metric++) {
        double recall[KINDS] = {0};
        for (int kind = 0; kind < KINDS; kind++)
            if (is_tried(metric, kind))
                recall[kind] = live((clipsearch_metric)metric, (cs_quant_kind)kind, pool);
        TAP_OK(recall[CS_QUANT_I8] >= 0.995 * recall[CS_QUANT_F32], "%s: 8-bit codes cost no recall: %.4f and %.4f",
               metric_names[metric], recall[CS_QUANT_I8], recall[CS_QUANT_F32]);
    }
    for (int metric = 0; metric < 3; metric++)
        for (int kind = 0; kind < KINDS; kind++)
            if (is_tried(metric, kind))
                test_duplicates((clipsearch_metric)metric, (cs_quant_kind)kind, pool);
    test_dimensions(pool);
    cs_pool_close(&pool);
    return tap_done();
}
