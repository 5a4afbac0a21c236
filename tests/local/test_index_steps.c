/* SPDX-License-Identifier: MIT
 * test_index_steps.c - a checkpoint ends at its first call of write, fsync or rename, at its second, ... : after each
 * the index file is usable and everything is found. The linker puts our functions before those (--wrap). */
#include "support/gallery.h"
#include "support/index_fixture.h"
#include "tap.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST = 2200, LOT = 20, DIED = 42, STEPS_MOST = 200 };

static clipsearch_error err;
static atomic_int countdown; /* 0: off */

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

static bool is_time(void)
{
    return atomic_load(&countdown) > 0 && atomic_fetch_sub(&countdown, 1) == 1;
}

/* Half of it is written: a file may end anywhere. */
ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    if (!is_time())
        return __real_write(fd, data, size);
    (void)!__real_write(fd, data, size / 2);
    _exit(DIED);
}

int __wrap_fsync(int fd)
{
    if (is_time())
        _exit(DIED);
    return __real_fsync(fd);
}

/* Now before it, now behind it. */
int __wrap_rename(const char *from, const char *to)
{
    if (is_time())
        _exit(DIED);
    int result = __real_rename(from, to);
    if (is_time())
        _exit(DIED);
    return result;
}

static clipsearch_collection *open_collection(const char *path, clipsearch_database **db)
{
    clipsearch_collection *c = NULL;
    if (clipsearch_database_open(path, 0, db, &err) || clipsearch_collection_open(*db, "photos", NULL, &c, &err)) {
        printf("Bail out! %s\n", err.message);
        exit(1);
    }
    return c;
}

/* The other program: put a lot, and a checkpoint that ends at its `step`-th call. */
static int write_once(const char *path, int step)
{
    clipsearch_database *db = NULL;
    clipsearch_collection *c = open_collection(path, &db);
    if (!index_put(c, FIRST + (uint64_t)(step - 1) * LOT, LOT, 0, &err))
        return 1;
    atomic_store(&countdown, step);
    clipsearch_status status = clipsearch_collection_checkpoint(c, NULL, &err);
    atomic_store(&countdown, 0);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    return status == CLIPSEARCH_OK ? 0 : 1;
}

static int run_writer(const char *path, int step)
{
    char number[20];
    int status = 0;
    snprintf(number, sizeof number, "%d", step);
    const pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "writer", path, number, (char *)NULL);
        _exit(1);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool is_whole(const char *path, int step)
{
    clipsearch_database *db = NULL;
    clipsearch_collection *c = open_collection(path, &db);
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    clipsearch_search_stats stats;
    clipsearch_search_stats_init(&stats);
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.stats = &stats;
    bool good = clipsearch_collection_check(c, 10, &report, &err) == CLIPSEARCH_OK &&
                report.state == CLIPSEARCH_INDEX_USABLE && report.images == (uint64_t)(FIRST + step * LOT);
    for (int i = 0; i < LOT && good; i++) {
        float query[INDEX_DIM];
        clipsearch_hits *hits = NULL;
        const uint64_t n = FIRST + (uint64_t)(step - 1) * LOT + (uint64_t)i;
        index_vector(n, 0, query);
        good = clipsearch_search(c, query, 1, INDEX_K, &options, &hits, &err) == CLIPSEARCH_OK &&
               stats.graph + stats.scanned == 1 && clipsearch_hits_count(hits, 0) == INDEX_K &&
               clipsearch_hits_get(hits, 0, 0)->id == (int64_t)n + 1;
        clipsearch_hits_free(&hits);
    }
    if (!good)
        tap_note("after step %d: %s %s", step, report.why, err.message);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    return good;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return write_once(argv[1], atoi(argv[2]));
    gallery g;
    char path[4096];
    clipsearch_database *db = NULL;
    clipsearch_collection *c = NULL;
    const clipsearch_index_options options = {.struct_size = sizeof options, .m = 8, .ef_construction = 40};
    gallery_open(&g, false);
    snprintf(path, sizeof path, "%s", folder_path(&g.elsewhere, "steps.db"));
    bool good = clipsearch_database_open(path, CLIPSEARCH_CREATE, &db, &err) == CLIPSEARCH_OK &&
                clipsearch_collection_ensure_index(db, "photos", g.encoder, CLIPSEARCH_COSINE, &options, &c, &err) ==
                    CLIPSEARCH_OK &&
                index_put(c, 0, FIRST, 0, &err) && clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK;
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    int step = 1, code = DIED;
    for (; good && code == DIED && step <= STEPS_MOST; step++) {
        code = run_writer(path, step);
        good = (code == DIED || code == 0) && is_whole(path, step);
    }
    TAP_OK(good && code == 0 && step > 20, "checkpoints that ended at each of %d calls, and one that did not %s",
           step - 2, err.message);
    gallery_close(&g);
    return tap_done();
}
