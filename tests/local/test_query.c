/* SPDX-License-Identifier: MIT
 * test_query.c - filtered search, queries, look-ups and removal by the public interface. What a filter lets through is
 * worked out here from the numbers the rows are made of. */
#include "support/gallery.h"
#include "tap.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 512, ITEMS = 400, FAR = 3 };

static clipsearch_error err;
static float vectors[ITEMS + FAR][DIM];
static int64_t ids[ITEMS + FAR];

static void fill_vectors(void)
{
    unsigned seed = 11;
    for (int i = 0; i < ITEMS + FAR; i++) {
        double sum = 0;
        for (int d = 0; d < DIM; d++) {
            seed = seed * 1664525 + 1013904223;
            vectors[i][d] = (float)(seed >> 8) / (1 << 24) - 0.5f;
            sum += (double)vectors[i][d] * vectors[i][d];
        }
        for (int d = 0; d < DIM; d++)
            vectors[i][d] = (float)(vectors[i][d] / sqrt(sum));
    }
}

/* Rows 0 to ITEMS - 1 with the ids 1 to ITEMS, attribute n their number; then FAR rows whose ids lie far apart. */
static bool put_rows(clipsearch_collection *c)
{
    static char paths[ITEMS + FAR][32], attributes[ITEMS + FAR][48];
    static clipsearch_item items[ITEMS + FAR];
    for (int i = 0; i < ITEMS + FAR; i++) {
        snprintf(paths[i], sizeof paths[i], "/images/%d.jpg", i);
        snprintf(attributes[i], sizeof attributes[i], "{\"n\": %d, \"far\": %s}", i, i < ITEMS ? "false" : "true");
        items[i] = (clipsearch_item){.path = paths[i], .size = (uint64_t)i, .attributes = attributes[i]};
        if (i >= ITEMS)
            items[i].id = INT64_C(1) << (40 + 10 * (i - ITEMS));
    }
    return clipsearch_collection_put(c, items, vectors[0], ITEMS + FAR, ids, &err) == CLIPSEARCH_OK;
}

static double score(const float *a, const float *b)
{
    double sum = 0;
    for (int d = 0; d < DIM; d++)
        sum += (double)a[d] * b[d];
    return sum;
}

/* Whether the hits are the k nearest of the rows in [first, end) whose number is 0 modulo `step`. */
static bool are_nearest(const clipsearch_hits *hits, const float *query, int k, int first, int end, int step)
{
    bool used[ITEMS + FAR] = {false};
    for (int rank = 0;; rank++) {
        int best = -1;
        for (int i = first; i < end; i++)
            if (i % step == 0 && !used[i] && (best < 0 || score(query, vectors[i]) > score(query, vectors[best])))
                best = i;
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, (size_t)rank);
        if (rank == k || best < 0)
            return hit == NULL;
        if (!hit || hit->id != ids[best] || fabs(hit->score - score(query, vectors[best])) > 1e-5)
            return false;
        used[best] = true;
    }
}

