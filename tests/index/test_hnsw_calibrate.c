/* SPDX-License-Identifier: MIT
 * test_hnsw_calibrate.c - searches that give no ef find what is there, for queries among the vectors and for queries
 * that lie elsewhere, as texts do. */
#include "base/checksum.h"
#include "base/mem.h"
#include "hnsw_fixture.h"
#include "index/hnsw_file.h"
#include "index/hnsw_format.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIM = 64, COUNT = TAP_SLOW ? 13000 : 20000, SMALL = 2000, QUERIES = TAP_SLOW ? 50 : 200, ASKED = 160 };

static clipsearch_error err;
static cs_pool *pool;
static char path[] = "/tmp/clipsearch-calibrate-XXXXXX";

static void must(bool good)
{
    if (good)
        return;
    printf("Bail out! %s\n", err.message);
    exit(1);
}

static void put_range(cs_index *index, const float *vectors, size_t first, size_t count)
{
    int64_t *ids = cs_alloc_array(count, sizeof *ids);
    must(ids != NULL);
    for (size_t i = 0; i < count; i++)
        ids[i] = (int64_t)(first + i);
    must(cs_index_put_many(index, ids, vectors + first * DIM, count, pool, &err) == CLIPSEARCH_OK);
    cs_free(ids);
}

static cs_index *make(const float *vectors, size_t count, cs_quant_kind codes)
{
    cs_index *index = NULL;
    must(cs_index_hnsw_open(DIM, CLIPSEARCH_COSINE, &(cs_hnsw_options){.codes = codes, .seed = 5}, &index, &err) ==
         CLIPSEARCH_OK);
    put_range(index, vectors, 0, count);
    return index;
}

static cs_index *make_flat(const float *vectors, size_t count)
{
    cs_index *flat = NULL;
    must(cs_index_flat_open(DIM, CLIPSEARCH_COSINE, &flat, &err) == CLIPSEARCH_OK);
    put_range(flat, vectors, 0, count);
    return flat;
}

static cs_hnsw_info info_of(const cs_index *index)
{
    cs_hnsw_info info;
    cs_index_hnsw_describe(index, &info);
    return info;
}

static void test_kind(const char *what, const cs_index *index, const cs_index *flat, const float *queries, bool graph)
{
    const fixture_result plain = fixture_compare(index, flat, queries, QUERIES, 64, NULL);
    const fixture_result best = fixture_compare(index, flat, queries, QUERIES, 0, NULL);
    TAP_OK(best.sound && best.recall >= 0.99 && (graph ? !best.scan : best.scan), "%s: recall %.4f, with ef 64 %.4f",
           what, best.recall, plain.recall);
}

/* Both kinds, with given queries and with made ones. */
static void test_recall(const float *vectors, const float *near, const float *texts, cs_quant_kind codes,
                        const char *name)
{
    char what[96];
    cs_index *index = make(vectors, COUNT, codes), *flat = make_flat(vectors, COUNT);
    TAP_OK(fixture_compare(index, flat, texts, QUERIES, 64, NULL).recall < 0.98,
           "%s: with ef 64 texts lose hits, so that there is something to test", name);
    TAP_OK(cs_index_hnsw_calibration_is_due(index), "%s: a new index is to be calibrated", name);
    for (int given = 0; given < 2; given++) {
        must(cs_index_hnsw_calibrate(index, given ? texts + QUERIES * DIM : NULL, given ? ASKED : 0, pool, &err) ==
             CLIPSEARCH_OK);
        const cs_hnsw_info info = info_of(index);
        TAP_OK(info.calibrated == COUNT && info.queries == (given ? ASKED : 0) && info.near_ef >= 64 &&
                   (info.far_ef == 0 || info.far_ef > info.near_ef) && !cs_index_hnsw_calibration_is_due(index),
               "%s: calibrated with %zu queries: ef %zu near, %zu far", name, info.queries, info.near_ef, info.far_ef);
        snprintf(what, sizeof what, "%s, %s: near queries", name, given ? "given" : "made");
        test_kind(what, index, flat, near, true);
        snprintf(what, sizeof what, "%s, %s: texts", name, given ? "given" : "made");
        test_kind(what, index, flat, texts, info.far_ef != 0);
    }
    cs_index_close(&index);
    cs_index_close(&flat);
}

