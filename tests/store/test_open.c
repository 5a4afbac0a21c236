/* SPDX-License-Identifier: MIT
 * test_open.c - which files are opened, which are refused and left as they are, and who waits for whom. */
#include "fixture.h"
#include "store/schema.h"
#include "store/store_internal.h"
#include "tap.h"

#include <assert.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SCHEMA "5" /* CS_STORE_SCHEMA as a string */
static_assert(CS_STORE_SCHEMA == 5, "SCHEMA is its version");

static clipsearch_error err;

static clipsearch_status open_store(const char *path, unsigned flags, cs_store **store)
{
    err.message[0] = '\0';
    return cs_store_open(path, flags, store, &err);
}

static bool opens(const char *path, unsigned flags)
{
    cs_store *store = NULL;
    bool opened = open_store(path, flags, &store) == CLIPSEARCH_OK && store;
    cs_store_close(&store);
    return opened;
}

/* Opening fails with this status, *store is NULL, and the message holds `words`. */
static bool refused(const char *path, unsigned flags, clipsearch_status expected, const char *words)
{
    cs_store *store = (cs_store *)&err;
    return open_store(path, flags, &store) == expected && !store && strstr(err.message, words) &&
           strstr(err.message, path);
}

static bool put_one(cs_store *store, const cs_store_collection *c, const char *path)
{
    clipsearch_item item = fixture_item(path, 1);
    float vector[4] = {1};
    return cs_store_put(store, &c->identity, &item, vector, NULL, &err) == CLIPSEARCH_OK;
}

/* A database with a collection "photos" of one item. */
static const char *make(const char *name)
{
    const char *path = fixture_path(name);
    cs_store *store = NULL;
    cs_store_collection c = fixture_collection("photos", 4);
    if (open_store(path, CLIPSEARCH_CREATE, &store) || cs_store_create(store, &c, &err) ||
        cs_store_begin(store, &err) || !put_one(store, &c, "/one") || cs_store_commit(store, &err))
        printf("# %s\n", err.message);
    cs_store_close(&store);
    return path;
}

static uint64_t count_items(cs_store *store)
{
    cs_store_collection c = {0};
    return cs_store_find(store, "photos", &c, &err) == CLIPSEARCH_OK ? c.state.count : UINT64_MAX;
}

static char *contents(const char *path, long *size)
{
    *size = fixture_size(path);
    FILE *file = fopen(path, "rb");
    char *bytes = file && *size >= 0 ? calloc((size_t)*size + 1, 1) : NULL;
    if (bytes && fread(bytes, 1, (size_t)*size, file) != (size_t)*size)
        *size = -2;
    if (file)
        fclose(file);
    return bytes;
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size)
        printf("# cannot write %s\n", path);
    if (file)
        fclose(file);
}

/* ---- flags */

