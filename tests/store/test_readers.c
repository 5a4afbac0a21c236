/* SPDX-License-Identifier: MIT
 * test_readers.c - a reader that can make no file beside the database: what it sees while others write, and that it
 * keeps nobody out. */
#include "fixture.h"
#include "store/store_internal.h"
#include "tap.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ITEMS = 300, NOBODY = 65534, RIGHT = 0 };

static clipsearch_error err;
static char directory[400], database[420];

static cs_store *open_database(unsigned flags)
{
    cs_store *store = NULL;
    err.message[0] = '\0';
    cs_store_open(database, flags, &store, &err);
    return store;
}

/* Attributes of about 2 KB, so that the items fill many pages. */
static const char *attributes(void)
{
    static char text[2100];
    if (!text[0]) {
        memset(text, 'x', sizeof text - 3);
        memcpy(text, "{\"a\":\"", 6);
        memcpy(text + sizeof text - 3, "\"}", 3);
    }
    return text;
}

/* Give every item the size `number`, in one transaction. */
static bool write_all(cs_store *store, const cs_store_collection *c, uint64_t number)
{
    static const float vector[4] = {1};
    bool good = cs_store_begin(store, &err) == CLIPSEARCH_OK;
    for (int i = 0; i < ITEMS && good; i++) {
        char path[40];
        snprintf(path, sizeof path, "/images/%d.jpg", i);
        clipsearch_item item = {.path = path, .size = number, .attributes = attributes()};
        good = cs_store_put(store, &c->identity, &item, vector, NULL, &err) == CLIPSEARCH_OK;
    }
    return good && cs_store_commit(store, &err) == CLIPSEARCH_OK;
}

static void make_database(void)
{
    cs_store_collection c = fixture_collection("photos", 4);
    cs_store *store = open_database(CLIPSEARCH_CREATE);
    TAP_OK(store && cs_store_create(store, &c, &err) == CLIPSEARCH_OK && write_all(store, &c, 1), "a database: %s",
           err.message);
    cs_store_close(&store);
}

static bool write_generation(uint64_t number)
{
    cs_store_collection c = {0};
    cs_store *store = open_database(0);
    bool good = store && cs_store_find(store, "photos", &c, &err) == CLIPSEARCH_OK && write_all(store, &c, number);
    cs_store_close(&store);
    return good;
}

typedef struct seen {
    uint64_t smallest, largest, count;
} seen;

static bool note_item(void *context, const clipsearch_item *item)
{
    seen *s = context;
    if (s->count++ == 0 || item->size < s->smallest)
        s->smallest = item->size;
    if (item->size > s->largest)
        s->largest = item->size;
    return true;
}

/* Read all items, by path: half of them before `pause` (may be NULL) is called. */
static clipsearch_status read_all(cs_store *store, seen *all, void (*pause)(void))
{
    cs_store_collection c = {0};
    bool began = false, found = false;
    clipsearch_item item;
    *all = (seen){0};
    clipsearch_status status = cs_store_begin_read(store, &began, &err);
    if (!status)
        status = cs_store_find(store, "photos", &c, &err);
    for (int i = 0; i < ITEMS && !status; i++) {
        char path[40];
        if (pause && i == ITEMS / 2)
            pause();
        snprintf(path, sizeof path, "/images/%d.jpg", i);
        status = cs_store_get_path(store, &c.identity, path, &found, &item, &err);
        if (!status && found)
            note_item(all, &item);
    }
    if (began)
        cs_store_end_read(store);
    return status;
}

static bool sees(cs_store *store, uint64_t number)
{
    seen all;
    return store && read_all(store, &all, NULL) == CLIPSEARCH_OK && all.count == ITEMS && all.smallest == number &&
           all.largest == number;
}

