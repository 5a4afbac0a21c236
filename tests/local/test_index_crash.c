/* SPDX-License-Identifier: MIT
 * test_index_crash.c - a process that puts, removes and checkpoints is killed at any moment: every change it reported
 * is there, none that it did not begin is, and the index file is sound, or noticed and scanned past. */
#include "support/gallery.h"
#include "support/index_fixture.h"
#include "tap.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIRST = 2200, MOST = 6000, BATCH = 40, KILLS = 14, GONE = 255 };

typedef enum op { OP_PUT, OP_REMOVE, OP_CHECKPOINT, OP_VACUUM } op;

/* Written before a change, and again when it is made. */
typedef struct record {
    op op;
    bool done;
    unsigned version;
    uint64_t first, count;
} record;

static clipsearch_error err;
static char path[4096];
static uint64_t seed;

/* What each image's vector should be: a version, or GONE, or not yet put. */
static unsigned char versions[MOST], previous[MOST]; /* previous: the version before, 0: none */
static uint64_t images;                              /* below: put at some time */

static uint64_t random_below(uint64_t *state, uint64_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % n;
}

static void apply(const record *r)
{
    for (uint64_t n = r->first; n < r->first + r->count && r->op <= OP_REMOVE; n++) {
        if (n >= images && r->op == OP_PUT)
            images = n + 1;
        if (versions[n] != GONE && versions[n] != r->version)
            previous[n] = versions[n];
        versions[n] = r->op == OP_PUT ? (unsigned char)r->version : GONE;
    }
}

/* ---- the writer */

static bool change(clipsearch_collection *c, const record *r)
{
    int64_t ids[BATCH];
    clipsearch_checkpoint_options options;
    for (uint64_t i = 0; i < r->count && i < BATCH; i++)
        ids[i] = (int64_t)(r->first + i + 1);
    switch (r->op) {
    case OP_PUT:
        return index_put(c, r->first, r->count, r->version, &err);
    case OP_REMOVE:
        return clipsearch_collection_remove(c, ids, r->count, NULL, &err) == CLIPSEARCH_OK;
    case OP_CHECKPOINT:
    case OP_VACUUM:
        clipsearch_checkpoint_options_init(&options);
        options.vacuum = r->op == OP_VACUUM;
        return clipsearch_collection_checkpoint(c, &options, &err) == CLIPSEARCH_OK;
    }
    return false;
}

/* Only removed images lose their id: put again they would get another, so no put touches them. */
static bool is_free_of_gone(uint64_t first, uint64_t count)
{
    for (uint64_t n = first; n < first + count; n++)
        if (versions[n] == GONE)
            return false;
    return true;
}

static void write_until_killed(int pipe, uint64_t state)
{
    clipsearch_database *db = NULL;
    clipsearch_collection *c = NULL;
    if (clipsearch_database_open(path, 0, &db, &err) || clipsearch_collection_open(db, "photos", NULL, &c, &err))
        _exit(1);
    for (unsigned step = 0;; step++) {
        record r = {.op = OP_PUT, .first = images, .count = BATCH, .version = 1};
        const uint64_t kind = random_below(&state, 8);
        if (kind < (step == 0 ? 4 : 1)) {
            r = (record){.op = random_below(&state, 3) ? OP_CHECKPOINT : OP_VACUUM};
        } else if (kind < 3) {
            r.op = OP_REMOVE;
            r.count = 1 + random_below(&state, BATCH);
            r.first = random_below(&state, images - r.count);
        } else if (kind < 6) {
            r.version = 2 + (unsigned)random_below(&state, 6);
            r.first = random_below(&state, images - BATCH);
            if (!is_free_of_gone(r.first, r.count))
                continue;
        }
        if (r.op == OP_PUT && r.first + r.count > MOST)
            continue;
        if (write(pipe, &r, sizeof r) != (ssize_t)sizeof r)
            _exit(2);
        if (!change(c, &r))
            _exit(3);
        apply(&r);
        r.done = true;
        if (write(pipe, &r, sizeof r) != (ssize_t)sizeof r)
            _exit(4);
    }
}

/* ---- the check */

/* 1: the image is found by its vector, which is this version's; 0: not. */
static bool is_found(clipsearch_collection *c, uint64_t n, unsigned version, bool exact)
{
    float query[INDEX_DIM];
    clipsearch_search_options options;
    clipsearch_hits *hits = NULL;
    bool found = false;
    clipsearch_search_options_init(&options);
    options.ef = 300;
    options.exact = exact;
    index_vector(n, version, query);
    if (clipsearch_search(c, query, 1, INDEX_K, &options, &hits, &err) != CLIPSEARCH_OK ||
        clipsearch_hits_count(hits, 0) != INDEX_K)
        return false;
    const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, 0);
    found = hit->id == (int64_t)n + 1 && hit->score > 0.99999f;
    clipsearch_hits_free(&hits);
    return found;
}