static bool same_hits(const cs_index *index, const float *query, const cs_index_search_params *params, cs_pool *with)
{
    cs_neighbour one[FIXTURE_K], two[FIXTURE_K];
    size_t found[2] = {0};
    must(cs_index_search(index, query, params, NULL, one, &found[0], &err) == CLIPSEARCH_OK &&
         cs_index_search(index, query, params, with, two, &found[1], &err) == CLIPSEARCH_OK);
    bool same = found[0] == found[1] && found[0] > 0;
    for (size_t i = 0; i < found[0] && same; i++)
        same = one[i].id == two[i].id && one[i].score == two[i].score;
    return same;
}

/* A small index is scanned, with one thread or more, with a filter or without; removed vectors are not found. */
static void test_scan(const float *vectors, const float *near, const float *texts)
{

    cs_index *index = make(vectors, SMALL, CS_QUANT_I8), *flat = make_flat(vectors, SMALL);
    must(cs_index_hnsw_calibrate(index, texts + QUERIES * DIM, ASKED, pool, &err) == CLIPSEARCH_OK);
    const cs_hnsw_info info = info_of(index);
    TAP_OK(info.near_ef == 0 && info.far_ef == 0, "%d vectors: a scan costs less than any walk", SMALL);
    test_kind("scan, near queries", index, flat, near, false);
    test_kind("scan, texts", index, flat, texts, false);
    for (size_t i = 0; i < SMALL; i += 3)
        must(cs_index_remove(index, (int64_t)i) && cs_index_remove(flat, (int64_t)i));
    test_kind("scan, a third removed", index, flat, texts, false);
    static uint64_t bits[SMALL / 64 + 1];
    cs_id_set allowed = {.bits = bits, .size = SMALL};
    for (size_t step = 2; step <= 50; step += 24) {
        memset(bits, 0, sizeof bits);
        allowed.count = 0;
        for (size_t i = 1; i < SMALL; i += step, allowed.count++)
            bits[i / 64] |= UINT64_C(1) << i % 64;
        const fixture_result result = fixture_compare(index, flat, texts, QUERIES, 0, &allowed);
        TAP_OK(result.sound && result.recall >= 0.99, "texts with a filter that allows one in %zu: recall %.4f", step,
               result.recall);
    }
    cs_index_close(&index);
    cs_index_close(&flat);
    index = make(vectors, COUNT, CS_QUANT_F32); /* codes of 5 MB: enough for more than one thread */
    must(cs_index_hnsw_calibrate(index, texts + QUERIES * DIM, ASKED, pool, &err) == CLIPSEARCH_OK);
    bool same = true;
    for (size_t q = 0; q < 20; q++)
        same = same && same_hits(index, texts + q * DIM, &(cs_index_search_params){.k = FIXTURE_K, .ef = COUNT}, pool);
    TAP_OK(same, "a scan on %u threads finds the same as one on one", cs_pool_threads(pool));
    const cs_index_search_params all = {.k = FIXTURE_K, .ef = COUNT}, few = {.k = FIXTURE_K, .ef = 64};
    TAP_OK(cs_index_hnsw_shares_search(index, texts, &all) && !cs_index_hnsw_shares_search(index, texts, &few),
           "threads are wanted for a long scan, not for a walk");
    cs_index_close(&index);
}

/* The filter's walks, for texts. */
static void test_filtered(const float *vectors, const float *texts)
{
    static uint64_t bits[COUNT / 64 + 1];
    cs_id_set allowed = {.bits = bits, .size = COUNT};
    cs_index *index = make(vectors, COUNT, CS_QUANT_I8), *flat = make_flat(vectors, COUNT);
    must(cs_index_hnsw_calibrate(index, texts + QUERIES * DIM, ASKED, pool, &err) == CLIPSEARCH_OK);
    for (size_t share = 2; share <= 2000; share *= 10) {
        memset(bits, 0, sizeof bits);
        allowed.count = 0;
        for (size_t i = 0; i < COUNT; i++)
            if (fixture_random() % share == 0) {
                bits[i / 64] |= UINT64_C(1) << i % 64;
                allowed.count++;
            }
        const fixture_result result = fixture_compare(index, flat, texts, QUERIES, 0, &allowed);
        TAP_OK(result.sound && result.recall >= 0.99, "texts, one in %zu allowed: recall %.4f, %s", share,
               result.recall,
               result.graph  ? "walks"
               : result.scan ? "scans"
                             : "both");
    }
    cs_index_close(&index);
    cs_index_close(&flat);
}

