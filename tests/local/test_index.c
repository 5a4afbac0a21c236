/* SPDX-License-Identifier: MIT
 * test_index.c - the index file of a collection of 10,000 by the public interface: found whatever has changed, and not
 * believed when it is not what was written. */
#include "base/mem.h"
#include "support/gallery.h"
#include "support/index_fixture.h"
#include "tap.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COUNT = 10000, QUERIES = TAP_SLOW ? 20 : 60 };

static clipsearch_error err;
static char notes[4096];
static int note_count;
static char file[4096];

static void on_note(void *context, const char *line)
{
    (void)context;
    snprintf(notes, sizeof notes, "%s", line);
    note_count++;
}

static long size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static void note_clear(void)
{
    notes[0] = '\0';
    note_count = 0;
}

static void recall_is(clipsearch_collection *c, const char *what, const char *filter, double least, bool graph)
{
    size_t by_graph = 0;
    const double recall = index_recall(c, QUERIES, filter, 0, &by_graph, &err);
    TAP_OK(recall >= least && by_graph == (graph ? QUERIES : 0), "%s: recall %.4f, %zu of %d by the graph%s%s", what,
           recall, by_graph, QUERIES, recall < 0 ? ": " : "", recall < 0 ? err.message : "");
}

/* The id and number of results of the nearest to vector `n` of `version`. */
static int64_t nearest(clipsearch_collection *c, uint64_t n, unsigned version, float *score,
                       clipsearch_search_stats *stats)
{
    float query[INDEX_DIM];
    clipsearch_search_options options;
    clipsearch_hits *hits = NULL;
    clipsearch_search_options_init(&options);
    options.stats = stats;
    index_vector(n, version, query);
    int64_t id = -1;
    if (clipsearch_search(c, query, 1, INDEX_K, &options, &hits, &err) == CLIPSEARCH_OK &&
        clipsearch_hits_count(hits, 0) == INDEX_K) {
        id = clipsearch_hits_get(hits, 0, 0)->id;
        *score = clipsearch_hits_get(hits, 0, 0)->score;
    }
    clipsearch_hits_free(&hits);
    return id;
}

static void test_beginning(gallery *g)
{
    clipsearch_collection *c = g->collection;
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    TAP_OK(index_put(c, 0, COUNT, 0, &err), "%d images put %s", COUNT, err.message);
    note_clear();
    recall_is(c, "before there is an index", NULL, 1, false);
    TAP_OK(note_count == 1 && strstr(notes, "exactly"), "and it is said once: %s", notes);
    TAP_OK(clipsearch_collection_check(c, SIZE_MAX, &report, &err) == CLIPSEARCH_OK && report.images == COUNT &&
               report.state == CLIPSEARCH_INDEX_UNUSED && size_of(file) < 0,
           "the check says so too: %s", report.why);
    TAP_OK(clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK && size_of(file) > COUNT * INDEX_DIM * 4,
           "a checkpoint writes it: %ld bytes %s", size_of(file), err.message);
    note_clear();
    recall_is(c, "by the graph", NULL, 0.99, true);
    recall_is(c, "half of them by a filter", "n % 2 == 0", 0.99, true);
    recall_is(c, "a few by a filter", "n in [5, 77, 1234, 4321, 9999]", 1, false);
    recall_is(c, "none by a filter", "n < 0", 1, false);
    TAP_OK(note_count == 0, "nothing to be said %s", notes);
    TAP_OK(clipsearch_collection_describe(c, &info, &err) == CLIPSEARCH_OK && info.indexed && info.changes == 0,
           "the collection has an index");
    TAP_OK(clipsearch_collection_check(c, 0, &report, &err) == CLIPSEARCH_OK &&
               report.state == CLIPSEARCH_INDEX_USABLE && report.vectors == COUNT &&
               report.missing + report.surplus + report.broken == 0 && report.recall >= 0.99 && report.sample == 100 &&
               report.levels > 0 && report.reciprocal > report.links / 2,
           "the check: recall %.4f, %d links, %d unreachable %s", report.recall, (int)report.links,
           (int)report.unreachable, err.message);
    const long before = size_of(file);
    struct stat one, two;
    stat(file, &one);
    TAP_OK(clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK && stat(file, &two) == 0 &&
               one.st_ino == two.st_ino && size_of(file) == before,
           "nothing has changed: nothing is written");
}