static bool all_is_right(clipsearch_collection *c)
{
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    uint64_t count = 0;
    for (uint64_t n = 0; n < images; n++) {
        count += versions[n] != GONE;
        if (versions[n] != GONE && !is_found(c, n, versions[n], false)) {
            clipsearch_check_report report;
            clipsearch_check_report_init(&report);
            clipsearch_collection_check(c, 20, &report, &err);
            tap_note("image %d, version %d is not found by the index, %s by exact search; the check: state %d, %llu"
                     " unreachable, %llu broken, %llu removed, %llu changes, recall %.4f",
                     (int)n, versions[n], is_found(c, n, versions[n], true) ? "but" : "nor", (int)report.state,
                     (unsigned long long)report.unreachable, (unsigned long long)report.broken,
                     (unsigned long long)report.removed, (unsigned long long)report.changes, report.recall);
            return false;
        }
        if (previous[n] && previous[n] != versions[n] && is_found(c, n, previous[n], false)) {
            tap_note("image %d is found by version %d, which it has no more", (int)n, previous[n]);
            return false;
        }
    }
    return clipsearch_collection_describe(c, &info, &err) == CLIPSEARCH_OK && info.count == count;
}

/* Whether the last change, which was begun and not reported, was made: all of it or nothing. */
static bool was_made(clipsearch_collection *c, const record *r)
{
    if (r->op == OP_PUT) { /* asked of an item that the put changes: the first may have had this version before */
        uint64_t n = r->first;
        while (n < r->first + r->count && versions[n] == r->version)
            n++;
        return n < r->first + r->count && is_found(c, n, r->version, false);
    }
    for (uint64_t n = r->first; n < r->first + r->count; n++)
        if (versions[n] != GONE)
            return !is_found(c, n, versions[n], false);
    return false;
}

static int temporaries(void)
{
    char directory[4096];
    snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(path, '/') - path), path);
    DIR *names = opendir(directory);
    int count = 0;
    for (const struct dirent *entry; names && (entry = readdir(names));)
        count += strstr(entry->d_name, ".hnsw.") != NULL;
    if (names)
        closedir(names);
    return count;
}

static bool live_and_die(bool wait, long nanoseconds, record *last, int *changes)
{
    int ends[2], status = 0;
    record r;
    if (pipe(ends))
        return false;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        write_until_killed(ends[1], seed);
    }
    close(ends[1]);
    if (wait) /* until it has begun to write: on a slow machine all would die before they do anything */
        poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, 10000);
    struct timespec pause = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    nanosleep(&pause, NULL);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    *last = (record){.done = true};
    while (read(ends[0], &r, sizeof r) == (ssize_t)sizeof r) {
        *last = r;
        if (r.done)
            apply(&r);
        *changes += r.done;
    }
    close(ends[0]);
    if (!WIFSIGNALED(status))
        tap_note("the writer ended by itself with %d", WEXITSTATUS(status));
    return WIFSIGNALED(status);
}

/* What has been found after the deaths. */
typedef struct tally {
    int usable, unused, changes, litter;
} tally;

static bool look(const record *last, tally *t)
{
    clipsearch_database *db = NULL;
    clipsearch_collection *c = NULL;
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    bool good = clipsearch_database_open(path, 0, &db, &err) == CLIPSEARCH_OK &&
                clipsearch_collection_open(db, "photos", NULL, &c, &err) == CLIPSEARCH_OK;
    if (good && !last->done && last->op <= OP_REMOVE && was_made(c, last))
        apply(last);
    good = good && all_is_right(c);
    if (good) {
        good = clipsearch_collection_check(c, 20, &report, &err) == CLIPSEARCH_OK;
        t->usable += report.state == CLIPSEARCH_INDEX_USABLE;
        t->unused += report.state == CLIPSEARCH_INDEX_UNUSED;
        if (!good)
            tap_note("the check: %s", err.message);
    }
    t->litter += temporaries();
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    return good;
}

int main(void)
{
    gallery g;
    tally t = {0};
    record last = {0};
    bool good = true;
    int kills = 0;
    gallery_open(&g, false);
    snprintf(path, sizeof path, "%s", folder_path(&g.elsewhere, "crash.db"));
    clipsearch_database *db = NULL;
    clipsearch_collection *c = NULL;
    const clipsearch_index_options options = {.struct_size = sizeof options, .m = 8, .ef_construction = 40};
    good = clipsearch_database_open(path, CLIPSEARCH_CREATE, &db, &err) == CLIPSEARCH_OK &&
           clipsearch_collection_ensure_index(db, "photos", g.encoder, CLIPSEARCH_COSINE, &options, &c, &err) ==
               CLIPSEARCH_OK &&
           index_put(c, 0, FIRST, 1, &err) && clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK;
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    apply(&(record){.op = OP_PUT, .count = FIRST, .version = 1});
    seed = (uint64_t)time(NULL);
    tap_note("seed %llu", (unsigned long long)seed);
    for (; kills < KILLS && good; kills++) {
        const long nanoseconds = (long)random_below(&seed, kills % 3 ? 500000000 : 120000000);
        good = live_and_die(kills % 3 != 0, nanoseconds, &last, &t.changes) && look(&last, &t);
    }
    TAP_OK(good && t.changes > 0,
           "%d writers killed after %d changes: all that was reported is found, and nothing else; the index was usable"
           " %d times, noticed to be unusable %d times; %d files left behind",
           kills, t.changes, t.usable, t.unused, t.litter);
    good = clipsearch_database_open(path, 0, &db, &err) == CLIPSEARCH_OK &&
           clipsearch_collection_open(db, "photos", NULL, &c, &err) == CLIPSEARCH_OK &&
           index_put(c, MOST, 1, 0, &err) && clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK;
    TAP_OK(good && temporaries() == 0, "the next checkpoint tidies up %s", err.message);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    gallery_close(&g);
    return tap_done();
}