static void test_flags(void)
{
    const char *path = fixture_path("new.db");
    TAP_OK(refused(path, 0, CLIPSEARCH_E_NOT_FOUND, "no such"), "missing: %s", err.message);
    TAP_OK(refused(path, CLIPSEARCH_READ_ONLY, CLIPSEARCH_E_NOT_FOUND, "no such"), "missing, to read: %s", err.message);
    TAP_OK(fixture_size(path) == -1, "and still missing");
    TAP_OK(refused(path, CLIPSEARCH_CREATE | CLIPSEARCH_READ_ONLY, CLIPSEARCH_E_ARGUMENT, "flags"), "both: %s",
           err.message);
    TAP_OK(refused(path, 4, CLIPSEARCH_E_ARGUMENT, "flags"), "unknown: %s", err.message);
    TAP_OK(refused("", CLIPSEARCH_CREATE, CLIPSEARCH_E_ARGUMENT, "empty"), "no name: %s", err.message);
    TAP_OK(refused(fixture_path("no/where.db"), CLIPSEARCH_CREATE, CLIPSEARCH_E_NOT_FOUND, "directory"),
           "no directory: %s", err.message);
    TAP_OK(symlink("loop", fixture_path("loop")) == 0 &&
               refused(fixture_path("loop"), CLIPSEARCH_READ_ONLY, CLIPSEARCH_E_DATABASE, "symbolic links"),
           "what cannot be looked at is not said to be missing: %s", err.message);
    TAP_OK(refused(fixture_path("."), CLIPSEARCH_CREATE, CLIPSEARCH_E_DATABASE, "directory"), "a directory: %s",
           err.message);
    TAP_OK(mkfifo(fixture_path("fifo"), 0600) == 0 &&
               refused(fixture_path("fifo"), CLIPSEARCH_READ_ONLY, CLIPSEARCH_E_DATABASE, "regular"),
           "a pipe: %s", err.message);
    TAP_OK(opens(path, CLIPSEARCH_CREATE) && opens(path, CLIPSEARCH_CREATE) && opens(path, 0) &&
               opens(path, CLIPSEARCH_READ_ONLY),
           "made, and opened in every way: %s", err.message);
    TAP_OK(strcmp(fixture_ask(path, "PRAGMA journal_mode"), "wal") == 0 &&
               strcmp(fixture_ask(path, "PRAGMA user_version"), SCHEMA) == 0 &&
               strcmp(fixture_ask(path, "PRAGMA application_id"), "1668051813") == 0 &&
               strcmp(fixture_ask(path, "PRAGMA page_size"), "16384") == 0,
           "WAL, version " SCHEMA ", \"clse\", pages of 16 KiB");
    int home = open(".", O_RDONLY | O_DIRECTORY);
    char *inside = strdup(fixture_path("x"));
    *strrchr(inside, '/') = '\0';
    TAP_OK(chdir(inside) == 0 && opens("file::memory:", CLIPSEARCH_CREATE) &&
               opens("file:q?mode=memory", CLIPSEARCH_CREATE) && fixture_size("file::memory:") > 0 &&
               fixture_size("file:q?mode=memory") > 0,
           "names that SQLite would take specially are files");
    if (fchdir(home))
        printf("# cannot go back\n");
    close(home);
    free(inside);
    write_file(fixture_path("empty.db"), "", 0);
    TAP_OK(refused(fixture_path("empty.db"), 0, CLIPSEARCH_E_NOT_FOUND, "empty"), "empty: %s", err.message);
    TAP_OK(refused(fixture_path("empty.db"), CLIPSEARCH_READ_ONLY, CLIPSEARCH_E_NOT_FOUND, "empty"), "empty: %s",
           err.message);
    TAP_OK(opens(fixture_path("empty.db"), CLIPSEARCH_CREATE) && opens(fixture_path("empty.db"), 0),
           "an empty file becomes ours when asked");
}

