/* SPDX-License-Identifier: MIT
 * test_hnsw_filter.c - searches for some ids only, at every selectivity, near the query and far from it. */
#include "base/mem.h"
#include "hnsw_fixture.h"
#include "tap.h"

#include <string.h>

enum {
    COUNT = TAP_SLOW ? 4000 : 10000,
    QUERIES = TAP_SLOW ? 3 : 12,
    DIM = 48,
    EF = 40,
    WORDS = (COUNT + 63) / 64,
    OFFSET = 1000
};

static const char *const relations[] = {"apart from", "near", "far from"};

/* Ids [allowed] of COUNT: chosen at random, those nearest to the query, or those farthest. */
static cs_id_set make_allowed(uint64_t *bits, const cs_index *flat, const float *query, size_t allowed, int relation)
{
    static cs_neighbour order[COUNT];
    size_t found = 0;
    cs_index_search(flat, query, &(cs_index_search_params){.k = COUNT}, NULL, order, &found, NULL);
    for (size_t i = found - 1; relation == 0 && i > 0; i--) {
        size_t j = fixture_random() % (i + 1);
        cs_neighbour other = order[i];
        order[i] = order[j];
        order[j] = other;
    }
    memset(bits, 0, WORDS * sizeof *bits);
    for (size_t i = 0; i < allowed; i++) {
        size_t bit = (size_t)(order[relation == 2 ? found - 1 - i : i].id - OFFSET);
        bits[bit / 64] |= (uint64_t)1 << bit % 64;
    }
    return (cs_id_set){.bits = bits, .first = OFFSET, .size = COUNT, .count = allowed};
}

static void test_selectivities(const cs_index *index, const cs_index *flat, const float *queries, const char *what)
{
    static const size_t counts[] = {COUNT, COUNT / 2, COUNT / 10, COUNT / 100, COUNT / 1000, 1, 0};
    static uint64_t bits[WORDS];
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (int relation = 0; relation < 3; relation++) {
            double recall = 0;
            bool sound = true, graph = true, scan = true;
            for (size_t q = 0; q < QUERIES; q++) {
                const float *query = queries + q * DIM;
                cs_id_set allowed = make_allowed(bits, flat, query, counts[c], relation);
                fixture_result r = fixture_compare(index, flat, query, 1, EF, &allowed);
                recall += r.recall / QUERIES;
                sound = sound && r.sound;
                graph = graph && r.graph;
                scan = scan && r.scan;
            }
            TAP_OK(sound && recall >= 0.99, "%s, %zu of %d allowed, %s the query: recall %.4f, %s", what, counts[c],
                   COUNT, relations[relation], recall,
                   graph  ? "graph"
                   : scan ? "scan"
                          : "either");
            if (counts[c] >= COUNT / 2 && relation < 2)
                TAP_OK(graph, "%s: the graph was walked", what);
            if (counts[c] <= COUNT / 10)
                TAP_OK(scan, "%s: so few are scanned", what);
        }
}

/* Ids that the filter names and the index lacks, in words before, between and behind its own. */
static void test_strange_ids(const cs_index *index, const cs_index *flat, const float *query)
{
    static const int64_t firsts[] = {INT64_MIN, INT64_MAX - 100, -50, OFFSET - 3, OFFSET + COUNT - 60, OFFSET + COUNT};
    static uint64_t bits[2] = {UINT64_MAX, UINT64_MAX >> 28};
    for (size_t f = 0; f < sizeof firsts / sizeof *firsts; f++) {
        cs_id_set allowed = {.bits = bits, .first = firsts[f], .size = 100, .count = 100};
        fixture_result r = fixture_compare(index, flat, query, 1, EF, &allowed);
        TAP_OK(r.sound && r.recall == 1, "ids from %lld on", (long long)firsts[f]);
    }
}

static void test_limit(const cs_index *index, const cs_index *flat, const float *query)
{
    cs_neighbour got[50], exact[50];
    size_t found, have;
    cs_index_search(flat, query, &(cs_index_search_params){.k = 50}, NULL, exact, &have, NULL);
    cs_index_search_params params = {.k = 50, .ef = 100, .has_limit = true, .limit = exact[20].score};
    cs_index_search(index, query, &params, NULL, got, &found, NULL);
    bool same = found == 21;
    for (size_t i = 0; i < found && same; i++)
        same = got[i].id == exact[i].id && got[i].score == exact[i].score;
    TAP_OK(same, "a limit keeps what is as near: %zu", found);
    params = (cs_index_search_params){.k = COUNT * 2};
    cs_neighbour *all = cs_alloc_array(COUNT, sizeof *all);
    cs_index_search(index, query, &params, NULL, all, &found, NULL);
    TAP_OK(found == COUNT, "all of them can be asked for");
    cs_free(all);
}

int main(void)
{
    static const char *const kinds[] = {"f32", "f16", "i8", "bf16"};
    static int64_t ids[COUNT];
    float *vectors = fixture_vectors(COUNT, DIM, CLIPSEARCH_COSINE);
    float *queries = fixture_vectors(QUERIES, DIM, CLIPSEARCH_COSINE);
    cs_index *flat = NULL;
    cs_pool *pool = NULL;
    for (int i = 0; i < COUNT; i++)
        ids[i] = i + OFFSET;
    if (cs_pool_open(2, &pool, NULL) || cs_index_flat_open(DIM, CLIPSEARCH_COSINE, &flat, NULL) ||
        cs_index_put_many(flat, ids, vectors, COUNT, NULL, NULL))
        return 1;
    for (int kind = 0; kind < 4; kind++) {
        cs_index *index = NULL;
        if (cs_index_hnsw_open(DIM, CLIPSEARCH_COSINE, &(cs_hnsw_options){.codes = (cs_quant_kind)kind}, &index,
                               NULL) ||
            cs_index_put_many(index, ids, vectors, COUNT, pool, NULL))
            return 1;
        test_selectivities(index, flat, queries, kinds[kind]);
        test_strange_ids(index, flat, queries);
        test_limit(index, flat, queries);
        cs_index_close(&index);
    }
    cs_index_close(&flat);
    cs_pool_close(&pool);
    cs_free(vectors);
    cs_free(queries);
    return tap_done();
}
