/* SPDX-License-Identifier: MIT
 * bench_collection.c - searches of a collection by its index file and exactly, first and later ones, with a delta of
 * changes; then by 1, 2 and 8 threads that share one handle, beside one
 * thread on one processor. By the public interface.
 * usage: bench_collection MODEL DIRECTORY COUNT [DELTA] */
#include "../tests/support/index_fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SEARCHES = 400, ROUNDS = 3, GRAPH_SEARCHES = 24000, EXACT_SEARCHES = 240 };

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
    printf("%-8s open %6.2f ms, first search %8.2f ms, then %7.3f ms (graph %zu, delta %zu)\n", what, opened, first,
           times[SEARCHES / 2], stats.graph, stats.delta);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
}

/* ---- threads */

typedef struct shared_search {
    clipsearch_collection *c;
    bool exact;
    int all;
    atomic_int next;
} shared_search;

static void *search_on(void *context)
{
    shared_search *s = context;
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.exact = s->exact;
    for (int i; (i = atomic_fetch_add(&s->next, 1)) < s->all;) {
        float query[INDEX_DIM];
        clipsearch_hits *hits;
        clipsearch_error error;
        index_vector(5000000 + (uint64_t)i, 0, query);
        if (clipsearch_search(s->c, query, 1, INDEX_K, &options, &hits, &error) != CLIPSEARCH_OK) {
            fprintf(stderr, "%s\n", error.message);
            exit(1);
        }
        clipsearch_hits_free(&hits);
    }
    return NULL;
}

static double cpu_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Kilobytes of memory that are this process's own (not pages of a mapped file). */
static long anonymous_memory(void)
{
    char line[256];
    long kilobytes = -1;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        sscanf(line, "RssAnon: %ld", &kilobytes);
    if (status)
        fclose(status);
    return kilobytes;
}

/* Run on one processor, so that an exact search does not use the others through the pool; or on all again. */
static void use_one_processor(bool one)
{
    static cpu_set_t all;
    cpu_set_t set = all;
    if (one) {
        int cpu = 0;
        sched_getaffinity(0, sizeof all, &all);
        while (!CPU_ISSET(cpu, &all))
            cpu++;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
    }
    sched_setaffinity(0, sizeof set, &set);
}

/* Searches a second, milliseconds of processor time a search, and memory, with `count` threads on one handle; 0: one
 * thread on one processor. */
static void measure_threads(const char *path, bool exact, int count)
{
    const bool one = count == 0;
    count += one;
    if (one)
        use_one_processor(true);
    clipsearch_database *db;
    shared_search s = {.exact = exact, .all = count};
    pthread_t threads[64];
    double best = 0, cpu = 0;
    const long before = anonymous_memory();
    must(clipsearch_database_open(path, CLIPSEARCH_READ_ONLY, &db, &err));
    must(clipsearch_collection_open(db, "photos", NULL, &s.c, &err));
    search_on(&s); /* all is read and verified before time is taken */
    for (int round = 0; round < ROUNDS; round++) {
        s.all = exact ? EXACT_SEARCHES : GRAPH_SEARCHES;
        atomic_store(&s.next, 0);
        const double start = now(), cpu_start = cpu_time();
        for (int i = 0; i < count; i++)
            if (pthread_create(&threads[i], NULL, search_on, &s))
                exit(1);
        for (int i = 0; i < count; i++)
            pthread_join(threads[i], NULL);
        const double rate = s.all / (now() - start) * 1e3, each = (cpu_time() - cpu_start) / s.all;
        best = rate > best ? rate : best;
        cpu = round == 0 || each < cpu ? each : cpu;
    }
    if (one)
        use_one_processor(false);
    printf("%s: %d thread%s %9.1f searches/s, %7.3f ms of processor time each, %6.1f MB of its own memory\n",
           exact ? "exact" : "index", count,
           one          ? " on one processor, "
           : count == 1 ? ", "
                        : "s,",
           best, cpu, (double)(anonymous_memory() - before) / 1024);
    clipsearch_collection_close(&s.c);
    clipsearch_database_close(&db);
}

int main(int argc, char **argv)
{
    static const int counts[] = {0, 1, 2, 8};
    char path[4096];
    clipsearch_encoder *encoder;
    clipsearch_database *db;
    clipsearch_collection *c;
    if (argc < 4)
        return 2;
    const uint64_t count = strtoull(argv[3], NULL, 10), delta = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
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
    printf("%llu images: put in %.0f ms, checkpoint %.0f ms\n", (unsigned long long)count, put, now() - start);
    if (delta && !index_put(c, count, delta, 0, &err))
        must(err.code);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    for (int round = 0; round < 2; round++) {
        measure(path, false, "index");
        measure(path, true, "exact");
    }
    for (int i = 0; i < 4; i++)
        measure_threads(path, false, counts[i]);
    for (int i = 0; i < 4; i++)
        measure_threads(path, true, counts[i]);
    clipsearch_encoder_close(&encoder);
    return 0;
}
