/* SPDX-License-Identifier: MIT
 * test_index_together.c - threads of this process search while another process puts, removes, and replaces the index
 * file under them: every answer is whole, and what was committed before a search is found by it. */
#include "support/gallery.h"
#include "support/index_fixture.h"
#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST = 3000, ROUNDS = 10, LOT = 60, THREADS = 2 };

static char path[4096];
static atomic_ullong committed = FIRST; /* images below are there */
static atomic_bool over;

/* ---- the other process: each round puts a lot, removes the ids behind 1000 one by one, and checkpoints */

static void write_rounds(int pipe)
{
    clipsearch_error err;
    clipsearch_database *db = NULL;
    clipsearch_collection *c = NULL;
    if (clipsearch_database_open(path, 0, &db, &err) || clipsearch_collection_open(db, "photos", NULL, &c, &err))
        _exit(1);
    for (int64_t round = 0; round < ROUNDS; round++) {
        const uint64_t first = FIRST + (uint64_t)round * LOT, end = first + LOT;
        const int64_t gone = 1001 + round;
        if (!index_put(c, first, LOT, 0, &err) || clipsearch_collection_remove(c, &gone, 1, NULL, &err) ||
            write(pipe, &end, sizeof end) != (ssize_t)sizeof end || clipsearch_collection_checkpoint(c, NULL, &err))
            _exit(2);
    }
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    _exit(0);
}

/* ---- the threads */

typedef struct searcher {
    uint64_t seed, searches, by_graph, owners;
    int notes;
    bool good;
    char why[1200];
} searcher;

static void on_note(void *context, const char *line)
{
    searcher *s = context;
    s->notes++;
    snprintf(s->why, sizeof s->why, "note: %s", line);
}

static bool search_one(searcher *s, clipsearch_collection *c)
{
    clipsearch_error err;
    clipsearch_search_stats stats;
    clipsearch_search_stats_init(&stats);
    clipsearch_search_options options;
    clipsearch_hits *hits = NULL;
    float query[INDEX_DIM];
    s->seed = s->seed * 6364136223846793005u + 1442695040888963407u;
    const uint64_t there = atomic_load(&committed), pick = (s->seed >> 33) % 4;
    /* now one of the newest, now one that was there from the first and stays */
    const uint64_t n = pick ? (s->seed >> 35) % 1000 : there - 1 - (s->seed >> 35) % LOT;
    clipsearch_search_options_init(&options);
    options.stats = &stats;
    options.ef = 120;
    index_vector(n, 0, query);
    if (clipsearch_search(c, query, 1, INDEX_K, &options, &hits, &err) != CLIPSEARCH_OK) {
        snprintf(s->why, sizeof s->why, "%s", err.message);
        return false;
    }
    const clipsearch_hit *first = clipsearch_hits_get(hits, 0, 0);
    bool good = clipsearch_hits_count(hits, 0) == INDEX_K && first->id == (int64_t)n + 1 && first->score > 0.99999f;
    if (!good)
        snprintf(s->why, sizeof s->why, "image %d of %d: %d hits, the first is %d", (int)n, (int)there,
                 (int)clipsearch_hits_count(hits, 0), first ? (int)first->id : 0);
    clipsearch_hits_free(&hits);
    s->searches++;
    s->by_graph += stats.graph + stats.scanned;
    return good;
}

static void *search_on(void *context)
{
    searcher *s = context;
    clipsearch_error err;
    clipsearch_database *db = NULL;
    clipsearch_collection *c = NULL;
    s->good = clipsearch_database_open(path, CLIPSEARCH_READ_ONLY, &db, &err) == CLIPSEARCH_OK &&
              clipsearch_collection_open(db, "photos", NULL, &c, &err) == CLIPSEARCH_OK;
    clipsearch_database_on_note(db, on_note, s);
    while (s->good && !atomic_load(&over))
        s->good = search_one(s, c);
    for (int i = 0; i < 50 && s->good; i++) /* after the last file too */
        s->good = search_one(s, c);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    return NULL;
}

int main(int argc, char **argv)
{
    gallery g;
    clipsearch_error err = {0};
    clipsearch_database *db = NULL;
    clipsearch_collection *c = NULL;
    const clipsearch_index_options options = {.struct_size = sizeof options, .m = 8, .ef_construction = 40};
    searcher searchers[THREADS] = {{.seed = 1}, {.seed = 2}};
    pthread_t threads[THREADS];
    int ends[2], status = 0;
    if (argc == 3) {
        snprintf(path, sizeof path, "%s", argv[1]);
        write_rounds(atoi(argv[2]));
    }
    gallery_open(&g, false);
    snprintf(path, sizeof path, "%s", folder_path(&g.elsewhere, "together.db"));
    bool good = clipsearch_database_open(path, CLIPSEARCH_CREATE, &db, &err) == CLIPSEARCH_OK &&
                clipsearch_collection_ensure_index(db, "photos", g.encoder, CLIPSEARCH_COSINE, &options, &c, &err) ==
                    CLIPSEARCH_OK &&
                index_put(c, 0, FIRST, 0, &err) && clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK;
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    if (!good || pipe(ends)) {
        printf("Bail out! %s\n", err.message);
        return 1;
    }
    const pid_t child = fork();
    if (child ==
        0) { /* as a program of its own: it makes threads, which after a fork of this one's not all tools like */
        char number[20];
        close(ends[0]);
        snprintf(number, sizeof number, "%d", ends[1]);
        execl("/proc/self/exe", "writer", path, number, (char *)NULL);
        _exit(3);
    }
    close(ends[1]);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, search_on, &searchers[i]))
            return 1;
    for (uint64_t end; read(ends[0], &end, sizeof end) == (ssize_t)sizeof end;)
        atomic_store(&committed, end);
    waitpid(child, &status, 0);
    atomic_store(&over, true);
    close(ends[0]);
    TAP_OK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d rounds of changes and a new index file each", ROUNDS);
    for (int i = 0; i < THREADS; i++) {
        searcher *s = &searchers[i];
        pthread_join(threads[i], NULL);
        TAP_OK(s->good && s->notes == 0 && s->by_graph == s->searches && s->searches > 50,
               "thread %d: %d searches meanwhile, all of them by the graph, all right; %s", i, (int)s->searches,
               s->why);
    }
    gallery_close(&g);
    return tap_done();
}