static void test_pragmas(void)
{
    cs_store *store = NULL;
    sqlite3_stmt *statement = NULL;
    open_store(make("pragmas.db"), 0, &store);
    static const struct {
        const char *sql;
        int expected;
    } cases[] = {{"PRAGMA synchronous", 3}, {"PRAGMA foreign_keys", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool row = sqlite3_prepare_v2(store->db, cases[i].sql, -1, &statement, NULL) == SQLITE_OK &&
                   sqlite3_step(statement) == SQLITE_ROW;
        TAP_OK(row && sqlite3_column_int(statement, 0) == cases[i].expected, "%s is %d", cases[i].sql,
               cases[i].expected);
        sqlite3_finalize(statement);
    }
    cs_store_close(&store);
}

/* ---- other people's files */

static bool is_untouched(const char *path, const char *before, long size)
{
    long after_size;
    char wal[500], shm[500], journal[500];
    char *after = contents(path, &after_size);
    bool same = after && after_size == size && memcmp(after, before, (size_t)size) == 0;
    free(after);
    snprintf(wal, sizeof wal, "%s-wal", path);
    snprintf(shm, sizeof shm, "%s-shm", path);
    snprintf(journal, sizeof journal, "%s-journal", path);
    return same && fixture_size(wal) == -1 && fixture_size(shm) == -1 && fixture_size(journal) == -1;
}

static void refuse_all_ways(const char *path, const char *words, const char *what)
{
    static const unsigned flags[] = {0, CLIPSEARCH_CREATE, CLIPSEARCH_READ_ONLY};
    long size;
    char *before = contents(path, &size);
    bool pass = true;
    for (int i = 0; i < 3; i++)
        pass = pass && refused(path, flags[i], CLIPSEARCH_E_DATABASE, words) && is_untouched(path, before, size);
    TAP_OK(pass, "%s is left untouched: %s", what, err.message);
    free(before);
}

static void test_foreign(void)
{
    const char *path = fixture_path("foreign.db");
    fixture_sql(path, "CREATE TABLE t(x); INSERT INTO t VALUES(1)");
    refuse_all_ways(path, "another program", "an SQLite file without an id");
    path = fixture_path("foreign-wal.db");
    fixture_sql(path, "PRAGMA application_id = 7; PRAGMA journal_mode = WAL; CREATE TABLE items(x)");
    refuse_all_ways(path, "0x00000007", "a WAL file with an id");
    path = fixture_path("lookalike.db");
    fixture_sql(path, "CREATE TABLE items(x); CREATE TABLE collections(x); PRAGMA user_version = 1");
    refuse_all_ways(path, "another program", "tables of our names");
    path = fixture_path("text");
    write_file(path,
               "A shopping list: milk, bread, a white dog. It is longer than the header of a database, which has a"
               " hundred bytes, so that this is really read.",
               140);
    refuse_all_ways(path, "not an SQLite file", "a text");
    path = fixture_path("short");
    write_file(path, "x", 1);
    refuse_all_ways(path, "not an SQLite file", "a byte");
    path = fixture_path("magic");
    write_file(path, "SQLite format 3", 16);
    refuse_all_ways(path, "another program", "the first 16 bytes of a database");
    path = fixture_path("zeros");
    char zeros[32768] = {0};
    zeros[sizeof zeros - 1] = 'x';
    write_file(path, zeros, sizeof zeros);
    refuse_all_ways(path, "not an SQLite file", "zeros with something behind them");
}

/* What a power loss leaves of a database that was being created is started again; anything else stays as it is. */
static void test_left_overs(void)
{
    static const char zeros[32768], part[4096] = "a part of a page";
    /* header of SQLite's rollback journal: magic, no records, nonce, 0 pages before, sectors of 512, pages of 16384 */
    static const char journal[512] = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7\0\0\0\0\1\2\3\4\0\0\0\0\0\0\2\0\0\0\x40\0";
    const char *path = fixture_path("zeros.db");
    write_file(path, zeros, sizeof zeros);
    TAP_OK(refused(path, 0, CLIPSEARCH_E_NOT_FOUND, "empty") &&
               refused(path, CLIPSEARCH_READ_ONLY, CLIPSEARCH_E_NOT_FOUND, "empty") &&
               fixture_size(path) == (long)sizeof zeros,
           "a file of zeros holds no database: %s", err.message);
    TAP_OK(opens(path, CLIPSEARCH_CREATE) && opens(path, 0), "and becomes ours when asked");
    for (int create = 0; create < 2; create++) {
        path = fixture_path(create ? "created.db" : "searched.db");
        char beside[4200];
        snprintf(beside, sizeof beside, "%s-journal", path);
        write_file(path, part, sizeof part);
        write_file(beside, journal, sizeof journal);
        TAP_OK(create ? opens(path, CLIPSEARCH_CREATE) && opens(path, 0)
                      : refused(path, CLIPSEARCH_READ_ONLY, CLIPSEARCH_E_NOT_FOUND, "no clipsearch database"),
               "a creation that was cut off is undone: %s", err.message);
    }
}

static void test_versions(void)
{
    const char *path = make("newer.db");
    char statement[100], version[20];
    snprintf(version, sizeof version, "version %d", CS_STORE_SCHEMA + 1);
    snprintf(statement, sizeof statement, "PRAGMA user_version = %d", CS_STORE_SCHEMA + 1);
    fixture_sql(path, statement);
    refuse_all_ways(path, version, "a newer version");
    fixture_sql(path, "PRAGMA user_version = -1");
    refuse_all_ways(path, "-1", "a version below any");
    fixture_sql(path, "PRAGMA user_version = 0");
    refuse_all_ways(path, "no clipsearch database", "a file of ours without a version");
    fixture_sql(path, "PRAGMA user_version = " SCHEMA);
    TAP_OK(opens(path, 0), "and with its own version it opens again");
    fixture_sql(path, "DROP TABLE vectors");
    TAP_OK(refused(path, 0, CLIPSEARCH_E_DATABASE, "6 of its 7 tables"), "a table is missing: %s", err.message);
    fixture_sql(path,
                "CREATE VIEW vectors AS WITH RECURSIVE v(key, vector) AS (SELECT 1, x'00' UNION ALL SELECT key + 1,"
                " vector FROM v) SELECT * FROM v");
    TAP_OK(refused(path, 0, CLIPSEARCH_E_DATABASE, "6 of its 7 tables"), "an endless view in its place: %s",
           err.message);
}

/* A ladder of more steps than today's, and one that breaks on the way. */
static void test_ladder(void)
{
    cs_store *store = NULL;
    const char *path = make("ladder.db");
    const char *const broken[] = {cs_store_steps[0],
                                  cs_store_steps[1],
                                  cs_store_steps[2],
                                  cs_store_steps[3],
                                  cs_store_steps[4],
                                  "ALTER TABLE items ADD COLUMN one INTEGER; PRAGMA user_version = 6;",
                                  "CREATE TABLE extra(x) STRICT; PRAGMA user_version = 7;"};
    const char *const good[] = {broken[0],
                                broken[1],
                                broken[2],
                                broken[3],
                                broken[4],
                                broken[5],
                                "CREATE TABLE extra(x ANY) STRICT; PRAGMA user_version = 7;"};
    open_store(path, 0, &store);
    TAP_OK(cs_store_migrate(store, broken, 7, &err) == CLIPSEARCH_E_DATABASE, "a step breaks: %s", err.message);
    TAP_OK(strcmp(fixture_ask(path, "PRAGMA user_version"), SCHEMA) == 0 &&
               !*fixture_ask(path, "SELECT 1 FROM pragma_table_info('items') WHERE name = 'one'"),
           "the step before it is undone");
    TAP_OK(count_items(store) == 1 && cs_store_begin(store, &err) == CLIPSEARCH_OK, "and the store can be used");
    cs_store_rollback(store);
    TAP_OK(cs_store_migrate(store, good, 7, &err) == CLIPSEARCH_OK &&
               strcmp(fixture_ask(path, "PRAGMA user_version"), "7") == 0 &&
               *fixture_ask(path, "SELECT 1 FROM pragma_table_info('items') WHERE name = 'one'") &&
               count_items(store) == 1,
           "two steps at once: %s", err.message);
    TAP_OK(cs_store_migrate(store, good, 7, &err) == CLIPSEARCH_OK, "a step that was made is not made again");
    cs_store_close(&store);
}

/* ---- reading only */

static void test_read_only(void)
{
    const char *path = make("readonly.db");
    cs_store *store = NULL;
    cs_store_collection c = {0}, other = fixture_collection("other", 4);
    long size, after;
    char *before = contents(path, &size);
    TAP_OK(open_store(path, CLIPSEARCH_READ_ONLY, &store) == CLIPSEARCH_OK, "open to read: %s", err.message);
    TAP_OK(cs_store_find(store, "photos", &c, &err) == CLIPSEARCH_OK && c.state.count == 1, "read");
    TAP_OK(cs_store_begin(store, &err) == CLIPSEARCH_E_ARGUMENT, "begin: %s", err.message);
    TAP_OK(cs_store_create(store, &other, &err) == CLIPSEARCH_E_ARGUMENT, "create: %s", err.message);
    TAP_OK(cs_store_drop(store, "photos", &err) == CLIPSEARCH_E_ARGUMENT, "drop: %s", err.message);
    TAP_OK(!put_one(store, &c, "/x"), "put: %s", err.message);
    cs_store_close(&store);
    char *bytes = contents(path, &after);
    TAP_OK(before && bytes && size == after && memcmp(before, bytes, (size_t)size) == 0, "the file is as it was");
    free(before);
    free(bytes);
}

/* In a child with mounts of its own: a read-only file system. Exit status 0: right, 77: not allowed to mount. */
static int on_read_only_media(const char *database, const char *mount_point)
{
    char at[500], command[2100];
    cs_store *store = NULL;
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("tmpfs", mount_point, "tmpfs", 0, "size=4m"))
        return 77;
    snprintf(at, sizeof at, "%s/100%%?#a.db", mount_point);
    snprintf(command, sizeof command, "cp '%s' '%s' && : > '%s-wal'", database, at, at);
    if (system(command) || mount(NULL, mount_point, NULL, MS_REMOUNT | MS_RDONLY, NULL))
        return 77;
    if (open_store(at, CLIPSEARCH_READ_ONLY, &store) || count_items(store) != 1)
        return 1;
    cs_store_close(&store);
    if (!refused(at, 0, CLIPSEARCH_E_DATABASE, "cannot be written"))
        return 2;
    /* with a row that is in the log alone */
    if (mount(NULL, mount_point, NULL, MS_REMOUNT, NULL))
        return 77;
    cs_store_collection c = {0};
    if (open_store(at, 0, &store) || cs_store_find(store, "photos", &c, &err) || cs_store_begin(store, &err) ||
        !put_one(store, &c, "/two") || cs_store_commit(store, &err))
        return 3;
    snprintf(command, sizeof command, "cp '%s' '%s.2' && cp '%s-wal' '%s.2-wal'", at, at, at, at);
    int copied = system(command);
    cs_store_close(&store);
    strcat(at, ".2");
    if (copied || mount(NULL, mount_point, NULL, MS_REMOUNT | MS_RDONLY, NULL))
        return 77;
    const bool right = open_store(at, CLIPSEARCH_READ_ONLY, &store) == CLIPSEARCH_OK && count_items(store) == 2;
    cs_store_close(&store);
    return right ? 0 : 4;
}