static void test_search(clipsearch_collection *c, const char *when)
{
    static const struct {
        const char *filter;
        int first, end, step;
    } cases[] = {
        {"true", 0, ITEMS + FAR, 1},
        {"not far", 0, ITEMS, 1},
        {"n % 2 == 0 and not far", 0, ITEMS, 2},
        {"n < 40", 0, 40, 1},
        {"n % 100 == 0", 0, ITEMS + FAR, 100},
        {"n == 7", 7, 8, 1},
        {"n == -1", 0, 0, 1},
        {"far", ITEMS, ITEMS + FAR, 1},
        {"n >= 399", 399, ITEMS + FAR, 1},
    };
    static const int ks[] = {1, 10, 1000};
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        options.filter = cases[i].filter;
        bool good = true;
        for (int j = 0; j < 3 && good; j++) {
            clipsearch_hits *hits = NULL;
            const float *query = vectors[(i * 37 + (size_t)j) % ITEMS];
            good = clipsearch_search(c, query, 1, (size_t)ks[j], &options, &hits, &err) == CLIPSEARCH_OK &&
                   are_nearest(hits, query, ks[j], cases[i].first, cases[i].end, cases[i].step);
            clipsearch_hits_free(&hits);
        }
        TAP_OK(good, "%s: the nearest of those that pass %s", when, cases[i].filter);
    }
    clipsearch_hits *hits = NULL;
    options.filter = "n < 3 or far";
    TAP_OK(clipsearch_search(c, vectors[0], 2, 9, &options, &hits, &err) == CLIPSEARCH_OK &&
               clipsearch_hits_count(hits, 0) == 6 && clipsearch_hits_count(hits, 1) == 6 &&
               clipsearch_hits_get(hits, 0, 0)->id == 1 && clipsearch_hits_get(hits, 1, 0)->id == 2 &&
               strcmp(clipsearch_hits_get(hits, 1, 0)->path, "/images/1.jpg") == 0,
           "%s: two queries", when);
    clipsearch_hits_free(&hits);
    options.has_limit = true;
    options.limit = 0.999f;
    TAP_OK(clipsearch_search(c, vectors[2], 1, 9, &options, &hits, &err) == CLIPSEARCH_OK &&
               clipsearch_hits_count(hits, 0) == 1,
           "%s: a limit besides", when);
    clipsearch_hits_free(&hits);
    options.filter = "n <";
    TAP_OK(clipsearch_search(c, vectors[0], 1, 9, &options, &hits, &err) == CLIPSEARCH_E_ARGUMENT && !hits, "%s: %s",
           when, err.message);
}

/* The ids of a query's hits as "1 2 3". */
static const char *ids_of(clipsearch_hits **hits)
{
    static char text[256];
    text[0] = '\0';
    for (size_t i = 0; i < clipsearch_hits_count(*hits, 0) && i < 20; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%lld", i ? " " : "",
                 (long long)clipsearch_hits_get(*hits, 0, i)->id);
    clipsearch_hits_free(hits);
    return text;
}

static void query_is(clipsearch_collection *c, const char *filter, size_t limit, size_t offset, const char *expected)
{
    clipsearch_hits *hits = NULL;
    clipsearch_status status = clipsearch_query(c, filter, limit, offset, &hits, &err);
    const char *got = hits ? ids_of(&hits) : err.message;
    TAP_OK(status == CLIPSEARCH_OK && strcmp(got, expected) == 0, "%s, %zu behind %zu: %s", filter ? filter : "all",
           limit, offset, got);
}

static void test_query(clipsearch_collection *c)
{
    query_is(c, "n < 5", SIZE_MAX, 0, "1 2 3 4 5");
    query_is(c, "n < 5", 2, 1, "2 3");
    query_is(c, "n < 5", 0, 0, "");
    query_is(c, "n < 5", SIZE_MAX, SIZE_MAX, "");
    query_is(c, NULL, 3, 0, "1 2 3");
    query_is(c, "far", 9, 0, "1099511627776 1125899906842624 1152921504606846976");
    clipsearch_hits *hits = NULL;
    TAP_OK(clipsearch_query(c, "n = 5", 9, 0, &hits, &err) == CLIPSEARCH_E_ARGUMENT && !hits, "%s", err.message);
    TAP_OK(clipsearch_query(c, "n == 5", 9, 0, &hits, &err) == CLIPSEARCH_OK && clipsearch_hits_count(hits, 0) == 1 &&
               clipsearch_hits_get(hits, 0, 0)->score == 0 && clipsearch_hits_get(hits, 0, 0)->size == 5 &&
               strstr(clipsearch_hits_get(hits, 0, 0)->attributes, "\"n\": 5") && !clipsearch_hits_get(hits, 0, 1),
           "the row");
    clipsearch_hits_free(&hits);
    const int64_t wanted[] = {5, 999, 1, 5, -3, INT64_MAX, 2};
    TAP_OK(clipsearch_get(c, wanted, 7, &hits, &err) == CLIPSEARCH_OK && strcmp(ids_of(&hits), "5 1 5 2") == 0,
           "get gives them in the order asked");
    TAP_OK(clipsearch_get(c, NULL, 0, &hits, &err) == CLIPSEARCH_OK && strcmp(ids_of(&hits), "") == 0, "get nothing");
    TAP_OK(clipsearch_get(c, NULL, 1, &hits, &err) == CLIPSEARCH_E_ARGUMENT, "%s", err.message);
}

