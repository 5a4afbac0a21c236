/* SPDX-License-Identifier: MIT
 * test_threads.c - one collection handle used by many threads: searches, queries, look-ups while another thread puts,
 * removes and checkpoints; many queries of one call; a database in memory. Run it with -Db_sanitize=thread. */
#include "local/collection.h"
#include "local/local.h"
#include "support/folder.h"
#include "support/index_fixture.h"
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST = 3000, STAY = 1000, ROUNDS = 8, BATCH = 60, THREADS = 8, LEAST = 12 };

static clipsearch_error err;

static clipsearch_collection *open_collection(const char *path, clipsearch_database **db)
{
    const clipsearch_index_options options = {.struct_size = sizeof options, .m = 8, .ef_construction = 40};
    const cs_encoder_identity identity = {
        .name = "test", .fingerprint = "0123", .preprocessing = "none", .dim = INDEX_DIM};
    clipsearch_collection *c = NULL;
    if (cs_local_open(path, CLIPSEARCH_CREATE, db, &err) != CLIPSEARCH_OK ||
        cs_collection_ensure(*db, "photos", &identity, CLIPSEARCH_COSINE, &options, &c, &err) != CLIPSEARCH_OK ||
        !index_put(c, 0, FIRST, 0, &err) || clipsearch_collection_checkpoint(c, NULL, &err) != CLIPSEARCH_OK) {
        printf("Bail out! %s\n", err.message);
        exit(1);
    }
    return c;
}

/* ---- readers beside a writer */

typedef struct reader {
    clipsearch_collection *c;
    uint64_t seed;
    int searches, by_graph;
    bool good;
    char why[1200];
} reader;

static atomic_ullong committed; /* images below are there */
static atomic_bool over;
static atomic_int notes;
static char last_note[1200];

/* Image n is the nearest to its own vector. */
static bool search_for(reader *r, uint64_t n, bool exact, const char *filter)
{
    clipsearch_error error;
    clipsearch_search_stats stats;
    clipsearch_search_stats_init(&stats);
    clipsearch_search_options options;
    clipsearch_hits *hits = NULL;
    float query[INDEX_DIM];
    char path[40];
    snprintf(path, sizeof path, "/images/%d.jpg", (int)n);
    clipsearch_search_options_init(&options);
    options.stats = &stats;
    options.ef = 120;
    options.exact = exact;
    options.filter = filter;
    index_vector(n, 0, query);
    if (clipsearch_search(r->c, query, 1, INDEX_K, &options, &hits, &error) != CLIPSEARCH_OK) {
        snprintf(r->why, sizeof r->why, "search: %s", error.message);
        return false;
    }
    const clipsearch_hit *first = clipsearch_hits_get(hits, 0, 0);
    const bool good = clipsearch_hits_count(hits, 0) == INDEX_K && first->id == (int64_t)n + 1 &&
                      first->score > 0.99999f && strcmp(first->path, path) == 0;
    if (!good)
        snprintf(r->why, sizeof r->why, "image %d: %d hits, the first is %d", (int)n,
                 (int)clipsearch_hits_count(hits, 0), first ? (int)first->id : 0);
    clipsearch_hits_free(&hits);
    r->searches++;
    r->by_graph += (int)(stats.graph + stats.scanned);
    return good;
}

static bool query_and_get(reader *r)
{
    clipsearch_error error;
    clipsearch_hits *hits = NULL;
    const int64_t ids[] = {7, 900000, 3};
    bool good = clipsearch_query(r->c, "n < 50", 20, 10, &hits, &error) == CLIPSEARCH_OK &&
                clipsearch_hits_count(hits, 0) == 20 && clipsearch_hits_get(hits, 0, 0)->id == 11;
    clipsearch_hits_free(&hits);
    good = good && clipsearch_get(r->c, ids, 3, &hits, &error) == CLIPSEARCH_OK &&
           clipsearch_hits_count(hits, 0) == 2 && clipsearch_hits_get(hits, 0, 1)->id == 3;
    clipsearch_hits_free(&hits);
    if (!good)
        snprintf(r->why, sizeof r->why, "query or get: %s", error.message);
    return good;
}