/* ---- the file */

static void save(const cs_index *index)
{
    cs_replacement to;
    must(cs_replacement_open(path, &to, &err) == CLIPSEARCH_OK &&
         cs_index_hnsw_write(index, &(cs_hnsw_stamp){1, 2}, &to, &err) == CLIPSEARCH_OK &&
         cs_replacement_commit(&to, &err) == CLIPSEARCH_OK);
}

static cs_index *load(void)
{
    cs_index *index = NULL;
    cs_hnsw_stamp stamp;
    must(cs_index_hnsw_map(path, &index, &stamp, &err) == CLIPSEARCH_OK);
    return index;
}

static bool same_info(const cs_index *a, const cs_index *b)
{
    const cs_hnsw_info one = info_of(a), two = info_of(b);
    return one.calibrated == two.calibrated && one.near_ef == two.near_ef && one.far_ef == two.far_ef &&
           one.queries == two.queries;
}

static bool same_answers(const cs_index *a, const cs_index *b, const float *queries)
{
    for (size_t q = 0; q < QUERIES; q++) {
        cs_neighbour one[FIXTURE_K], two[FIXTURE_K];
        size_t found[2] = {0};
        const cs_index_search_params params = {.k = FIXTURE_K};
        must(cs_index_search(a, queries + q * DIM, &params, NULL, one, &found[0], &err) == CLIPSEARCH_OK &&
             cs_index_search(b, queries + q * DIM, &params, NULL, two, &found[1], &err) == CLIPSEARCH_OK);
        for (size_t i = 0; i < FIXTURE_K; i++)
            if (found[0] != found[1] || one[i].id != two[i].id || one[i].score != two[i].score)
                return false;
    }
    return true;
}

/* Write the header's bytes back with another value in them and the checksum right. */
static clipsearch_status with_header(void (*change)(cs_hnsw_header *header), cs_index **index)
{
    cs_map map;
    cs_hnsw_header header;
    cs_hnsw_stamp stamp;
    must(cs_map_open(path, &map, &err) == CLIPSEARCH_OK);
    uint8_t *copy = cs_alloc_array(map.size, 1);
    must(copy != NULL);
    memcpy(copy, map.data, map.size);
    memcpy(&header, copy, sizeof header);
    change(&header);
    memcpy(copy, &header, sizeof header);
    const uint64_t sum = cs_checksum(copy, CS_HNSW_CHECKED);
    memcpy(copy + CS_HNSW_CHECKED, &sum, sizeof sum);
    must(cs_replace_file(path, copy, map.size, &err) == CLIPSEARCH_OK);
    cs_map_close(&map);
    cs_free(copy);
    return cs_index_hnsw_map(path, index, &stamp, &err);
}

/* Version 1 had neither the calibration's sections nor anything behind the thirteenth in the header. */
static void make_version_1(cs_hnsw_header *header)
{
    const size_t at = offsetof(cs_hnsw_header, section) + CS_SECTIONS_1 * sizeof header->section[0];
    header->version = CS_HNSW_VERSION_1;
    header->sections = CS_SECTIONS_1;
    memset((char *)header + at, 0, sizeof *header - at);
}

static void grow_far_ef(cs_hnsw_header *header)
{
    header->far_ef = UINT64_MAX / 2;
}

static void add_queries(cs_hnsw_header *header)
{
    header->query_count += 1;
}

static void forget_calibration(cs_hnsw_header *header)
{
    header->calibrated = 0;
}