static void test_read_only_media(void)
{
    const char *path = make("media.db"), *mount_point = fixture_path("media");
    int status = 0;
    mkdir(mount_point, 0700);
    pid_t child = fork();
    if (child == 0) {
        int result = on_read_only_media(path, mount_point);
        if (result && result != 77)
            printf("# %s\n", err.message);
        fflush(stdout);
        _exit(result);
    }
    waitpid(child, &status, 0);
    rmdir(mount_point);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        tap_skip("a read-only file system", "needs the right to mount");
    else
        TAP_OK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a read-only file system (step %d)", WEXITSTATUS(status));
}

/* ---- several at once */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_writers_and_readers(void)
{
    const char *path = make("shared.db");
    cs_store *writer = NULL, *reader = NULL, *second = NULL;
    cs_store_collection c = {0};
    open_store(path, 0, &writer);
    open_store(path, CLIPSEARCH_READ_ONLY, &reader);
    open_store(path, 0, &second);
    cs_store_find(writer, "photos", &c, &err);
    TAP_OK(cs_store_begin(writer, &err) == CLIPSEARCH_OK && put_one(writer, &c, "/two"), "a writer in a transaction");
    double start = seconds_now();
    TAP_OK(count_items(reader) == 1 && count_items(writer) == 2 && seconds_now() - start < 4,
           "a reader reads what was committed, at once");
    cs_store_set_timeout(second, 200);
    start = seconds_now();
    clipsearch_status status = cs_store_begin(second, &err);
    double waited = seconds_now() - start;
    TAP_OK(status == CLIPSEARCH_E_DATABASE && strstr(err.message, "another process is writing") && waited > 0.15 &&
               waited < 4,
           "a second writer waits %.1f s, then: %s", waited, err.message);
    start = seconds_now();
    TAP_OK(cs_store_begin(second, &err) == CLIPSEARCH_E_DATABASE && seconds_now() - start > 0.15,
           "asked again, it waits again");
    cs_store_collection other = fixture_collection("other", 4);
    TAP_OK(cs_store_create(second, &other, &err) == CLIPSEARCH_E_DATABASE, "nor can it make a collection: %s",
           err.message);
    cs_store *third = NULL;
    TAP_OK(open_store(path, 0, &third) == CLIPSEARCH_OK && count_items(third) == 1,
           "the file can be opened for writing meanwhile");
    cs_store_close(&third);
    TAP_OK(cs_store_commit(writer, &err) == CLIPSEARCH_OK && count_items(reader) == 2, "committed, the reader sees it");
    TAP_OK(cs_store_begin(second, &err) == CLIPSEARCH_OK && put_one(second, &c, "/three") &&
               cs_store_commit(second, &err) == CLIPSEARCH_OK,
           "and the second writer has its turn");
    cs_store_begin(second, &err);
    put_one(second, &c, "/four");
    cs_store_close(&second);
    TAP_OK(count_items(reader) == 3, "closing amid a transaction undoes it");
    cs_store_close(&writer);
    cs_store_close(&reader);
}

