/* SPDX-License-Identifier: MIT
 * test_id_set.c - a search among allowed ids against the search of everything with the others taken out. */
#include "index/index.h"
#include "tap.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 3000, DIM = 20, K = 25 };

static uint64_t seed = 5;
static clipsearch_error err;
static float vectors[ROWS][DIM];
static int64_t ids[ROWS];

static unsigned below(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void fill(void)
{
    for (int i = 0; i < ROWS; i++) {
        ids[i] = 10 + 3 * i;
        for (int d = 0; d < DIM; d++)
            vectors[i][d] = (float)below(9) - 4; /* small whole numbers: many scores are the same */
    }
    for (int i = ROWS - 1; i > 0; i--) { /* rows stand in no order of their ids */
        int j = (int)below((unsigned)i + 1);
        int64_t id = ids[i];
        ids[i] = ids[j];
        ids[j] = id;
    }
}

/* The first K of `all` that are in the sorted list. */
static bool same(const cs_neighbour *all, size_t all_count, const int64_t *list, size_t count, const cs_neighbour *got,
                 size_t found)
{
    size_t n = 0;
    for (size_t i = 0; i < all_count && n < K; i++) {
        if (!bsearch(&all[i].id, list, count, sizeof *list, by_id))
            continue;
        if (n >= found || got[n].id != all[i].id || memcmp(&got[n].score, &all[i].score, sizeof(float)) != 0)
            return false;
        n++;
    }
    return n == found;
}

static void test_searches(const cs_index *index, cs_pool *pool, const char *what)
{
    static cs_neighbour all[ROWS], got[K];
    static int64_t list[ROWS + 2];
    static const unsigned thousandths[] = {1000, 999, 500, 100, 10, 1, 0};
    for (size_t t = 0; t < sizeof thousandths / sizeof *thousandths; t++) {
        size_t count = 0, all_count, found;
        cs_id_set allowed;
        bool fits;
        list[count++] = 1; /* ids that are not in the index */
        list[count++] = 3 * ROWS + 500;
        for (int i = 0; i < ROWS; i++)
            if (below(1000) < thousandths[t])
                list[count++] = ids[i];
        qsort(list, count, sizeof *list, by_id);
        float query[DIM];
        for (int d = 0; d < DIM; d++)
            query[d] = (float)below(9) - 4;
        cs_index_search_params params = {
            .k = ROWS, .has_limit = t % 2, .limit = index->metric == CLIPSEARCH_L2 ? 250 : -1};
        bool good = cs_index_search(index, query, &params, pool, all, &all_count, &err) == CLIPSEARCH_OK &&
                    cs_id_set_make(list, count, &allowed, &fits, &err) == CLIPSEARCH_OK && fits &&
                    allowed.count == count;
        params.k = K;
        params.allowed = &allowed;
        good = good && cs_index_search(index, query, &params, pool, got, &found, &err) == CLIPSEARCH_OK &&
               same(all, all_count, list, count, got, found);
        TAP_OK(good, "%s: %zu of %d allowed", what, count - 2, ROWS);
        cs_id_set_free(&allowed);
    }
}

static void test_sets(void)
{
    static const int64_t few[] = {-5, 0, 7, 64, 1000}, wide[] = {1, INT64_MAX}, widest[] = {INT64_MIN, INT64_MAX};
    cs_id_set allowed;
    bool fits, good;
    good = cs_id_set_make(few, 5, &allowed, &fits, &err) == CLIPSEARCH_OK && fits;
    for (int64_t id = -100; id < 1100 && good; id++)
        good = cs_id_set_has(&allowed, id) == (bsearch(&id, few, 5, sizeof *few, by_id) != NULL);
    TAP_OK(good && !cs_id_set_has(&allowed, INT64_MIN) && !cs_id_set_has(&allowed, INT64_MAX), "just those");
    cs_id_set_free(&allowed);
    TAP_OK(cs_id_set_make(wide, 2, &allowed, &fits, &err) == CLIPSEARCH_OK && !fits && !allowed.bits, "too far apart");
    TAP_OK(cs_id_set_make(widest, 2, &allowed, &fits, &err) == CLIPSEARCH_OK && !fits, "the farthest there are");
    TAP_OK(cs_id_set_make(few, 0, &allowed, &fits, &err) == CLIPSEARCH_OK && fits && !cs_id_set_has(&allowed, 0),
           "none");
    TAP_OK(cs_id_set_has(NULL, 3), "no set: everything");
    cs_mem_fail_at(1);
    TAP_OK(cs_id_set_make(few, 5, &allowed, &fits, &err) == CLIPSEARCH_E_MEMORY && !allowed.bits, "%s", err.message);
    cs_mem_fail_at(0);
}

int main(void)
{
    static const char *const names[] = {"cosine", "ip", "l2"};
    fill();
    test_sets();
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        cs_pool *pool = NULL;
        if (cs_pool_open(threads, &pool, &err))
            return 1;
        for (int metric = 0; metric < 3; metric++) {
            cs_index *index = NULL;
            bool good = cs_index_flat_open(DIM, (clipsearch_metric)metric, &index, &err) == CLIPSEARCH_OK;
            for (int i = 0; i < ROWS && good; i++)
                good = cs_index_put(index, ids[i], vectors[i], &err) == CLIPSEARCH_OK;
            TAP_OK(good, "%s, %u threads", names[metric], threads);
            if (good)
                test_searches(index, pool, names[metric]);
            cs_index_close(&index);
        }
        cs_pool_close(&pool);
    }
    return tap_done();
}