/* The receiver may use the collection, here `context`. */
static void on_note(void *context, const char *line)
{
    reader r = {.c = context};
    if (context && !(search_for(&r, 3, false, NULL) && search_for(&r, 4, true, NULL) && query_and_get(&r)))
        snprintf(last_note, sizeof last_note, "%s", r.why);
    else
        snprintf(last_note, sizeof last_note, "%s", line);
    atomic_fetch_add(&notes, 1);
}

static void *read_on(void *context)
{
    reader *r = context;
    r->good = true;
    for (int i = 0; r->good && (i < LEAST || !atomic_load(&over)); i++) {
        r->seed = r->seed * 6364136223846793005u + 1442695040888963407u;
        const uint64_t there = atomic_load(&committed), pick = r->seed >> 33;
        /* now one of the newest, now one that was there from the first and stays */
        r->good = search_for(r, i % 3 ? pick % STAY : there - 1 - pick % BATCH, i % 7 == 3, NULL) &&
                  (i % 4 != 1 || search_for(r, pick % 500, false, "n < 500")) && (i % 4 != 2 || query_and_get(r));
    }
    return NULL;
}

/* Each round puts a batch, removes an id behind STAY, changes a filter's worth of items, and checkpoints. */
static bool write_rounds(clipsearch_collection *c)
{
    uint64_t removed;
    for (int64_t round = 0; round < ROUNDS; round++) {
        const uint64_t first = FIRST + (uint64_t)round * BATCH;
        const int64_t gone = STAY + 1 + round;
        char filter[60];
        snprintf(filter, sizeof filter, "n == %d", (int)(STAY + 500 + round));
        if (!index_put(c, first, BATCH, 0, &err) || clipsearch_collection_remove(c, &gone, 1, NULL, &err) ||
            clipsearch_collection_remove_where(c, filter, &removed, &err) || removed != 1)
            return false;
        atomic_store(&committed, first + BATCH);
        if (clipsearch_collection_checkpoint(c, NULL, &err))
            return false;
    }
    return true;
}

static void start(reader *readers, pthread_t *threads, clipsearch_collection *const *handles)
{
    for (int i = 0; i < THREADS; i++) {
        readers[i] = (reader){.c = handles[i], .seed = (uint64_t)i + 1};
        if (pthread_create(&threads[i], NULL, read_on, &readers[i]))
            exit(1);
    }
}

static void test_beside_writer(const char *what, const char *path, bool index)
{
    clipsearch_database *db = NULL;
    clipsearch_collection *c = open_collection(path, &db), *handles[THREADS];
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    static reader readers[THREADS];
    pthread_t threads[THREADS];
    clipsearch_database_on_note(db, on_note, NULL);
    atomic_store(&notes, 0);
    atomic_store(&committed, FIRST);
    atomic_store(&over, false);
    for (int i = 0; i < THREADS; i++)
        handles[i] = c;
    start(readers, threads, handles);
    const bool good = write_rounds(c);
    atomic_store(&over, true);
    TAP_OK(good, "%s: %d rounds of changes beside %d readers of one handle %s", what, ROUNDS, THREADS,
           good ? "" : err.message);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        TAP_OK(readers[i].good && readers[i].searches >= LEAST && (index ? readers[i].by_graph > 0 : true),
               "%s: reader %d: %d searches, %d by the graph; %s", what, i, readers[i].searches, readers[i].by_graph,
               readers[i].why);
    }
    const bool described = clipsearch_collection_describe(c, &info, &err) == CLIPSEARCH_OK;
    TAP_OK(described && info.count == FIRST + ROUNDS * (BATCH - 2) && info.indexed == index && atomic_load(&notes) == 0,
           "%s: %d images afterwards; %s", what, (int)info.count, last_note);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
}

/* ---- what handles share */

