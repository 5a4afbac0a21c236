/* SPDX-License-Identifier: MIT
 * bench_hnsw.c - the graph index over the vectors of a folder (hnsw_set.h): recall and queries a second (no MODE);
 * `serve` for hnsw_peers.py; `filters`; `puts`: what one insert takes, and the longest; `beside`: searches of 1 and 2
 * threads beside a writer, and building on 1 and 2; `write`, then `file`: opening the mapped file, and memory;
 * `defaults`: searches that give no ef, over a set with texts (hnsw_vectors.py --gap); `recall`: their recall alone, in
 * one pass, of the index file that `write` made when it is there. */
#include "hnsw_set.h"
#include "index/hnsw.h"
#include "index/hnsw_file.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPEATS = 5, OPENINGS = 50 };

typedef struct bench {
    const hnsw_set *set;
    cs_index *index;
    int64_t *ids;
} bench;

static void must(clipsearch_status status, const clipsearch_error *err)
{
    if (status != CLIPSEARCH_OK) {
        fprintf(stderr, "%s\n", err->message);
        exit(1);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static cs_quant_kind kind_of(const char *name)
{
    static const char *const names[] = {
        [CS_QUANT_F32] = "f32", [CS_QUANT_F16] = "f16", [CS_QUANT_I8] = "i8", [CS_QUANT_BF16] = "bf16"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return (cs_quant_kind)i;
    fprintf(stderr, "there are no codes %s\n", name);
    exit(2);
}

/* An index of the first `count` vectors. */
static void put_first(bench *b, size_t count, unsigned threads)
{
    clipsearch_error err;
    cs_pool *pool = NULL;
    const hnsw_set *set = b->set;
    const cs_hnsw_options options = {
        .m = set->m, .ef_construction = set->ef_construction, .codes = kind_of(set->codes)};
    must(cs_index_hnsw_open(set->dim, CLIPSEARCH_COSINE, &options, &b->index, &err), &err);
    must(cs_pool_open(threads, &pool, &err), &err);
    must(cs_index_put_many(b->index, b->ids, set->base, count, pool, &err), &err);
    cs_pool_close(&pool);
}

static bool build(void *context, const hnsw_set *set)
{
    put_first(context, set->count, set->threads);
    return true;
}

/* Answers of one query into out [HNSW_K]; what is missing is -1. */
static void search_one(const cs_index *index, const float *query, size_t ef, cs_index_stats *stats, int64_t *out)
{
    cs_neighbour best[HNSW_K];
    clipsearch_error err;
    size_t found;
    must(cs_index_search(index, query, &(cs_index_search_params){.k = HNSW_K, .ef = ef, .stats = stats}, NULL, best,
                         &found, &err),
         &err);
    for (size_t i = 0; i < HNSW_K; i++)
        out[i] = i < found ? best[i].id : -1;
}

static bool search(void *context, const hnsw_set *set, size_t ef, int64_t *found)
{
    const bench *b = context;
    for (size_t q = 0; q < set->query_count; q++)
        search_one(b->index, set->queries + q * set->dim, ef, NULL, found + q * HNSW_K);
    return true;
}

/* ---- recall and queries a second */

static void describe(bench *b)
{
    const hnsw_set *set = b->set;
    const size_t before = hnsw_anonymous_kilobytes();
    const double start = hnsw_clock(), begin = hnsw_processor();
    clipsearch_error err;
    cs_hnsw_report report;
    build(b, set);
    const double took = hnsw_clock() - start, used = hnsw_processor() - begin;
    const size_t megabytes = (hnsw_anonymous_kilobytes() - before) / 1000;
    must(cs_index_hnsw_check(b->index, &report, &err), &err);
    printf("%zu vectors of %zu, %s, %u threads: built in %.1f s, %.1f s of processor time, %.0f us each; %zu MB, %zu "
           "of them the exact vectors\n",
           set->count, set->dim, set->codes, set->threads, took, used, 1e6 * used / (double)set->count, megabytes,
           set->count * set->dim * sizeof(float) / 1000000);
    printf("%.1f links a node, %.0f %% of them both ways, %zu broken, %zu unreachable, %d levels\n",
           (double)report.links / (double)report.nodes, 100.0 * (double)report.reciprocal / (double)report.links,
           report.broken, report.unreachable, report.levels);
    fflush(stdout);
}

/* Best of REPEATS passes over the queries, in processor time: what other programs take does not count. */
static void table(bench *b, int64_t *found)
{
    static const size_t efs[] = {16, 24, 32, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096};
    const hnsw_set *set = b->set;
    for (size_t e = 0; e < sizeof efs / sizeof *efs; e++) {
        double best = 1e9;
        size_t distances = 0, graphs = 0;
        for (int pass = 0; pass < REPEATS; pass++) {
            const double start = hnsw_processor();
            distances = graphs = 0;
            for (size_t q = 0; q < set->query_count; q++) {
                cs_index_stats stats;
                search_one(b->index, set->queries + q * set->dim, efs[e], &stats, found + q * HNSW_K);
                distances += stats.distances;
                graphs += stats.graph;
            }
            const double took = hnsw_processor() - start;
            best = took < best ? took : best;
        }
        const double n = (double)set->query_count;
        printf("ef %4zu: recall@10 %.4f, %7.0f queries/s, %5.1f us, %5.0f codes compared, graph used %.3f\n", efs[e],
               hnsw_recall(set, found), n / best, 1e6 * best / n, (double)distances / n, (double)graphs / n);
        fflush(stdout);
    }
}

/* Searches for one id in so many, picked at random: where the walk ends and the scan begins. */
static void filters(const bench *b)
{
    static const double shares[] = {0.5, 0.2, 0.15, 0.12, 0.1, 0.08, 0.06, 0.04, 0.02, 0.01, 0.001};
    enum { QUERIES = 200 };
    const hnsw_set *set = b->set;
    uint64_t *bits = calloc(set->count / 64 + 1, sizeof *bits), seed = 1;
    for (size_t s = 0; bits && s < sizeof shares / sizeof *shares; s++) {
        cs_id_set allowed = {.bits = bits, .size = set->count};
        memset(bits, 0, (set->count / 64 + 1) * sizeof *bits);
        for (size_t i = 0; i < set->count; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            if ((double)(seed >> 33) < shares[s] * 0x1p31) {
                bits[i / 64] |= (uint64_t)1 << i % 64;
                allowed.count++;
            }
        }
        double best = 1e9;
        cs_index_stats stats = {0};
        for (int pass = 0; pass < REPEATS; pass++) {
            const double start = hnsw_processor();
            for (size_t q = 0; q < QUERIES; q++) {
                cs_neighbour out[HNSW_K];
                size_t found;
                clipsearch_error err;
                cs_index_search_params params = {.k = HNSW_K, .allowed = &allowed, .stats = &stats};
                must(cs_index_search(b->index, set->queries + q * set->dim, &params, NULL, out, &found, &err), &err);
            }
            const double took = hnsw_processor() - start;
            best = took < best ? took : best;
        }
        printf("%5.1f %% allowed: %6.0f us a query, %s\n", 100 * shares[s], best * 1e6 / QUERIES,
               stats.graph ? "graph" : "scan");
    }
    free(bits);
}

/* ---- the defaults */

/* Recall and time of searches that give no ef, on one thread and on all, and of a scan of all codes. */
static void defaults_of(const bench *b, const char *kind, const char *queries, int64_t *found)
{
    enum { MANY = 200 };
    hnsw_set set = *b->set;
    char name[64];
    size_t bytes;
    set.kind = kind;
    snprintf(name, sizeof name, "%struth-%zu.i32", kind, set.count);
    if (!(set.truth = hnsw_map(set.folder, name, &bytes)))
        return;
    set.query_count = bytes / (HNSW_K * sizeof *set.truth);
    if (!(set.queries = hnsw_map(set.folder, queries, &bytes)))
        return;
    for (unsigned threads = 1; threads <= set.threads; threads += set.threads - 1 + (set.threads == 1)) {
        cs_pool *pool = NULL;
        clipsearch_error err;
        must(cs_pool_open(threads, &pool, &err), &err);
        double best = 1e9, clock = 1e9;
        size_t graphs = 0, distances = 0;
        for (int pass = 0; pass < REPEATS; pass++) {
            const double start = hnsw_processor(), now = hnsw_clock();
            graphs = distances = 0;
            for (size_t q = 0; q < set.query_count; q++) {
                cs_neighbour out[HNSW_K];
                cs_index_stats stats;
                size_t have = 0;
                const cs_index_search_params params = {.k = HNSW_K, .stats = &stats};
                must(cs_index_search(b->index, set.queries + q * set.dim, &params, pool, out, &have, &err), &err);
                for (size_t i = 0; i < HNSW_K; i++)
                    found[q * HNSW_K + i] = i < have ? out[i].id : -1;
                graphs += stats.graph;
                distances += stats.distances;
            }
            best = hnsw_processor() - start < best ? hnsw_processor() - start : best;
            clock = hnsw_clock() - now < clock ? hnsw_clock() - now : clock;
        }
        const double n = (double)set.query_count;
        printf("%squeries, %u thread%s: recall@10 %.4f, %.1f us of processor time, %.1f us; %.0f codes compared, graph "
               "used %.3f\n",
               kind, threads, threads > 1 ? "s" : "", hnsw_recall(&set, found), 1e6 * best / n, 1e6 * clock / n,
               (double)distances / n, (double)graphs / n);
        double scan = 1e9, scan_clock = 1e9;
        for (int pass = 0; pass < REPEATS; pass++) { /* an ef as large as this is a scan */
            const double start = hnsw_processor(), now = hnsw_clock();
            for (size_t q = 0; q < MANY; q++) {
                cs_neighbour out[HNSW_K];
                size_t have = 0;
                const cs_index_search_params params = {.k = HNSW_K, .ef = set.count};
                must(cs_index_search(b->index, set.queries + q * set.dim, &params, pool, out, &have, &err), &err);
                for (size_t i = 0; i < HNSW_K; i++)
                    found[q * HNSW_K + i] = i < have ? out[i].id : -1;
            }
            scan = hnsw_processor() - start < scan ? hnsw_processor() - start : scan;
            scan_clock = hnsw_clock() - now < scan_clock ? hnsw_clock() - now : scan_clock;
        }
        set.query_count = MANY;
        printf("  a scan: recall@10 %.4f, %.1f us of processor time, %.1f us\n", hnsw_recall(&set, found),
               1e6 * scan / MANY, 1e6 * scan_clock / MANY);
        set.query_count = (size_t)n;
        fflush(stdout);
        cs_pool_close(&pool);
    }
}

static void defaults(bench *b, int64_t *found)
{
    const hnsw_set *set = b->set;
    clipsearch_error err;
    cs_pool *pool = NULL;
    size_t bytes = 0;
    cs_hnsw_info info;
    const float *texts = hnsw_map(set->folder, "texts-more.f32", &bytes);
    const double begin = hnsw_processor();
    build(b, set);
    const double built = hnsw_processor();
    must(cs_pool_open(set->threads, &pool, &err), &err);
    for (int given = 0; given < 2; given++) {
        const double start = hnsw_processor();
        must(cs_index_hnsw_calibrate(b->index, given ? texts : NULL, given ? bytes / set->dim / sizeof *texts : 0, pool,
                                     &err),
             &err);
        cs_index_hnsw_describe(b->index, &info);
        printf("%zu vectors built in %.1f s of processor time, calibrated with %zu texts in %.2f s: ef %zu near, %zu "
               "far\n",
               set->count, built - begin, info.queries, hnsw_processor() - start, info.near_ef, info.far_ef);
        defaults_of(b, "", "queries.f32", found);
        defaults_of(b, "image-", "image-queries.f32", found);
    }
    cs_pool_close(&pool);
}

/* How far a mean of `count` values with this sum and sum of squares may be from the true one: its standard error. */
static double standard_error(double sum, double squares, size_t count)
{
    const double n = (double)count, mean = sum / n;
    return sqrt((squares / n - mean * mean) / n);
}

static void recall_of(const bench *b, const char *kind, const char *queries, int64_t *found)
{
    hnsw_set set = *b->set;
    char name[64];
    size_t bytes, graphs = 0, distances = 0;
    double sum = 0, squares = 0;
    snprintf(name, sizeof name, "%struth-%zu.i32", kind, set.count);
    if (!(set.truth = hnsw_map(set.folder, name, &bytes)) || !(set.queries = hnsw_map(set.folder, queries, &bytes)))
        return;
    const double start = hnsw_processor();
    for (size_t q = 0; q < set.query_count; q++) {
        cs_index_stats stats;
        search_one(b->index, set.queries + q * set.dim, 0, &stats, found);
        hnsw_set one = set;
        one.query_count = 1;
        one.truth += q * HNSW_K;
        const double recall = hnsw_recall(&one, found);
        sum += recall;
        squares += recall * recall;
        graphs += stats.graph;
        distances += stats.distances;
    }
    const double n = (double)set.query_count;
    printf("%squeries: recall@10 %.4f (standard error %.4f), %.2f ms of processor time; %.0f codes compared, graph "
           "used %.3f\n",
           kind, sum / n, standard_error(sum, squares, set.query_count), 1e3 * (hnsw_processor() - start) / n,
           (double)distances / n, (double)graphs / n);
    fflush(stdout);
}

static void recall_alone(bench *b, const char *path, int64_t *found)
{
    const hnsw_set *set = b->set;
    clipsearch_error err;
    cs_hnsw_stamp stamp;
    cs_hnsw_info info;
    cs_pool *pool = NULL;
    size_t bytes = 0;
    const float *texts = hnsw_map(set->folder, "texts-more.f32", &bytes);
    if (!texts)
        return;
    if (cs_index_hnsw_map(path, &b->index, &stamp, &err) != CLIPSEARCH_OK)
        build(b, set);
    must(cs_pool_open(set->threads, &pool, &err), &err);
    const double start = hnsw_processor();
    must(cs_index_hnsw_calibrate(b->index, texts, bytes / set->dim / sizeof *texts, pool, &err), &err);
    cs_index_hnsw_describe(b->index, &info);
    printf("%zu vectors calibrated with %zu texts in %.2f s: ef %zu near, %zu far\n", set->count, info.queries,
           hnsw_processor() - start, info.near_ef, info.far_ef);
    recall_of(b, "", "queries.f32", found);
    recall_of(b, "image-", "image-queries.f32", found);
    cs_pool_close(&pool);
}

/* ---- one insert */

static void print_times(const char *what, double *times, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += times[i];
    qsort(times, count, sizeof *times, by_value);
    printf("%-34s %zu calls: mean %.0f us, median %.0f, 99 %% %.0f, 99.9 %% %.0f, longest %.1f ms\n", what, count,
           1e6 * sum / (double)count, 1e6 * times[count / 2], 1e6 * times[count * 99 / 100],
           1e6 * times[count * 999 / 1000], 1e3 * times[count - 1]);
    fflush(stdout);
}

/* The last tenth is inserted one by one; then a quarter is removed and as many are put back, which repairs the graph.
 * In processor time: what other programs take does not count. */
static void puts_one_by_one(bench *b)
{
    const hnsw_set *set = b->set;
    const size_t most = 20000, some = set->count / 10 < most ? set->count / 10 : most, first = set->count - some;
    const size_t gone = set->count / 4;
    double *times = malloc((some > gone ? some : gone) * sizeof *times);
    clipsearch_error err;
    put_first(b, first, set->threads);
    must(cs_index_reserve(b->index, set->count, &err), &err);
    for (size_t i = 0; i < some; i++) {
        const double start = hnsw_processor();
        must(cs_index_put(b->index, b->ids[first + i], set->base + (first + i) * set->dim, &err), &err);
        times[i] = hnsw_processor() - start;
    }
    print_times("inserting one by one", times, some);
    for (size_t i = 0; i < gone; i++) {
        const double start = hnsw_processor();
        cs_index_remove(b->index, b->ids[i * 4]);
        times[i] = hnsw_processor() - start;
    }
    print_times("removing every fourth", times, gone);
    const size_t back = gone < most ? gone : most;
    for (size_t i = 0; i < back; i++) {
        const double start = hnsw_processor();
        must(cs_index_put(b->index, b->ids[i * 4], set->base + i * 4 * set->dim, &err), &err);
        times[i] = hnsw_processor() - start;
    }
    print_times("inserting while the graph is repaired", times, back);
    free(times);
}

/* ---- threads */

typedef struct reading {
    const bench *b;
    atomic_bool stop;
    atomic_size_t searches, first;
} reading;

static void *read_all_the_time(void *context)
{
    reading *r = context;
    const hnsw_set *set = r->b->set;
    int64_t found[HNSW_K];
    for (size_t q = atomic_fetch_add(&r->first, 97); !atomic_load(&r->stop); q++) {
        search_one(r->b->index, set->queries + q % set->query_count * set->dim, 0, NULL, found);
        atomic_fetch_add(&r->searches, 1);
    }
    return NULL;
}

/* Searches a second by so many threads for a few seconds, while vectors from `*next` on are put one by one, or not. */
static void read_beside(bench *b, unsigned readers, bool writing, size_t *next)
{
    enum { MOST = 8 };
    const double seconds = 3;
    reading r = {.b = b};
    pthread_t threads[MOST];
    clipsearch_error err;
    size_t put = 0;
    double longest = 0;
    const double start = hnsw_clock(), begin = hnsw_processor();
    for (unsigned t = 0; t < readers; t++)
        if (pthread_create(&threads[t], NULL, read_all_the_time, &r))
            exit(1);
    while (hnsw_clock() - start < seconds) {
        if (!writing) {
            usleep(10000);
            continue;
        }
        /* once all ids are in, each put replaces one's vector by another's */
        const size_t at = *next % b->set->count, from = *next < b->set->count ? at : at * 7919 % b->set->count;
        const double now = hnsw_clock();
        must(cs_index_put(b->index, b->ids[at], b->set->base + from * b->set->dim, &err), &err);
        longest = hnsw_clock() - now > longest ? hnsw_clock() - now : longest;
        ++*next;
        put++;
    }
    const double took = hnsw_clock() - start;
    atomic_store(&r.stop, true);
    for (unsigned t = 0; t < readers; t++)
        pthread_join(threads[t], NULL);
    printf("%u searching%s: %.0f searches/s, %.0f inserts/s (longest %.1f ms), %.2f processors used\n", readers,
           writing ? ", one writing" : "", (double)atomic_load(&r.searches) / took, (double)put / took, 1e3 * longest,
           (hnsw_processor() - begin) / took);
    fflush(stdout);
}

static void threads(bench *b)
{
    const hnsw_set *set = b->set;
    size_t next = set->count - set->count / 10;
    for (unsigned threads = 1; threads <= 2; threads++) {
        const double start = hnsw_clock(), begin = hnsw_processor();
        put_first(b, next, threads);
        printf("%zu vectors built on %u threads: %.1f s, %.1f s of processor time\n", next, threads,
               hnsw_clock() - start, hnsw_processor() - begin);
        fflush(stdout);
        if (threads == 1)
            cs_index_close(&b->index);
    }
    clipsearch_error err;
    must(cs_index_reserve(b->index, set->count, &err), &err);
    for (unsigned readers = 0; readers <= 2; readers++)
        for (int writing = readers == 0; writing <= 1; writing++)
            read_beside(b, readers, writing, &next);
}

/* ---- the mapped file */

static void print_memory(const char *when)
{
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    size_t anonymous = 0, mapped = 0;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "RssAnon: %zu", &anonymous) != 1)
            sscanf(line, "RssFile: %zu", &mapped);
    if (file)
        fclose(file);
    printf("%s: %.1f MB resident in memory of its own, %.1f MB of files\n", when, (double)anonymous / 1e3,
           (double)mapped / 1e3);
}

/* A folder's index is written once, by `file` in a process of its own, so that what is measured afterwards holds
 * nothing of building. */
static void write_file(bench *b, const char *path)
{
    clipsearch_error err;
    cs_replacement to;
    build(b, b->set);
    must(cs_replacement_open(path, &to, &err), &err);
    must(cs_index_hnsw_write(b->index, &(cs_hnsw_stamp){1, 1}, &to, &err), &err);
    must(cs_replacement_commit(&to, &err), &err);
    printf("written to %s\n", path);
}

static void open_file(bench *b, const char *path)
{
    const hnsw_set *set = b->set;
    clipsearch_error err;
    cs_hnsw_stamp stamp;
    double times[OPENINGS], first[OPENINGS];
    int64_t found[HNSW_K];
    for (int i = 0; i < OPENINGS; i++) {
        const double start = hnsw_clock();
        must(cs_index_hnsw_map(path, &b->index, &stamp, &err), &err);
        times[i] = hnsw_clock() - start;
        search_one(b->index, set->queries + (size_t)i * set->dim, 0, NULL, found);
        first[i] = hnsw_clock() - start;
        cs_index_close(&b->index);
    }
    qsort(times, OPENINGS, sizeof *times, by_value);
    qsort(first, OPENINGS, sizeof *first, by_value);
    printf("%zu vectors opened %d times: median %.2f ms, longest %.2f; with the first search %.2f ms, longest %.2f\n",
           set->count, OPENINGS, 1e3 * times[OPENINGS / 2], 1e3 * times[OPENINGS - 1], 1e3 * first[OPENINGS / 2],
           1e3 * first[OPENINGS - 1]);
    print_memory("before");
    must(cs_index_hnsw_map(path, &b->index, &stamp, &err), &err);
    print_memory("opened");
    size_t hits = 0;
    const double begin = hnsw_processor();
    for (size_t q = 0; q < 10000; q++) {
        const size_t at = q % set->query_count;
        search_one(b->index, set->queries + at * set->dim, 0, NULL, found);
        for (size_t i = 0; i < HNSW_K; i++)
            for (size_t j = 0; j < HNSW_K; j++)
                hits += found[i] == set->truth[at * HNSW_K + j];
    }
    printf("10,000 queries, %.0f a second, recall@10 %.4f\n", 10000 / (hnsw_processor() - begin),
           (double)hits / (10000.0 * HNSW_K));
    print_memory("after them");
}

int main(int argc, char **argv)
{
    hnsw_set set;
    if (!hnsw_set_open(argc, argv, &set))
        return 2;
    bench b = {.set = &set, .ids = malloc(set.count * sizeof *b.ids)};
    int64_t *found = malloc(set.query_count * HNSW_K * sizeof *found);
    char path[4096];
    int status = 0;
    if (!b.ids || !found)
        return 1;
    for (size_t i = 0; i < set.count; i++)
        b.ids[i] = (int64_t)i;
    snprintf(path, sizeof path, "%s/index-%zu-%s", set.folder, set.count, set.codes);
    if (strcmp(set.mode, "serve") == 0) {
        status = hnsw_serve(&(hnsw_engine){&b, build, search}, &set);
    } else if (strcmp(set.mode, "puts") == 0) {
        puts_one_by_one(&b);
    } else if (strcmp(set.mode, "beside") == 0) {
        threads(&b);
    } else if (strcmp(set.mode, "write") == 0) {
        write_file(&b, path);
    } else if (strcmp(set.mode, "file") == 0) {
        open_file(&b, path);
    } else if (strcmp(set.mode, "defaults") == 0) {
        defaults(&b, found);
    } else if (strcmp(set.mode, "recall") == 0) {
        recall_alone(&b, path, found);
    } else {
        describe(&b);
        if (strcmp(set.mode, "filters") == 0)
            filters(&b);
        else
            table(&b, found);
    }
    cs_index_close(&b.index);
    free(found);
    free(b.ids);
    return status;
}
