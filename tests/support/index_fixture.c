/* SPDX-License-Identifier: MIT
 * index_fixture.c - invented images, and the recall of searches among them. */
#include "support/index_fixture.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLUSTERS = 150, SUBSPACE = 24, BATCH = 500 };

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static float uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)(*state >> 40) * 0x1p-24f - 0.5f;
}

static float basis[SUBSPACE][INDEX_DIM], mean[INDEX_DIM];

static void make_basis(void)
{
    uint64_t state = 99;
    for (size_t i = 0; i < SUBSPACE; i++)
        for (size_t d = 0; d < INDEX_DIM; d++)
            basis[i][d] = uniform(&state);
    for (size_t d = 0; d < INDEX_DIM; d++)
        mean[d] = uniform(&state);
}

void index_vector(uint64_t n, unsigned version, float vector[INDEX_DIM])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_basis);
    const uint64_t seed = mix(n * 16 + version);
    uint64_t cluster = mix(seed % CLUSTERS), own = seed;
    double sum = 0;
    memcpy(vector, mean, sizeof mean);
    for (size_t i = 0; i < SUBSPACE; i++) {
        const float weight = version == INDEX_SPREAD ? uniform(&own) : uniform(&cluster) + 0.5f * uniform(&own);
        for (size_t d = 0; d < INDEX_DIM; d++)
            vector[d] += weight * basis[i][d];
    }
    for (size_t d = 0; d < INDEX_DIM; d++) {
        vector[d] += (version == INDEX_SPREAD ? 0.9f : 0.2f) * uniform(&own);
        sum += (double)vector[d] * vector[d];
    }
    for (size_t d = 0; d < INDEX_DIM; d++)
        vector[d] = (float)(vector[d] / sqrt(sum));
}

void index_text(uint64_t n, float vector[INDEX_DIM])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_basis);
    uint64_t own = mix(n + 77777);
    double sum = 0;
    for (size_t d = 0; d < INDEX_DIM; d++) /* their own mean: the images', turned */
        vector[d] = 0.3f * mean[d] + (d % 2 ? mean[d - 1] : -mean[d + 1]) + uniform(&own);
    for (size_t i = 0; i < SUBSPACE; i++) {
        const float weight = 0.5f * uniform(&own);
        for (size_t d = 0; d < INDEX_DIM; d++)
            vector[d] += weight * basis[i][d];
    }
    for (size_t d = 0; d < INDEX_DIM; d++)
        sum += (double)vector[d] * vector[d];
    for (size_t d = 0; d < INDEX_DIM; d++)
        vector[d] = (float)(vector[d] / sqrt(sum));
}

bool index_put(clipsearch_collection *collection, uint64_t first, uint64_t count, unsigned version,
               clipsearch_error *err)
{
    static clipsearch_item items[BATCH];
    static char paths[BATCH][32], attributes[BATCH][32];
    static float vectors[BATCH][INDEX_DIM];
    for (uint64_t done = 0; done < count; done += BATCH) {
        const size_t batch = count - done < BATCH ? (size_t)(count - done) : BATCH;
        for (size_t i = 0; i < batch; i++) {
            const unsigned long long n = first + done + i;
            snprintf(paths[i], sizeof paths[i], "/images/%llu.jpg", n);
            snprintf(attributes[i], sizeof attributes[i], "{\"n\":%llu}", n);
            items[i] = (clipsearch_item){.path = paths[i], .size = n, .attributes = attributes[i]};
            index_vector(n, version, vectors[i]);
        }
        if (clipsearch_collection_put(collection, items, vectors[0], batch, NULL, err) != CLIPSEARCH_OK)
            return false;
    }
    return true;
}

static bool is_sound(const clipsearch_hits *got, const clipsearch_hits *exact)
{
    const size_t count = clipsearch_hits_count(got, 0), all = clipsearch_hits_count(exact, 0);
    if (count != (all < INDEX_K ? all : INDEX_K))
        return false;
    for (size_t i = 0; i < count; i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(got, 0, i);
        if (i && (clipsearch_hits_get(got, 0, i - 1)->score < hit->score ||
                  clipsearch_hits_get(got, 0, i - 1)->id == hit->id))
            return false;
        for (size_t j = 0; j < all; j++)
            if (clipsearch_hits_get(exact, 0, j)->id == hit->id &&
                clipsearch_hits_get(exact, 0, j)->score != hit->score)
                return false;
    }
    return true;
}

static double measure_recall(clipsearch_collection *collection, bool texts, unsigned version, size_t queries,
                             const char *filter, size_t ef, size_t *graph, clipsearch_error *err)
{
    size_t hits = 0, wanted = 0;
    float query[INDEX_DIM];
    *graph = 0;
    for (size_t q = 0; q < queries; q++) {
        clipsearch_search_stats stats;
        clipsearch_search_stats_init(&stats);
        clipsearch_search_options options;
        clipsearch_hits *got = NULL, *exact = NULL;
        if (texts)
            index_text(1000000 + q, query);
        else
            index_vector(1000000 + q, version, query);
        clipsearch_search_options_init(&options);
        options.filter = filter;
        options.exact = true;
        bool good = clipsearch_search(collection, query, 1, 3 * INDEX_K, &options, &exact, err) == CLIPSEARCH_OK;
        options.exact = false;
        options.ef = ef;
        options.stats = &stats;
        good = good && clipsearch_search(collection, query, 1, INDEX_K, &options, &got, err) == CLIPSEARCH_OK;
        if (good && !is_sound(got, exact)) {
            snprintf(err->message, sizeof err->message, "query %zu has an answer that is not sound", q);
            good = false;
        }
        const size_t all = good ? clipsearch_hits_count(exact, 0) : 0, k = all < INDEX_K ? all : INDEX_K;
        for (size_t i = 0; i < k; i++)
            hits += clipsearch_hits_get(got, 0, i)->score >= clipsearch_hits_get(exact, 0, k - 1)->score;
        wanted += k;
        *graph += good ? stats.graph + (filter ? 0 : stats.scanned) : 0;
        clipsearch_hits_free(&got);
        clipsearch_hits_free(&exact);
        if (!good)
            return -1;
    }
    return wanted ? (double)hits / (double)wanted : 1;
}

double index_recall(clipsearch_collection *collection, size_t queries, const char *filter, size_t ef, size_t *graph,
                    clipsearch_error *err)
{
    return measure_recall(collection, false, 0, queries, filter, ef, graph, err);
}

double index_spread_recall(clipsearch_collection *collection, bool texts, size_t queries, const char *filter, size_t ef,
                           size_t *graph, clipsearch_error *err)
{
    return measure_recall(collection, texts, INDEX_SPREAD, queries, filter, ef, graph, err);
}