static void test_shared(const folder *f)
{
    clipsearch_database *db = NULL;
    clipsearch_collection *handles[THREADS];
    static reader readers[THREADS];
    pthread_t threads[THREADS];
    handles[0] = open_collection(folder_path(f, "shared.db"), &db);
    bool same = true;
    for (int i = 1; i < THREADS; i++)
        if (clipsearch_collection_open(db, "photos", NULL, &handles[i], &err) != CLIPSEARCH_OK)
            exit(1);
    atomic_store(&committed, FIRST);
    atomic_store(&over, true);
    start(readers, threads, handles);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        same = same && readers[i].good &&
               cs_local_collection(handles[i])->shared == cs_local_collection(handles[0])->shared;
    }
    const local_shared *shared = cs_local_collection(handles[0])->shared;
    TAP_OK(same && shared->handles == THREADS && shared->snapshot && shared->snapshot->uses == 1 &&
               shared->snapshot->graph_usable && shared->snapshot->vectors && shared->snapshot->vectors->uses == 1,
           "%d handles, each with a thread, have one graph and one copy of the vectors %s", THREADS, readers[0].why);
    TAP_OK(clipsearch_collection_drop(db, "photos", &err) == CLIPSEARCH_E_ARGUMENT, "not dropped: %s", err.message);
    for (int i = 0; i < THREADS; i++)
        clipsearch_collection_close(&handles[i]);
    TAP_OK(!cs_local_database(db)->collections && clipsearch_collection_drop(db, "photos", &err) == CLIPSEARCH_OK,
           "all closed, and dropped");
    clipsearch_database_close(&db);
}

/* A damaged file is found by many threads at once: one note, every answer right. */
static void test_damage(const folder *f)
{
    clipsearch_database *db = NULL;
    clipsearch_collection *c = open_collection(folder_path(f, "damage.db"), &db), *handles[THREADS];
    static reader readers[THREADS];
    pthread_t threads[THREADS];
    char file[4096];
    snprintf(file, sizeof file, "%s", folder_path(f, "damage.db.photos.hnsw"));
    int fd = open(file, O_RDWR);
    for (long at = 1 << 19; at < 6 << 20; at += 3 << 12) {
        unsigned char byte;
        if (pread(fd, &byte, 1, at) != 1)
            break;
        byte ^= 1;
        if (pwrite(fd, &byte, 1, at) != 1)
            exit(1);
    }
    close(fd);
    clipsearch_database_on_note(db, on_note, c);
    atomic_store(&notes, 0);
    atomic_store(&committed, FIRST);
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++)
        handles[i] = c;
    start(readers, threads, handles);
    bool good = true;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        good = good && readers[i].good;
    }
    TAP_OK(good && atomic_load(&notes) == 1 && strstr(last_note, "checksum"),
           "a damaged file under %d threads: %d note: %s", THREADS, atomic_load(&notes), last_note);
    clipsearch_checkpoint_options options;
    clipsearch_checkpoint_options_init(&options);
    options.rebuild = true;
    reader r = {.c = c};
    TAP_OK(clipsearch_collection_checkpoint(c, &options, &err) == CLIPSEARCH_OK && search_for(&r, 5, false, NULL) &&
               r.by_graph == 1,
           "and made anew it is used again %s", r.why);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
}

/* ---- many queries of one call */

static bool same_hits(const clipsearch_hits *a, size_t query, const clipsearch_hits *b)
{
    const size_t count = clipsearch_hits_count(a, query);
    if (count != clipsearch_hits_count(b, 0))
        return false;
    for (size_t i = 0; i < count; i++) {
        const clipsearch_hit *x = clipsearch_hits_get(a, query, i), *y = clipsearch_hits_get(b, 0, i);
        if (x->id != y->id || memcmp(&x->score, &y->score, sizeof x->score) != 0 || strcmp(x->path, y->path) != 0)
            return false;
    }
    return true;
}