static void test_tail(gallery *g)
{
    clipsearch_collection *c = g->collection;
    clipsearch_search_stats stats;
    clipsearch_search_stats_init(&stats);
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    clipsearch_hits *hits = NULL;
    float score = 0, query[INDEX_DIM];
    size_t removed = 0;
    note_clear();
    TAP_OK(index_put(c, COUNT, 300, 0, &err) && nearest(c, COUNT + 7, 0, &score, &stats) == COUNT + 8 &&
               score > 0.9999f && stats.graph + stats.scanned == 1 && stats.delta == 300,
           "a new image is found beside the graph");
    TAP_OK(index_put(c, 40, 50, 1, &err) && nearest(c, 47, 1, &score, &stats) == 48 && score > 0.9999f &&
               stats.graph + stats.scanned == 1 && stats.delta == 350,
           "an image with a new vector is found by it");
    TAP_OK(nearest(c, 47, 0, &score, &stats) > 0 && score < 0.9999f, "and not by the old one: %.4f", score);
    int64_t ids[200];
    for (int i = 0; i < 200; i++)
        ids[i] = 1001 + i;
    TAP_OK(clipsearch_collection_remove(c, ids, 200, &removed, &err) == CLIPSEARCH_OK && removed == 200, "200 removed");
    bool gone = true;
    for (int i = 0; i < 200 && gone; i += 9) {
        const int64_t id = nearest(c, (uint64_t)ids[i] - 1, 0, &score, &stats);
        gone = id > 0 && (id < 1001 || id > 1200) && stats.graph + stats.scanned == 1;
    }
    TAP_OK(gone, "what was removed is not found, and the answer is no shorter");
    recall_is(c, "with a tail", NULL, 0.99, true);
    recall_is(c, "with a tail and a filter", "n % 3 == 1", 0.99, true);
    recall_is(c, "a filter that only lets new ones through", "n >= 10000", 1, false);
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.stats = &stats;
    index_vector(1100, 0, query);
    TAP_OK(clipsearch_search(c, query, 1, 20000, &options, &hits, &err) == CLIPSEARCH_OK &&
               clipsearch_hits_count(hits, 0) == COUNT + 100,
           "all of them, when asked for: %d", (int)clipsearch_hits_count(hits, 0));
    clipsearch_hits_free(&hits);
    TAP_OK(clipsearch_collection_describe(c, &info, &err) == CLIPSEARCH_OK && info.changes == 550, "%d changes",
           (int)info.changes);
    TAP_OK(index_put(c, 1000, 1, 0, &err) && nearest(c, 1000, 0, &score, &stats) == 10301 && score > 0.9999f,
           "one that comes back is found");
    TAP_OK(note_count == 0, "nothing to be said %s", notes);
}

static void test_fold(gallery *g)
{
    clipsearch_collection *c = g->collection;
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    clipsearch_search_stats stats;
    clipsearch_search_stats_init(&stats);
    float score;
    TAP_OK(clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_check(c, 50, &report, &err) == CLIPSEARCH_OK && report.changes == 0 &&
               report.vectors == COUNT + 101 && report.missing + report.surplus + report.broken == 0,
           "a checkpoint takes in what has changed %s", err.message);
    TAP_OK(nearest(c, 47, 1, &score, &stats) == 48 && score > 0.9999f && stats.graph + stats.scanned == 1 &&
               stats.delta == 0,
           "which is found by the graph now");
    recall_is(c, "folded in", NULL, 0.99, true);
}