static void test_file(const float *vectors, const float *near, const float *texts)
{
    cs_index *index = make(vectors, SMALL * 4, CS_QUANT_I8), *mapped, *other = NULL;
    float *queries = NULL;
    size_t count = 0;
    save(index);
    TAP_OK(with_header(make_version_1, &mapped) == CLIPSEARCH_OK && info_of(mapped).calibrated == 0 &&
               same_answers(index, mapped, texts) && cs_index_hnsw_calibration_is_due(mapped),
           "a file of version 1 is searched as it was, and is to be calibrated");
    must(cs_index_hnsw_calibrate(mapped, texts + QUERIES * DIM, ASKED, NULL, &err) == CLIPSEARCH_OK &&
         cs_index_hnsw_calibrate(index, texts + QUERIES * DIM, ASKED, pool, &err) == CLIPSEARCH_OK);
    TAP_OK(same_info(index, mapped) && same_answers(index, mapped, texts) && same_answers(index, mapped, near),
           "then it is as one of today; one thread or more calibrate alike");
    cs_index_close(&mapped);
    save(index);
    mapped = load();
    TAP_OK(same_info(index, mapped) && same_answers(index, mapped, texts) && same_answers(index, mapped, near),
           "written and mapped, the calibration is the same");
    TAP_OK(cs_index_hnsw_copy_queries(mapped, &queries, &count, &err) == CLIPSEARCH_OK && count == ASKED &&
               memcmp(queries, texts + QUERIES * DIM, ASKED * DIM * sizeof *queries) == 0,
           "and so are the queries");
    cs_free(queries);
    must(cs_index_hnsw_copy_to_memory(mapped, 0, &err) == CLIPSEARCH_OK);
    TAP_OK(same_info(index, mapped) && same_answers(index, mapped, texts), "and in memory");
    put_range(mapped, vectors, SMALL * 4, SMALL);
    TAP_OK(!cs_index_hnsw_calibration_is_due(mapped), "a quarter more: the calibration is kept");
    put_range(mapped, vectors, SMALL * 5, SMALL + 1);
    TAP_OK(cs_index_hnsw_calibration_is_due(mapped), "more than a half more: it is due");
    must(cs_index_hnsw_calibrate(mapped, NULL, 0, pool, &err) == CLIPSEARCH_OK);
    TAP_OK(!cs_index_hnsw_calibration_is_due(mapped) && info_of(mapped).queries == ASKED,
           "done with the queries that it keeps");
    cs_index_close(&mapped);
    TAP_OK(with_header(grow_far_ef, &other) == CLIPSEARCH_E_FORMAT && !other, "an impossible ef: %s", err.message);
    save(index);
    TAP_OK(with_header(add_queries, &other) == CLIPSEARCH_E_FORMAT && !other, "a query too many: %s", err.message);
    save(index);
    TAP_OK(with_header(forget_calibration, &other) == CLIPSEARCH_E_FORMAT && !other, "queries of none: %s",
           err.message);
    cs_index_close(&index);
}

static void test_memory(const float *vectors, const float *texts)
{
    cs_index *index = make(vectors, SMALL, CS_QUANT_I8);
    must(cs_index_hnsw_calibrate(index, texts, 40, NULL, &err) == CLIPSEARCH_OK);
    int failed = 0;
    bool good = true, done = false;
    for (uint64_t n = 1; n < 2000 && good && !done; n++) {
        cs_mem_fail_at(n);
        const clipsearch_status status = cs_index_hnsw_calibrate(index, texts + 40 * DIM, 60, NULL, &err);
        cs_mem_fail_at(0);
        done = status == CLIPSEARCH_OK;
        good = done || (status == CLIPSEARCH_E_MEMORY && info_of(index).queries == 40);
        failed += status == CLIPSEARCH_E_MEMORY;
    }
    TAP_OK(good && done && failed > 10 && info_of(index).queries == 60,
           "%d times no memory: the calibration stays as it was", failed);
    cs_index_close(&index);
}

