/* SPDX-License-Identifier: MIT
 * test_memory.c - every allocation, ours and SQLite's, fails once: an error value, no leak, no half change. */
#include "base/mem.h"
#include "fixture.h"
#include "tap.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { DIM = 8 };

/* SQLite's allocator, made to count and to fail: its system allocator behind a gate. */
static sqlite3_mem_methods system_methods;
static uint64_t sqlite_countdown, sqlite_live;

static bool fails_now(void)
{
    return sqlite_countdown > 0 && --sqlite_countdown == 0;
}

static void *failing_malloc(int n)
{
    void *block = fails_now() ? NULL : system_methods.xMalloc(n);
    sqlite_live += block != NULL;
    return block;
}

static void *failing_realloc(void *block, int n)
{
    return fails_now() ? NULL : system_methods.xRealloc(block, n);
}

static void counting_free(void *block)
{
    sqlite_live -= block != NULL;
    system_methods.xFree(block);
}

static bool count_item(void *context, const clipsearch_item *item)
{
    (void)item;
    ++*(int *)context;
    return true;
}

static bool count_collection(void *context, const cs_store_collection *collection)
{
    (void)collection;
    ++*(int *)context;
    return true;
}

static clipsearch_status count_vector(void *context, int64_t id, const float *vector, clipsearch_error *error)
{
    (void)id;
    (void)vector;
    (void)error;
    ++*(int *)context;
    return CLIPSEARCH_OK;
}

/* Everything a store can do, up to the first error. *committed: the transaction of two items was. */
static clipsearch_status do_everything(const char *path, bool *committed, clipsearch_error *err)
{
    cs_store *store = NULL;
    cs_store_collection c = fixture_collection("photos", DIM), found_collection;
    clipsearch_item item = fixture_item("/one", 1);
    float vector[DIM];
    int64_t id;
    int count = 0;
    bool found;
    *committed = false;
    fixture_vector(1, vector, DIM);
    clipsearch_status s = cs_store_open(path, CLIPSEARCH_CREATE, &store, err);
    s = s ? s : cs_store_create(store, &c, err);
    s = s ? s : cs_store_begin(store, err);
    s = s ? s : cs_store_put(store, &c.identity, &item, vector, &id, err);
    item.path = "/two";
    s = s ? s : cs_store_put(store, &c.identity, &item, vector, &id, err);
    s = s ? s : cs_store_commit(store, err);
    *committed = !s;
    s = s ? s : cs_store_find(store, "photos", &found_collection, err);
    s = s ? s : cs_store_each(store, count_collection, &count, err);
    s = s ? s : cs_store_get(store, &c.identity, 1, &found, &item, err);
    s = s ? s : cs_store_get_path(store, &c.identity, "/two", &found, &item, err);
    s = s ? s : cs_store_each_hash(store, &c.identity, item.hash, count_item, &count, err);
    s = s ? s : cs_store_each_item(store, &c.identity, NULL, count_item, &count, err);
    s = s ? s : cs_store_each_item(store, &c.identity, "/two", count_item, &count, err);
    s = s ? s : cs_store_vector(store, &c.identity, 2, vector, err);
    s = s ? s : cs_store_each_vector(store, &c.identity, count_vector, &count, err);
    s = s ? s : cs_store_begin(store, err);
    item = fixture_item("/three", 3);
    s = s ? s : cs_store_update(store, &c.identity, 1, &item, err);
    s = s ? s : cs_store_remove(store, &c.identity, 2, NULL, err);
    if (s && store)
        cs_store_rollback(store);
    s = s ? s : cs_store_commit(store, err);
    s = s ? s : cs_store_drop(store, "photos", err);
    if (!s && count != 1 + 2 + 2 + 1 + 2)
        s = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%d things seen", count);
    cs_store_close(&store);
    return s;
}

/* After a failure the file, if it is there, opens again and holds all of the transaction or nothing. */
static bool is_whole(const char *path, bool committed)
{
    clipsearch_error err;
    cs_store *store = NULL;
    cs_store_collection c = {0};
    if (fixture_size(path) <= 0)
        return !committed;
    clipsearch_status status = cs_store_open(path, CLIPSEARCH_CREATE, &store, &err);
    if (!status)
        status = cs_store_find(store, "photos", &c, &err);
    cs_store_close(&store);
    if (status == CLIPSEARCH_E_NOT_FOUND)
        return !committed;
    return status == CLIPSEARCH_OK && (committed ? c.state.count == 2 || c.state.count == 1 : c.state.count == 0);
}

static void run(const char *what, void (*arm)(uint64_t n), uint64_t step)
{
    uint64_t failures = 0;
    bool pass = true, done = false;
    clipsearch_error err;
    for (uint64_t n = 1; pass && !done && n < 100000; n += step) {
        char name[40];
        bool committed;
        snprintf(name, sizeof name, "%s%d.db", what, (int)n);
        const char *path = fixture_path(name);
        uint64_t live = sqlite_live;
        err.message[0] = '\0';
        arm(n);
        clipsearch_status status = do_everything(path, &committed, &err);
        uint64_t unspent = sqlite_countdown;
        arm(0);
        /* SQLite may do without a block it wanted (a cache), so success is no sign that none failed */
        done = strcmp(what, "sqlite") == 0 ? unspent > 0 : status == CLIPSEARCH_OK;
        failures += status != CLIPSEARCH_OK;
        pass = (status == CLIPSEARCH_OK || status == CLIPSEARCH_E_MEMORY) && sqlite_live == live &&
               (status == CLIPSEARCH_OK || is_whole(path, committed));
        if (!pass)
            tap_note("%s allocation %d: status %s, %s, %lld blocks left", what, (int)n, err.message,
                     committed ? "committed" : "not committed", (long long)(sqlite_live - live));
    }
    TAP_OK(pass && done && failures > 5, "%s: each of %d allocations fails well", what, (int)failures);
}

static void arm_sqlite(uint64_t n)
{
    sqlite_countdown = n;
}

int main(void)
{
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &system_methods);
    sqlite3_mem_methods gated = system_methods;
    gated.xMalloc = failing_malloc;
    gated.xRealloc = failing_realloc;
    gated.xFree = counting_free;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &gated) || sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) ||
        !fixture_begin())
        return 1;
    sqlite3_initialize(); /* its own blocks, kept for the process's life, are not counted as leaks */
    run("our", cs_mem_fail_at, 1);
    run("sqlite", arm_sqlite, 3); /* a call makes many alike; every third is enough, and three times as fast */
    fixture_end();
    return tap_done();
}