static void test_check(void)
{
    size_t column = 9;
    TAP_OK(clipsearch_filter_check("n == 5", &column, &err) == CLIPSEARCH_OK && column == 0, "a filter");
    TAP_OK(clipsearch_filter_check("n = 5", &column, &err) == CLIPSEARCH_E_ARGUMENT && column == 3, "%s", err.message);
    TAP_OK(clipsearch_filter_check("n = 5", NULL, NULL) == CLIPSEARCH_E_ARGUMENT, "nobody asks where");
    TAP_OK(clipsearch_filter_check(NULL, &column, &err) == CLIPSEARCH_E_ARGUMENT, "%s", err.message);
}

static void test_remove(clipsearch_collection *c)
{
    uint64_t removed = 9;
    clipsearch_hits *hits = NULL;
    TAP_OK(clipsearch_collection_remove_where(c, "n ==", &removed, &err) == CLIPSEARCH_E_ARGUMENT && removed == 0, "%s",
           err.message);
    TAP_OK(clipsearch_collection_remove_where(c, NULL, &removed, &err) == CLIPSEARCH_E_ARGUMENT, "%s", err.message);
    TAP_OK(clipsearch_collection_remove_where(c, "n == 7 or n == 8 or far", &removed, &err) == CLIPSEARCH_OK &&
               removed == 5,
           "remove five");
    query_is(c, "5 < n < 11", 9, 0, "7 10 11");
    TAP_OK(clipsearch_search(c, vectors[7], 1, 1, NULL, &hits, &err) == CLIPSEARCH_OK &&
               clipsearch_hits_get(hits, 0, 0)->id != 8,
           "a search finds it no more");
    clipsearch_hits_free(&hits);
    TAP_OK(clipsearch_collection_remove_where(c, "true", NULL, &err) == CLIPSEARCH_OK, "remove all");
    query_is(c, NULL, 9, 0, "");
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.filter = "true";
    TAP_OK(clipsearch_search(c, vectors[7], 1, 5, &options, &hits, &err) == CLIPSEARCH_OK &&
               clipsearch_hits_count(hits, 0) == 0,
           "nothing is left to find");
    clipsearch_hits_free(&hits);
}

/* Fail each allocation in turn; `fresh` makes the handle forget its index first. */
static void test_memory(const gallery *g, clipsearch_collection **c)
{
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    static const char *const filters[] = {"n < 9", "n >= 0", "far"};
    for (size_t f = 0; f < 3; f++) {
        options.filter = filters[f];
        int failures = 0;
        bool done = false, good = true;
        for (uint64_t n = 1; !done && good; n++) {
            clipsearch_hits *hits = NULL, *rows = NULL;
            clipsearch_collection_close(c);
            if (clipsearch_collection_open(g->db, "queried", g->encoder, c, &err))
                exit(1);
            cs_mem_fail_at(n);
            clipsearch_status status = clipsearch_search(*c, vectors[1], 1, 5, &options, &hits, &err);
            if (status == CLIPSEARCH_OK)
                status = clipsearch_query(*c, filters[f], 9, 0, &rows, &err);
            cs_mem_fail_at(0);
            done = status == CLIPSEARCH_OK;
            good = done || status == CLIPSEARCH_E_MEMORY;
            failures += !done;
            clipsearch_hits_free(&hits);
            clipsearch_hits_free(&rows);
        }
        TAP_OK(good && failures > 10, "%s: %d allocations, each of which may fail", filters[f], failures);
    }
}

int main(void)
{
    gallery g;
    clipsearch_collection *c = NULL;
    gallery_open(&g, false);
    fill_vectors();
    if (clipsearch_collection_ensure(g.db, "queried", g.encoder, CLIPSEARCH_COSINE, &c, &err) || !put_rows(c)) {
        TAP_OK(false, "%s", err.message);
        return tap_done();
    }
    test_search(c, "no index yet");
    clipsearch_hits *hits = NULL;
    TAP_OK(clipsearch_search(c, vectors[0], 1, 1, NULL, &hits, &err) == CLIPSEARCH_OK, "load the index");
    clipsearch_hits_free(&hits);
    test_search(c, "index loaded");
    test_query(c);
    test_check();
    test_memory(&g, &c);
    test_remove(c);
    clipsearch_collection_close(&c);
    gallery_close(&g);
    return tap_done();
}
