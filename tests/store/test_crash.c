/* SPDX-License-Identifier: MIT
 * test_crash.c - a writer is killed at any moment: the file opens, and every commit it reported is there whole. */
#include "fixture.h"
#include "tap.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DIM = 512, BATCH = 32, KILLS = 80 };

static clipsearch_error err;

static void name_of(uint64_t n, char path[32])
{
    snprintf(path, 32, "/images/%06d.jpg", (int)n);
}

/* Put batches of items 1, 2, 3 ... and write the number of the last one to `pipe` after each commit; the first of
 * every batch is removed again before it. */
static void write_until_killed(const char *path, int pipe)
{
    cs_store *store = NULL;
    cs_store_collection c = fixture_collection("photos", DIM);
    static float vector[DIM];
    if (cs_store_open(path, CLIPSEARCH_CREATE, &store, &err))
        _exit(1);
    clipsearch_status status = cs_store_find(store, "photos", &c, NULL);
    if (status == CLIPSEARCH_E_NOT_FOUND)
        status = cs_store_create(store, &c, &err);
    if (status)
        _exit(2);
    uint64_t next = c.state.generation * BATCH + 1; /* one transaction, one batch */
    for (;;) {
        if (cs_store_begin(store, &err))
            _exit(3);
        for (uint64_t i = 0; i < BATCH; i++, next++) {
            char name[32];
            int64_t id = 0;
            name_of(next, name);
            clipsearch_item item = fixture_item(name, next);
            fixture_vector(next, vector, DIM);
            if (cs_store_put(store, &c.identity, &item, vector, &id, &err) || id != (int64_t)next)
                _exit(4);
        }
        if (cs_store_remove(store, &c.identity, (int64_t)(next - BATCH), NULL, &err) || cs_store_commit(store, &err))
            _exit(5);
        uint64_t last = next - 1;
        if (write(pipe, &last, sizeof last) != (ssize_t)sizeof last)
            _exit(6);
    }
}

typedef struct checked {
    uint64_t expected, vectors;
    bool pass;
} checked;

/* The first of every batch was removed. */
static void skip_removed(checked *c)
{
    if (c->expected % BATCH == 1)
        c->expected++;
}

static bool check_item(void *context, const clipsearch_item *item)
{
    checked *c = context;
    char name[32];
    skip_removed(c);
    name_of(c->expected, name);
    c->pass = c->pass && item->id == (int64_t)c->expected && fixture_is_item(item, name, c->expected);
    c->expected++;
    return c->pass;
}

static clipsearch_status check_vector(void *context, int64_t id, const float *vector, clipsearch_error *error)
{
    checked *c = context;
    float expected[DIM];
    (void)error;
    skip_removed(c);
    fixture_vector(c->expected, expected, DIM);
    c->pass = c->pass && id == (int64_t)c->expected && memcmp(vector, expected, sizeof expected) == 0;
    c->expected++;
    return CLIPSEARCH_OK;
}

/* The file opens (`flags`: as a reader or a writer) and holds whole batches only, at least up to item `reported`. */
static bool is_sound(const char *path, unsigned flags, uint64_t reported, uint64_t *batches)
{
    cs_store *store = NULL;
    cs_store_collection c = {0};
    checked items = {.expected = 1, .pass = true}, vectors = items;
    err.message[0] = '\0';
    clipsearch_status status = cs_store_open(path, flags, &store, &err);
    if (!status)
        status = cs_store_find(store, "photos", &c, &err);
    bool pass;
    if (status) { /* killed before there was anything to find */
        pass = reported == 0 &&
               (status == CLIPSEARCH_E_NOT_FOUND || (flags != CLIPSEARCH_CREATE && status == CLIPSEARCH_E_DATABASE));
    } else {
        uint64_t last = c.state.generation * BATCH;
        pass = last >= reported && c.state.count == c.state.generation * (BATCH - 1) &&
               !cs_store_each_item(store, &c.identity, NULL, check_item, &items, &err) && items.pass &&
               !cs_store_each_vector(store, &c.identity, check_vector, &vectors, &err) && vectors.pass &&
               items.expected == last + 1 && vectors.expected == last + 1;
        *batches = c.state.generation;
    }
    cs_store_close(&store);
    if (!pass)
        tap_note("reported %d, found generation %d, count %d, walked to %d and %d: %s", (int)reported,
                 (int)c.state.generation, (int)c.state.count, (int)items.expected, (int)vectors.expected, err.message);
    return pass;
}

/* One writer's life and death after `nanoseconds`; the last item it reported as committed. */
static bool live_and_die(const char *path, long nanoseconds, uint64_t *reported)
{
    int ends[2], status = 0;
    if (pipe(ends))
        return false;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        write_until_killed(path, ends[1]);
    }
    close(ends[1]);
    struct timespec pause = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    nanosleep(&pause, NULL);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    for (uint64_t last; read(ends[0], &last, sizeof last) == (ssize_t)sizeof last;)
        *reported = last;
    close(ends[0]);
    if (!WIFSIGNALED(status))
        tap_note("the writer ended by itself with %d", WEXITSTATUS(status));
    return WIFSIGNALED(status);
}

int main(void)
{
    uint64_t seed = (uint64_t)time(NULL), batches = 0, reported = 0, total = 0;
    bool pass = true;
    int kills = 0, files = 0;
    const char *path = NULL;
    if (!fixture_begin())
        return 1;
    tap_note("seed %llu", (unsigned long long)seed);
    for (; kills < KILLS && pass; kills++) {
        if (kills % 8 == 0) { /* a fresh file now and then: the making is interrupted too */
            char name[20];
            snprintf(name, sizeof name, "crash%d.db", files++);
            path = fixture_path(name);
            total += batches;
            batches = reported = 0;
        }
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        /* the first lives are short, so that they end while the file is made */
        long most = kills % 8 < 3 ? 4000000 : 60000000;
        pass = live_and_die(path, (long)((seed >> 20) % (uint64_t)most), &reported);
        if (kills % 3 == 1 && fixture_size(path) > 0) /* at times a reader is the first to come */
            pass = pass && is_sound(path, CLIPSEARCH_READ_ONLY, reported, &batches);
        pass = pass && is_sound(path, CLIPSEARCH_CREATE, reported, &batches) &&
               strcmp(fixture_ask(path, "PRAGMA integrity_check"), "ok") == 0 &&
               *fixture_ask(path, "PRAGMA foreign_key_check") == '\0';
    }
    TAP_OK(pass && total > 20,
           "%d writers killed, %d files, %d batches: nothing reported was lost, nothing is half there", kills, files,
           (int)(total + batches));
    fixture_end();
    return tap_done();
}