static void test_odd(const float *vectors)
{
    cs_index *index = NULL;
    float odd[DIM * 4] = {0};
    const float nothing = 0;
    must(cs_index_hnsw_open(DIM, CLIPSEARCH_COSINE, &(cs_hnsw_options){0}, &index, &err) == CLIPSEARCH_OK);
    TAP_OK(cs_index_hnsw_calibrate(index, NULL, 0, NULL, &err) == CLIPSEARCH_OK && info_of(index).calibrated == 0,
           "an empty index stays as it is");
    put_range(index, vectors, 0, 1);
    odd[DIM] = 1 / nothing;
    odd[2 * DIM] = nothing / nothing;
    TAP_OK(cs_index_hnsw_calibrate(index, odd, 4, NULL, &err) == CLIPSEARCH_OK && info_of(index).calibrated == 1,
           "one vector; queries of zeros, of an infinity and of what is no number");
    static float same[100 * DIM];
    for (size_t i = 0; i < 100; i++)
        memcpy(same + i * DIM, vectors, DIM * sizeof *same);
    put_range(index, same, 0, 100);
    TAP_OK(cs_index_hnsw_calibrate(index, NULL, 0, NULL, &err) == CLIPSEARCH_OK && info_of(index).calibrated == 100,
           "a hundred times the same vector");
    cs_index_close(&index);
    enum { SOME = TAP_SLOW ? 4000 : COUNT };
    for (int metric = CLIPSEARCH_IP; metric <= CLIPSEARCH_L2; metric++) {
        float *some = fixture_vectors(SOME, DIM, (clipsearch_metric)metric);
        float *near = fixture_vectors(QUERIES, DIM, (clipsearch_metric)metric);
        int64_t *ids = cs_alloc_array(SOME, sizeof *ids);
        cs_index *flat = NULL;
        for (size_t i = 0; i < SOME; i++)
            ids[i] = (int64_t)i;
        must(cs_index_hnsw_open(DIM, (clipsearch_metric)metric, &(cs_hnsw_options){.codes = CS_QUANT_I8}, &index,
                                &err) == CLIPSEARCH_OK &&
             cs_index_flat_open(DIM, (clipsearch_metric)metric, &flat, &err) == CLIPSEARCH_OK &&
             cs_index_put_many(index, ids, some, SOME, pool, &err) == CLIPSEARCH_OK &&
             cs_index_put_many(flat, ids, some, SOME, pool, &err) == CLIPSEARCH_OK &&
             cs_index_hnsw_calibrate(index, NULL, 0, pool, &err) == CLIPSEARCH_OK);
        const cs_hnsw_info info = info_of(index);
        const fixture_result result = fixture_compare(index, flat, near, QUERIES, 0, NULL);
        TAP_OK(result.sound && result.recall >= 0.985, "%s: recall %.4f; ef %zu near, %zu far",
               metric == CLIPSEARCH_IP ? "inner products" : "distances", result.recall, info.near_ef, info.far_ef);
        cs_index_close(&index);
        cs_index_close(&flat);
        cs_free(ids);
        cs_free(some);
        cs_free(near);
    }
}

int main(void)
{
    const int fd = mkstemp(path);
    must(fd >= 0 && cs_pool_open(2, &pool, &err) == CLIPSEARCH_OK);
    close(fd);
    float *vectors = fixture_vectors(COUNT, DIM, CLIPSEARCH_COSINE);
    float *near = fixture_vectors(QUERIES, DIM, CLIPSEARCH_COSINE), *texts = fixture_texts(QUERIES + ASKED, DIM);
    test_recall(vectors, near, texts, CS_QUANT_I8, "i8");
    if (!TAP_SLOW) /* a sanitizer sees the same code; how codes of f32 are read, it sees in test_hnsw.c */
        test_recall(vectors, near, texts, CS_QUANT_F32, "f32");
    test_scan(vectors, near, texts);
    if (!TAP_SLOW) /* test_hnsw_filter.c walks as this does */
        test_filtered(vectors, texts);
    test_file(vectors, near, texts);
    test_memory(vectors, texts);
    test_odd(vectors);
    cs_free(vectors);
    cs_free(near);
    cs_free(texts);
    cs_pool_close(&pool);
    unlink(path);
    return tap_done();
}
