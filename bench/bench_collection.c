/* SPDX-License-Identifier: MIT
 * bench_collection.c - searches of a collection by its index file and exactly, first and later ones, with a tail of
 * changes; by the public interface. usage: bench_collection MODEL DIRECTORY COUNT [TAIL] */
#include "../tests/support/index_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SEARCHES = 400 };

static clipsearch_error err;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void must(clipsearch_status status)
{
    if (status == CLIPSEARCH_OK)
        return;
    fprintf(stderr, "%s\n", err.message);
    exit(1);
}

static int by_time(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Open, search once, and then SEARCHES times: milliseconds of the first two, and the median of the others. */
static void measure(const char *path, bool exact, const char *what)
{
    static double times[SEARCHES];
    clipsearch_database *db;
    clipsearch_collection *c;
    clipsearch_search_stats stats;
    clipsearch_search_stats_init(&stats);
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.exact = exact;
    options.stats = &stats;
    double opened = now(), first = 0;
    must(clipsearch_database_open(path, CLIPSEARCH_READ_ONLY, &db, &err));
    must(clipsearch_collection_open(db, "photos", NULL, &c, &err));
    opened = now() - opened;
    for (int i = -1; i < SEARCHES; i++) {
        float query[INDEX_DIM];
        clipsearch_hits *hits;
        index_vector(5000000 + (uint64_t)i, 0, query);
        const double start = now();
        must(clipsearch_search(c, query, 1, INDEX_K, &options, &hits, &err));
        *(i < 0 ? &first : &times[i]) = now() - start;
        clipsearch_hits_free(&hits);
    }
    qsort(times, SEARCHES, sizeof *times, by_time);
    printf("%-8s open %6.2f ms, first search %8.2f ms, then %7.3f ms (graph %zu, tail %zu)\n", what, opened, first,
           times[SEARCHES / 2], stats.graph, stats.tail);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
}

int main(int argc, char **argv)
{
    char path[4096];
    clipsearch_encoder *encoder;
    clipsearch_database *db;
    clipsearch_collection *c;
    if (argc < 4)
        return 2;
    const uint64_t count = strtoull(argv[3], NULL, 10), tail = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    snprintf(path, sizeof path, "%s/bench-%llu.db", argv[2], (unsigned long long)count);
    must(clipsearch_encoder_open(argv[1], NULL, &encoder, &err));
    must(clipsearch_database_open(path, CLIPSEARCH_CREATE, &db, &err));
    must(clipsearch_collection_ensure(db, "photos", encoder, CLIPSEARCH_COSINE, &c, &err));
    double start = now();
    if (!index_put(c, 0, count, 0, &err))
        must(err.code);
    const double put = now() - start;
    start = now();
    must(clipsearch_collection_checkpoint(c, NULL, &err));
    printf("%llu pictures: put in %.0f ms, checkpoint %.0f ms\n", (unsigned long long)count, put, now() - start);
    if (tail && !index_put(c, count, tail, 0, &err))
        must(err.code);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    for (int round = 0; round < 2; round++) {
        measure(path, false, "index");
        measure(path, true, "exact");
    }
    clipsearch_encoder_close(&encoder);
    return 0;
}