/* The hits of one call of many queries are those of a call each, in every bit. */
static void compare_calls(clipsearch_collection *c, const char *what, clipsearch_search_options options, size_t k,
                          bool graph)
{
    enum { QUERIES = 150 };
    static float queries[QUERIES][INDEX_DIM];
    clipsearch_search_stats stats;
    clipsearch_search_stats_init(&stats);
    clipsearch_hits *all = NULL, *one = NULL;
    options.stats = &stats;
    for (uint64_t i = 0; i < QUERIES; i++)
        index_vector(1000000 + i, 0, queries[i]);
    bool good = clipsearch_search(c, queries[0], QUERIES, k, &options, &all, &err) == CLIPSEARCH_OK;
    const size_t walked = stats.graph + (options.filter ? 0 : stats.scanned);
    size_t hits = 0;
    for (size_t i = 0; i < QUERIES && good; i++) {
        good = clipsearch_search(c, queries[i], 1, k, &options, &one, &err) == CLIPSEARCH_OK && same_hits(all, i, one);
        hits += clipsearch_hits_count(all, i);
        clipsearch_hits_free(&one);
    }
    TAP_OK(good && walked == (graph ? QUERIES : 0), "%s: %d queries of one call, %d hits, %d by the graph", what,
           QUERIES, (int)hits, (int)walked);
    clipsearch_hits_free(&all);
}

static void test_many_queries(const folder *f)
{
    clipsearch_database *db = NULL;
    clipsearch_collection *c = open_collection(folder_path(f, "many.db"), &db);
    clipsearch_search_options options;
    clipsearch_hits *hits = NULL;
    static float queries[40][INDEX_DIM];
    clipsearch_search_options_init(&options);
    compare_calls(c, "graph", options, 10, true);
    options.filter = "n % 2 == 0";
    compare_calls(c, "filter", options, 10, false); /* of so few the codes are scanned */
    options.has_limit = true;
    options.limit = 0.9f;
    compare_calls(c, "filter and limit", options, 500, false);
    clipsearch_search_options_init(&options);
    options.exact = true;
    compare_calls(c, "exact", options, 10, false);
    options.filter = "n < 5";
    compare_calls(c, "exact and filter", options, 10, false);
    clipsearch_search_options_init(&options);
    index_put(c, FIRST, 100, 0, &err);
    compare_calls(c, "graph and delta", options, 10, true);
    for (uint64_t i = 0; i < 40; i++)
        index_vector(i, 0, queries[i]);
    queries[9][3] = queries[30][0] = 0.0f / (queries[0][0] - queries[0][0]);
    TAP_OK(clipsearch_search(c, queries[0], 40, 5, NULL, &hits, &err) == CLIPSEARCH_E_ARGUMENT && !hits &&
               strstr(err.message, "query 9"),
           "the first wrong query is named: %s", err.message);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
}

/* ---- in memory */

static void test_in_memory(const folder *f)
{
    clipsearch_database *db = NULL, *other = NULL;
    clipsearch_collection *c = NULL;
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    struct stat st;
    const int before = open(".", O_RDONLY | O_DIRECTORY);
    if (chdir(f->path) != 0)
        exit(1);
    test_beside_writer("in memory", ":memory:", false);
    c = open_collection(":memory:", &db);
    const bool checked = clipsearch_collection_check(c, 0, &report, &err) == CLIPSEARCH_OK;
    TAP_OK(checked && report.images == FIRST && report.state == CLIPSEARCH_INDEX_NONE, "checked: %d images %s",
           (int)report.images, err.message);
    TAP_OK(cs_local_open(":memory:", 0, &other, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_open(other, "photos", NULL, &(clipsearch_collection *){NULL}, &err) ==
                   CLIPSEARCH_E_NOT_FOUND,
           "another database in memory has nothing of it: %s", err.message);
    clipsearch_database_close(&other);
    TAP_OK(clipsearch_database_vacuum(db, &err) == CLIPSEARCH_OK, "vacuumed %s", err.message);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    TAP_OK(clipsearch_database_open(":memory:", CLIPSEARCH_READ_ONLY, &db, &err) == CLIPSEARCH_E_ARGUMENT,
           "not for reading only: %s", err.message);
    TAP_OK(stat(":memory:", &st) != 0 && stat(":memory:.photos.hnsw", &st) != 0, "no file of that name");
    if (fchdir(before) != 0)
        exit(1);
    close(before);
}

int main(void)
{
    folder f;
    folder_make(&f);
    test_beside_writer("in a file", folder_path(&f, "threads.db"), true);
    test_shared(&f);
    test_damage(&f);
    test_many_queries(&f);
    test_in_memory(&f);
    folder_remove(&f);
    return tap_done();
}