/* Several processes make the same file at the same moment. */
static void test_made_at_once(void)
{
    enum { CHILDREN = 6, ROUNDS = 10 };
    bool pass = true;
    for (int round = 0; round < ROUNDS && pass; round++) {
        char name[20];
        snprintf(name, sizeof name, "once%d.db", round);
        const char *path = fixture_path(name);
        pid_t children[CHILDREN];
        for (int i = 0; i < CHILDREN; i++) {
            children[i] = fork();
            if (children[i] == 0) {
                cs_store *store = NULL;
                char collection[8];
                snprintf(collection, sizeof collection, "c%d", i);
                cs_store_collection c = fixture_collection(collection, 4);
                bool done = open_store(path, CLIPSEARCH_CREATE, &store) == CLIPSEARCH_OK &&
                            cs_store_create(store, &c, &err) == CLIPSEARCH_OK;
                cs_store_close(&store);
                if (!done)
                    printf("# %s\n", err.message);
                fflush(stdout);
                _exit(done ? 0 : 1);
            }
        }
        for (int i = 0; i < CHILDREN; i++) {
            int status = 1;
            waitpid(children[i], &status, 0);
            pass = pass && status == 0;
        }
        pass = pass && strcmp(fixture_ask(path, "SELECT count(*) FROM collections"), "6") == 0 &&
               strcmp(fixture_ask(path, "PRAGMA integrity_check"), "ok") == 0;
    }
    TAP_OK(pass, "%d processes make one file, %d times", CHILDREN, ROUNDS);
}

int main(void)
{
    if (!fixture_begin())
        return 1;
    test_flags();
    test_pragmas();
    test_foreign();
    test_left_overs();
    test_versions();
    test_ladder();
    test_read_only();
    test_read_only_media();
    test_writers_and_readers();
    test_made_at_once();
    fixture_end();
    return tap_done();
}