/* Another process with the file open, and this one's handle with the old one mapped. */
static void test_two_handles(gallery *g)
{
    clipsearch_database *db = NULL;
    clipsearch_collection *c = NULL;
    clipsearch_search_stats stats;
    clipsearch_search_stats_init(&stats);
    float score;
    note_clear();
    bool good = clipsearch_database_open(folder_path(&g->elsewhere, "t.db"), CLIPSEARCH_READ_ONLY, &db, &err) ==
                    CLIPSEARCH_OK &&
                clipsearch_collection_open(db, "photos", NULL, &c, &err) == CLIPSEARCH_OK;
    clipsearch_database_on_note(db, on_note, NULL);
    TAP_OK(good && nearest(c, 5, 0, &score, &stats) == 6 && stats.graph + stats.scanned == 1,
           "a reader walks the graph too");
    good = index_put(g->collection, 20000, 1200, 0, &err) &&
           clipsearch_collection_checkpoint(g->collection, NULL, &err) == CLIPSEARCH_OK;
    TAP_OK(good && nearest(c, 20007, 0, &score, &stats) > 0 && score > 0.9999f && stats.graph + stats.scanned == 1 &&
               stats.delta == 0 && note_count == 0,
           "a new file under its feet is opened %s", notes);
    TAP_OK(clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_E_ARGUMENT, "a reader writes none: %s",
           err.message);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
}

/* ---- damage */

static void copy_file(const char *from, const char *to)
{
    char command[9000];
    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    if (system(command) != 0)
        exit(1);
}

static void poke(long at, unsigned char mask)
{
    unsigned char byte;
    int fd = open(file, O_RDWR);
    if (fd < 0 || pread(fd, &byte, 1, at) != 1)
        exit(1);
    byte ^= mask;
    if (pwrite(fd, &byte, 1, at) != 1)
        exit(1);
    close(fd);
}

/* A database handle of its own, as another process would have, that searches with the file as it is now. */
static void with_file(gallery *g, const char *what, bool graph, bool told)
{
    clipsearch_database *db = NULL;
    clipsearch_collection *c = NULL;
    size_t by_graph = 0;
    note_clear();
    if (clipsearch_database_open(folder_path(&g->elsewhere, "t.db"), CLIPSEARCH_READ_ONLY, &db, &err) !=
            CLIPSEARCH_OK ||
        clipsearch_collection_open(db, "photos", NULL, &c, &err) != CLIPSEARCH_OK)
        exit(1);
    clipsearch_database_on_note(db, on_note, NULL);
    const double recall = index_recall(c, QUERIES, NULL, 0, &by_graph, &err);
    TAP_OK((graph ? recall >= 0.99 && by_graph == QUERIES : recall == 1 && by_graph < QUERIES) && note_count == told,
           "%s: recall %.4f, %d by the graph; %s", what, recall, (int)by_graph, notes);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
}