/* The files in the directory. */
static int count_files(void)
{
    int count = 0;
    DIR *dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

/* ---- two processes */

static int to_reader[2], to_writer[2];

static void tell(const int pipe_ends[2])
{
    (void)!write(pipe_ends[1], "x", 1);
}

static bool wait_for_other(const int pipe_ends[2])
{
    char byte;
    return read(pipe_ends[0], &byte, 1) == 1;
}

/* As a user who may not write in the directory: root becomes another, anyone else takes the right from himself. */
static bool give_up_rights(void)
{
    if (geteuid() == 0)
        return setgid(NOBODY) == 0 && setuid(NOBODY) == 0;
    return true;
}

/* Run `reader` in a process without rights while `writer` runs in this one. The reader's exit status. */
static int run_both(int (*reader)(void), void (*writer)(void))
{
    int status = 0;
    if (pipe(to_reader) || pipe(to_writer))
        return -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(to_reader[1]);
        close(to_writer[0]);
        int result = give_up_rights() ? reader() : 99;
        if (result)
            printf("# step %d: %s\n", result, err.message);
        fflush(stdout);
        _exit(result);
    }
    close(to_reader[0]);
    close(to_writer[1]);
    if (writer)
        writer();
    close(to_reader[1]);
    close(to_writer[0]);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

/* Whether root runs this, or the user may be kept out of a directory of his own. */
static bool writer_has_rights(void)
{
    return geteuid() == 0;
}

static int read_once(void)
{
    cs_store *store = open_database(CLIPSEARCH_READ_ONLY);
    if (!sees(store, 1))
        return 1;
    if (count_files() != 1) /* beside the open database */
        return 2;
    cs_store_close(&store);
    return count_files() == 1 ? RIGHT : 3;
}

/* The writer's turn, from the reader's side. */
static void let_write(void)
{
    tell(to_writer);
    wait_for_other(to_reader);
}

/* A reader that is open sees what is committed later; a transaction sees one state. */
static int read_beside_a_writer(void)
{
    seen all;
    const struct timespec pause = {.tv_nsec = 100000000};
    nanosleep(&pause, NULL); /* a file that has just been written could have been written again unseen */
    cs_store *store = open_database(CLIPSEARCH_READ_ONLY);
    if (!sees(store, 1))
        return 1;
    if (read_all(store, &all, let_write) != CLIPSEARCH_OK || all.count != ITEMS || all.smallest != 1 ||
        all.largest != 1)
        return 2; /* generation 2 was committed, but the file is as it was: no checkpoint */
    if (!sees(store, 2))
        return 3;
    let_write(); /* generation 3, and its writer is gone */
    if (!sees(store, 3))
        return 4;
    cs_store_close(&store);
    store = open_database(CLIPSEARCH_READ_ONLY);
    if (!sees(store, 3))
        return 5;
    cs_store_close(&store);
    return RIGHT;
}

static cs_store *kept_writer;

static void write_beside_a_reader(void)
{
    cs_store_collection c = {0};
    wait_for_other(to_writer);
    kept_writer = open_database(0);
    bool good =
        kept_writer && cs_store_find(kept_writer, "photos", &c, &err) == CLIPSEARCH_OK && write_all(kept_writer, &c, 2);
    tell(to_reader);
    if (!good || !wait_for_other(to_writer))
        printf("# %s\n", err.message);
    good = good && write_all(kept_writer, &c, 3);
    cs_store_close(&kept_writer);
    tell(to_reader);
    TAP_OK(good, "the writer writes: %s", err.message);
}

/* When a checkpoint has changed the file in the middle of a transaction, that transaction fails. */
static int read_across_a_checkpoint(void)
{
    seen all;
    cs_store *store = open_database(CLIPSEARCH_READ_ONLY);
    if (!store)
        return 1;
    clipsearch_status status = read_all(store, &all, let_write);
    if (status != CLIPSEARCH_E_DATABASE || !strstr(err.message, "another process is writing"))
        return 2;
    if (!sees(store, 5)) /* the next sees all */
        return 3;
    cs_store_close(&store);
    return RIGHT;
}

static void write_and_checkpoint(void)
{
    wait_for_other(to_writer);
    bool good = write_generation(4) && write_generation(5) && fixture_sql(database, "PRAGMA wal_checkpoint(TRUNCATE)");
    tell(to_reader);
    TAP_OK(good, "the writer writes, and makes a checkpoint: %s", err.message);
}

/* Writers that come, make checkpoints and go, as fast as they can. */
static void write_many(void)
{
    struct timespec pause = {.tv_nsec = 2000000};
    bool good = true;
    for (uint64_t i = 10; i < 60 && good; i++) {
        good = write_generation(i);
        if (i % 3 == 0)
            fixture_sql(database, "PRAGMA wal_checkpoint(PASSIVE)");
        nanosleep(&pause, NULL);
    }
    TAP_OK(good, "writers come and go: %s", err.message);
}

static int read_many(void)
{
    int consistent = 0, failed = 0;
    uint64_t last = 0;
    while (last < 59 && consistent + failed < 100000) {
        seen all;
        cs_store *store = open_database(CLIPSEARCH_READ_ONLY);
        clipsearch_status status = store ? read_all(store, &all, NULL) : CLIPSEARCH_E_DATABASE;
        cs_store_close(&store);
        if (status != CLIPSEARCH_OK) {
            if (!strstr(err.message, "another process is writing"))
                return 1;
            failed++;
            continue;
        }
        if (all.count != ITEMS || all.smallest != all.largest || all.smallest < last)
            return 2;
        last = all.smallest;
        consistent++;
    }
    printf("# %d reads of one state, %d refused\n", consistent, failed);
    return last == 59 && consistent > failed ? RIGHT : 3;
}

/* A log without its -shm file: copied, or left by a machine that stopped. */
static void copy_with_log(void)
{
    char command[2000];
    cs_store_collection c = {0};
    cs_store *store = open_database(0);
    bool good = store && cs_store_find(store, "photos", &c, &err) == CLIPSEARCH_OK && write_all(store, &c, 70);
    snprintf(command, sizeof command, "cp '%s' '%s.copy' && cp '%s-wal' '%s.copy-wal'", database, database, database,
             database);
    good = good && system(command) == 0;
    cs_store_close(&store);
    snprintf(command, sizeof command, "mv '%s.copy' '%s' && mv '%s.copy-wal' '%s-wal'", database, database, database,
             database);
    TAP_OK(good && system(command) == 0 && count_files() == 2, "a database with a log that is not yet in it");
}

static int read_log(void)
{
    cs_store *store = open_database(CLIPSEARCH_READ_ONLY);
    if (!sees(store, 70) || count_files() != 2)
        return 1;
    cs_store_close(&store);
    return count_files() == 2 ? RIGHT : 2;
}

/* A file that may not be written, in a directory that may: no file is made there, for it would be this user's. */
static int read_in_writable_directory(void)
{
    cs_store *store = open_database(CLIPSEARCH_READ_ONLY);
    if (!sees(store, 70) || count_files() != 1)
        return 1;
    cs_store_close(&store);
    return count_files() == 1 ? RIGHT : 2;
}

static void test_with_a_writer(void)
{
    if (!writer_has_rights()) {
        tap_skip("readers beside writers", "needs root, to be two users");
        return;
    }
    TAP_OK(run_both(read_beside_a_writer, write_beside_a_reader) == RIGHT, "a reader sees what a writer commits");
    TAP_OK(count_files() <= 3 && write_generation(3), "the writer is not kept out");
    TAP_OK(run_both(read_across_a_checkpoint, write_and_checkpoint) == RIGHT,
           "a transaction across a checkpoint is refused, the next is right");
    TAP_OK(run_both(read_many, write_many) == RIGHT, "every read is of one state");
    TAP_OK(write_generation(69) && count_files() == 1, "the last writer removes the log: %d files", count_files());
}

int main(void)
{
    const char *base = fixture_begin();
    snprintf(directory, sizeof directory, "%s/shared", base ? base : "");
    snprintf(database, sizeof database, "%s/photos.db", directory);
    if (!base || chmod(base, 0755) || mkdir(directory, 0755)) {
        TAP_OK(false, "no directory for the test");
        return tap_done();
    }
    make_database();
    if (!writer_has_rights())
        chmod(directory, 0555);
    TAP_OK(run_both(read_once, NULL) == RIGHT, "a directory that may not be written: read, and nothing is made there");
    chmod(directory, 0755);
    test_with_a_writer();
    copy_with_log();
    if (!writer_has_rights())
        chmod(directory, 0555);
    TAP_OK(run_both(read_log, NULL) == RIGHT, "what is in the log alone is read, too");
    chmod(directory, writer_has_rights() ? 0777 : 0755);
    TAP_OK(write_generation(70) && count_files() == 1, "the log is written into the database");
    chmod(database, 0444);
    TAP_OK(run_both(read_in_writable_directory, NULL) == RIGHT,
           "a file that may not be written: nothing is made beside");
    unlink(database);
    rmdir(directory);
    fixture_end();
    return tap_done();
}