static void test_damage(gallery *g)
{
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    clipsearch_checkpoint_options options;
    const char *whole = folder_path(&g->elsewhere, "whole");
    copy_file(file, whole);
    const long size = size_of(file);
    with_file(g, "a sound file", true, false);
    unlink(file);
    with_file(g, "no file", false, true);
    TAP_OK(clipsearch_collection_check(g->collection, 10, &report, &err) == CLIPSEARCH_OK &&
               report.state == CLIPSEARCH_INDEX_UNUSED,
           "the check of it: %s", report.why);
    copy_file(whole, file);
    TAP_OK(truncate(file, size / 2) == 0, "cut in half");
    with_file(g, "cut short", false, true);
    TAP_OK(clipsearch_collection_check(g->collection, 10, &report, &err) == CLIPSEARCH_E_FORMAT &&
               report.state == CLIPSEARCH_INDEX_DAMAGED,
           "the check of it: %s", err.message);
    copy_file(whole, file);
    poke(100, 4);
    with_file(g, "a bit of the header", false, true);
    copy_file(whole, file);
    for (long at = 1 << 20; at < 24 << 20; at += 3 << 12) /* links, codes and vectors: some of them are in every walk */
        poke(at, 1);
    with_file(g, "bits in every third block", false, true);
    TAP_OK(clipsearch_collection_check(g->collection, 10, &report, &err) == CLIPSEARCH_E_FORMAT, "the check of it: %s",
           err.message);
    copy_file(whole, file);
    poke(size - 5000, 1);
    TAP_OK(clipsearch_collection_check(g->collection, 10, &report, &err) == CLIPSEARCH_E_FORMAT ||
               report.state == CLIPSEARCH_INDEX_USABLE,
           "one bit near the end: %s", report.why);
    copy_file(folder_path(&g->elsewhere, "old"), file);
    with_file(g, "an older file of the same collection", false, true);
    FILE *other = fopen(file, "wb");
    fputs("something else", other);
    fclose(other);
    with_file(g, "another file", false, true);
    clipsearch_checkpoint_options_init(&options);
    options.rebuild = true;
    TAP_OK(clipsearch_collection_checkpoint(g->collection, &options, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_check(g->collection, 10, &report, &err) == CLIPSEARCH_OK &&
               report.state == CLIPSEARCH_INDEX_USABLE,
           "made anew %s", err.message);
    with_file(g, "the new file", true, false);
    for (long at = 1 << 20; at < 24 << 20; at += 1 << 12)
        poke(at, 8);
    TAP_OK(index_put(g->collection, 30000, 10, 0, &err) &&
               clipsearch_collection_checkpoint(g->collection, NULL, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_check(g->collection, 10, &report, &err) == CLIPSEARCH_OK &&
               report.state == CLIPSEARCH_INDEX_USABLE && report.changes == 0,
           "a checkpoint that finds its file damaged makes it anew %s", err.message);
    for (long at = 1 << 20; at < 24 << 20; at += 1 << 12)
        poke(at, 8);
    with_file(g, "damaged again", false, true);
    TAP_OK(clipsearch_collection_checkpoint(g->collection, NULL, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_check(g->collection, 10, &report, &err) == CLIPSEARCH_OK &&
               report.state == CLIPSEARCH_INDEX_USABLE,
           "so too when nothing has changed since %s", err.message);
    copy_file(folder_path(&g->elsewhere, "t.db"), file);
    TAP_OK(index_put(g->collection, 30010, 10, 0, &err) &&
               clipsearch_collection_checkpoint(g->collection, NULL, &err) == CLIPSEARCH_E_IO,
           "another database is not written over: %s", err.message);
    unlink(file);
    if (mkfifo(file, 0600) != 0)
        exit(1);
    with_file(g, "a pipe in its place", false, true);
    TAP_OK(clipsearch_collection_checkpoint(g->collection, NULL, &err) == CLIPSEARCH_E_IO,
           "and nothing is written into it: %s", err.message);
    unlink(file);
    with_file(g, "and searches go on", false, true);
    TAP_OK(clipsearch_collection_checkpoint(g->collection, NULL, &err) == CLIPSEARCH_OK, "repaired %s", err.message);
}

/* A file that is cut short, and then written over, beneath a handle that has it mapped. */
static void test_written_over(gallery *g)
{
    size_t by_graph = 0;
    const char *whole = folder_path(&g->elsewhere, "whole");
    clipsearch_collection *c = NULL;
    copy_file(file, whole);
    TAP_OK(clipsearch_collection_open(g->db, "photos", NULL, &c, &err) == CLIPSEARCH_OK &&
               index_recall(c, 2, NULL, 0, &by_graph, &err) > 0 && by_graph == 2,
           "mapped and searched");
    note_clear();
    TAP_OK(truncate(file, 4096) == 0 && index_recall(c, 2, NULL, 0, &by_graph, &err) == 1 && by_graph == 0 &&
               note_count == 1,
           "cut short beneath it: %s", notes);
    clipsearch_collection_close(&c);
    copy_file(whole, file);
    with_file(g, "whole again", true, false);
}

/* ---- another hand */

/* A row taken out by another program is noted nowhere; that the numbers differ is seen. */
static void test_other_hand(gallery *g)
{
    sqlite3 *db = NULL;
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    clipsearch_checkpoint_options options;
    const bool done =
        sqlite3_open(folder_path(&g->elsewhere, "t.db"), &db) == SQLITE_OK &&
        sqlite3_exec(db, "DELETE FROM items WHERE id = (SELECT max(id) FROM items)", NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_close(db);
    TAP_OK(done, "a row taken out by hand");
    with_file(g, "one image less than the index has", false, true);
    TAP_OK(clipsearch_collection_check(g->collection, 10, &report, &err) == CLIPSEARCH_E_FORMAT && report.surplus == 1,
           "the check of it: %s", err.message);
    clipsearch_checkpoint_options_init(&options);
    options.rebuild = true;
    TAP_OK(clipsearch_collection_checkpoint(g->collection, &options, &err) == CLIPSEARCH_OK, "made anew %s",
           err.message);
    with_file(g, "repaired", true, false);
}

/* ---- links */

/* The index belongs to the database file, by whatever link that is opened. */
static void test_link(gallery *g)
{
    char path[4096];
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    clipsearch_database *db = NULL;
    clipsearch_collection *c = NULL;
    snprintf(path, sizeof path, "%s", folder_path(&g->elsewhere, "link.db"));
    TAP_OK(symlink("t.db", path) == 0 && clipsearch_database_open(path, 0, &db, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_open(db, "photos", NULL, &c, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_check(c, 10, &report, &err) == CLIPSEARCH_OK &&
               report.state == CLIPSEARCH_INDEX_USABLE && report.sample == 10,
           "opened by a link, its index is found %s", report.why);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    unlink(path);
}

/* ---- vacuum */

static bool holds(const char *path, const float *vector)
{
    FILE *stream = fopen(path, "rb");
    const long size = size_of(path);
    char *bytes = malloc((size_t)size + 1);
    bool found = stream && bytes && fread(bytes, 1, (size_t)size, stream) == (size_t)size &&
                 memmem(bytes, (size_t)size, vector, 64 * sizeof *vector);
    if (stream)
        fclose(stream);
    free(bytes);
    return found;
}

static bool anywhere(gallery *g, uint64_t n, unsigned version)
{
    float vector[INDEX_DIM];
    index_vector(n, version, vector);
    return holds(folder_path(&g->elsewhere, "t.db"), vector) || holds(file, vector) ||
           (size_of(folder_path(&g->elsewhere, "t.db-wal")) > 0 &&
            holds(folder_path(&g->elsewhere, "t.db-wal"), vector));
}

static void test_vacuum(gallery *g)
{
    clipsearch_collection *c = g->collection;
    clipsearch_checkpoint_options options;
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    uint64_t removed = 0;
    clipsearch_checkpoint_options_init(&options);
    options.vacuum = true;
    TAP_OK(clipsearch_collection_remove_where(c, "n < 300 and n % 4 != 0", &removed, &err) == CLIPSEARCH_OK &&
               removed == 225 && anywhere(g, 30, 0) &&
               clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK && anywhere(g, 30, 0),
           "removed, but the bytes are still there %s", err.message);
    TAP_OK(clipsearch_collection_checkpoint(c, &options, &err) == CLIPSEARCH_OK &&
               clipsearch_database_vacuum(g->db, &err) == CLIPSEARCH_OK && !anywhere(g, 30, 0) && !anywhere(g, 41, 1) &&
               anywhere(g, 32, 0) && anywhere(g, 44, 1),
           "a vacuum takes them out of all files %s", err.message);
    TAP_OK(clipsearch_collection_check(c, 10, &report, &err) == CLIPSEARCH_OK && report.removed == 0 &&
               report.state == CLIPSEARCH_INDEX_USABLE,
           "the graph is sound, %d removed nodes %s", (int)report.removed, err.message);
    recall_is(c, "after a vacuum", NULL, 0.99, true);
    TAP_OK(clipsearch_collection_remove_where(c, "n % 4 != 0", &removed, &err) == CLIPSEARCH_OK, "%d removed",
           (int)removed);
    recall_is(c, "three quarters removed", NULL, 0.95, true);
    const long before = size_of(file);
    TAP_OK(clipsearch_collection_checkpoint(c, &options, &err) == CLIPSEARCH_OK && size_of(file) < before / 2,
           "vacuumed %s: %ld bytes instead of %ld", err.message, size_of(file), before);
    recall_is(c, "three quarters removed, and vacuumed", NULL, 0.99, true);
    TAP_OK(clipsearch_collection_remove_where(c, "n > 1000", &removed, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK && size_of(file) < 0,
           "a small collection has no file");
    note_clear();
    recall_is(c, "small", NULL, 1, false);
    TAP_OK(note_count == 0, "of which nothing is said %s", notes);
}

/* ---- parameters */

static void test_parameters(gallery *g)
{
    clipsearch_collection *c = NULL, *again = NULL;
    clipsearch_index_options options = {.struct_size = sizeof options,
                                        .codes = CLIPSEARCH_CODES_F16,
                                        .m = 8,
                                        .ef_construction = 60,
                                        .ef = 48},
                             other;
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    char path[4200];
    snprintf(path, sizeof path, "%s", folder_path(&g->elsewhere, "t.db.second.hnsw"));
    bool good = clipsearch_collection_ensure_index(g->db, "second", g->encoder, CLIPSEARCH_L2, &options, &c, &err) ==
                    CLIPSEARCH_OK &&
                clipsearch_collection_describe(c, &info, &err) == CLIPSEARCH_OK;
    TAP_OK(good && info.index_codes == CLIPSEARCH_CODES_F16 && info.index_m == 8 && info.index_ef_construction == 60 &&
               info.index_ef == 48 && !info.indexed,
           "parameters are kept %s", err.message);
    clipsearch_collection_close(&c);
    other = options;
    other.codes = CLIPSEARCH_CODES_I8;
    TAP_OK(clipsearch_collection_ensure_index(g->db, "second", g->encoder, CLIPSEARCH_L2, &other, &again, &err) ==
                   CLIPSEARCH_E_MISMATCH &&
               !again,
           "others: %s", err.message);
    other = (clipsearch_index_options){.struct_size = sizeof(clipsearch_index_options), .m = 3};
    TAP_OK(clipsearch_collection_ensure_index(g->db, "third", g->encoder, CLIPSEARCH_L2, &other, &again, &err) ==
               CLIPSEARCH_E_ARGUMENT,
           "an m of 3: %s", err.message);
    other = (clipsearch_index_options){.struct_size = sizeof(clipsearch_index_options), .codes = (clipsearch_codes)77};
    TAP_OK(clipsearch_collection_ensure_index(g->db, "third", g->encoder, CLIPSEARCH_L2, &other, &again, &err) ==
               CLIPSEARCH_E_ARGUMENT,
           "codes 77: %s", err.message);
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    good = clipsearch_collection_ensure(g->db, "second", g->encoder, CLIPSEARCH_L2, &c, &err) == CLIPSEARCH_OK &&
           index_put(c, 0, 4000, 0, &err) && clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK &&
           clipsearch_collection_check(c, 50, &report, &err) == CLIPSEARCH_OK;
    TAP_OK(good && report.state == CLIPSEARCH_INDEX_USABLE && report.recall >= 0.98 &&
               report.file_bytes < 4000u * (2048 + 1024 + 64 + 200),
           "an index with them: recall %.4f, %d bytes %s", good ? report.recall : 0, (int)report.file_bytes,
           err.message);
    clipsearch_search_options search;
    clipsearch_search_stats stats[2];
    clipsearch_hits *hits = NULL;
    float query[INDEX_DIM];
    index_vector(17, 0, query);
    clipsearch_search_options_init(&search);
    clipsearch_search_stats_init(&stats[0]);
    clipsearch_search_stats_init(&stats[1]);
    search.stats = &stats[0];
    good = clipsearch_search(c, query, 1, 10, &search, &hits, &err) == CLIPSEARCH_OK;
    clipsearch_hits_free(&hits);
    search.stats = &stats[1];
    search.ef = 200;
    good = good && clipsearch_search(c, query, 1, 10, &search, &hits, &err) == CLIPSEARCH_OK;
    clipsearch_hits_free(&hits);
    TAP_OK(good && stats[0].graph == 1 && stats[1].compared > stats[0].compared + 200, "ef: %d compared, with 200 %d",
           (int)stats[0].compared, (int)stats[1].compared);
    search.ef = 70000;
    TAP_OK(clipsearch_search(c, query, 1, 10, &search, &hits, &err) == CLIPSEARCH_E_ARGUMENT, "too much: %s",
           err.message);
    clipsearch_collection_close(&c);
    TAP_OK(size_of(path) > 0 && clipsearch_collection_drop(g->db, "second", &err) == CLIPSEARCH_OK && size_of(path) < 0,
           "a dropped collection's file goes with it %s", err.message);
    TAP_OK(strcmp(clipsearch_codes_name(CLIPSEARCH_CODES_F32), "f32") == 0 &&
               strcmp(clipsearch_codes_name(CLIPSEARCH_CODES_DEFAULT), "") == 0 &&
               !clipsearch_codes_name((clipsearch_codes)77),
           "names of codes");
}

/* ---- memory */

/* Searching by the graph, a tail beside it, and writing the file, with the n-th allocation failing: an error that says
 * so, and afterwards all is sound. */
static void test_memory(gallery *g)
{
    const clipsearch_index_options options = {.struct_size = sizeof options, .m = 4, .ef_construction = 8};
    clipsearch_collection *c = NULL;
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    clipsearch_search_stats stats;
    clipsearch_search_stats_init(&stats);
    float score;
    bool good = clipsearch_collection_ensure_index(g->db, "memory", g->encoder, CLIPSEARCH_COSINE, &options, &c,
                                                   &err) == CLIPSEARCH_OK &&
                index_put(c, 0, 2100, 0, &err);
    clipsearch_checkpoint_options anew;
    clipsearch_checkpoint_options_init(&anew);
    anew.rebuild = true;
    bool whole = false; /* a checkpoint that met no failure: a failure may also be got over, as when tidying up */
    int writes = 0, searches = 0;
    for (uint64_t n = 1; good && !whole && n < 100000; n += 1 + n / 3) {
        const uint64_t before = cs_mem_count();
        cs_mem_fail_at(n);
        const clipsearch_status status = clipsearch_collection_checkpoint(c, &anew, &err);
        cs_mem_fail_at(0);
        good = status == CLIPSEARCH_OK || status == CLIPSEARCH_E_MEMORY;
        whole = status == CLIPSEARCH_OK && cs_mem_count() - before < n;
        writes += status == CLIPSEARCH_E_MEMORY;
    }
    TAP_OK(good && whole && writes > 10 && clipsearch_collection_check(c, 10, &report, &err) == CLIPSEARCH_OK &&
               report.state == CLIPSEARCH_INDEX_USABLE,
           "%d times no memory for a checkpoint, then one that is whole: %s", writes, err.message);
    good = good && index_put(c, 3000, 40, 0, &err);
    clipsearch_collection_close(&c);
    for (uint64_t n = 1; good && searches < 1000; n++, searches++) {
        good = clipsearch_collection_open(g->db, "memory", NULL, &c, &err) == CLIPSEARCH_OK;
        note_clear();
        cs_mem_fail_at(n);
        const int64_t id = nearest(c, 3007, 0, &score, &stats);
        cs_mem_fail_at(0);
        if (id == 2108 && stats.graph + stats.scanned == 1 && stats.delta == 40 && note_count == 0)
            break;
        good = good && ((id == -1 && err.code == CLIPSEARCH_E_MEMORY) || (id == 2108 && score > 0.9999f)) &&
               nearest(c, 3007, 0, &score, &stats) == 2108 && stats.graph + stats.scanned == 1;
        if (!good)
            tap_note("allocation %d: id %d, %s %s", (int)n, (int)id, err.message, notes);
        clipsearch_collection_close(&c);
    }
    TAP_OK(good && searches > 10, "%d times no memory for a search, and the next one by the graph", searches);
    clipsearch_collection_close(&c);
}

int main(void)
{
    gallery g;
    gallery_open(&g, false);
    clipsearch_database_on_note(g.db, on_note, NULL);
    snprintf(file, sizeof file, "%s", folder_path(&g.elsewhere, "t.db.photos.hnsw"));
    test_beginning(&g);
    copy_file(file, folder_path(&g.elsewhere, "old"));
    test_tail(&g);
    test_fold(&g);
    test_two_handles(&g);
    test_damage(&g);
    test_written_over(&g);
    test_other_hand(&g);
    test_link(&g);
    test_vacuum(&g);
    test_parameters(&g);
    test_memory(&g);
    gallery_close(&g);
    return tap_done();
}
