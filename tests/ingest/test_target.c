/* SPDX-License-Identifier: MIT
 * test_target.c - a collection comes into being with its first batch: whatever ends before it leaves nothing behind. */
#include "base/mem.h"
#include "support/gallery.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Ingest into fresh.db, beside the gallery's own database. */
static clipsearch_status ingest_into(gallery *g, const clipsearch_ingest_target *given,
                                     const clipsearch_ingest_options *options)
{
    clipsearch_source source;
    clipsearch_ingest_options all = gallery_options(g, &source);
    clipsearch_ingest_target target;
    clipsearch_ingest_target_init(&target);
    target.database = folder_path(&g->elsewhere, "fresh.db");
    target.collection = "new";
    clipsearch_ingest_report_init(&g->report);
    return clipsearch_ingest_into(given ? given : &target, g->session, options ? options : &all, &g->report, &g->err);
}

static bool is_there(const gallery *g)
{
    return access(folder_path(&g->elsewhere, "fresh.db"), F_OK) == 0;
}

/* Items of the collection `new` of fresh.db; -1: there is no such collection. */
static int count_items(gallery *g)
{
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    int count = -1;
    if (clipsearch_database_open(folder_path(&g->elsewhere, "fresh.db"), 0, &db, &g->err) == CLIPSEARCH_OK &&
        clipsearch_collection_open(db, "new", g->encoder, &collection, &g->err) == CLIPSEARCH_OK &&
        clipsearch_collection_describe(collection, &info, &g->err) == CLIPSEARCH_OK)
        count = (int)info.count;
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    return count;
}

static void remove_database(const gallery *g)
{
    static const char *const names[] = {"fresh.db", "fresh.db-wal", "fresh.db-shm"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(folder_path(&g->elsewhere, names[i]));
}

static void fill(const gallery *g, int count)
{
    char name[32];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "p%02d.png", i);
        gallery_image(g, name, (unsigned)i + 1);
    }
}

static void test_nothing_to_store(void)
{
    gallery g;
    gallery_open(&g, false);
    TAP_OK(ingest_into(&g, NULL, NULL) == CLIPSEARCH_OK && g.report.found == 0 && !is_there(&g),
           "no image at all: no database");
    folder_write_text(&g.images, "a.png", "bad");
    folder_write_text(&g.images, "b.png", "");
    TAP_OK(ingest_into(&g, NULL, NULL) == CLIPSEARCH_OK && g.report.skipped == 2 && !g.report.created && !is_there(&g),
           "only bad images: no database");
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    options.on_bad = CLIPSEARCH_STOP_AT_BAD;
    fill(&g, 6);
    TAP_OK(ingest_into(&g, NULL, &options) != CLIPSEARCH_OK && g.report.skipped == 1 && !is_there(&g),
           "stopped at the first image, which is bad: no database: %s", g.err.message);
    options.on_bad = CLIPSEARCH_SKIP_BAD;
    options.dry_run = options.prune = true;
    TAP_OK(ingest_into(&g, NULL, &options) == CLIPSEARCH_OK && g.report.inserted == 6 && g.report.skipped == 2 &&
               !is_there(&g),
           "a dry run counts, bad images too, and makes no database");
    unlink(folder_path(&g.images, "a.png"));
    unlink(folder_path(&g.images, "b.png"));
    clipsearch_ingest_target target;
    clipsearch_ingest_target_init(&target);
    target.database = folder_path(&g.elsewhere, "none/fresh.db");
    target.collection = "new";
    TAP_OK(ingest_into(&g, &target, &options) == CLIPSEARCH_OK && g.report.inserted == 6,
           "a dry run needs no directory for the database either");
    target.database = ":memory:";
    TAP_OK(ingest_into(&g, &target, &options) == CLIPSEARCH_E_ARGUMENT && strstr(g.err.message, "in memory"),
           "a database in memory would be gone: %s", g.err.message);
    gallery_close(&g);
}

static void test_numbers_of_clusters(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 3);
    clipsearch_index_options index;
    clipsearch_index_options_init(&index);
    index.nlist = 5;
    index.nprobe = 2;
    clipsearch_ingest_target target;
    clipsearch_ingest_target_init(&target);
    target.database = folder_path(&g.elsewhere, "fresh.db");
    target.collection = "new";
    target.index = &index;
    TAP_OK(ingest_into(&g, &target, NULL) == CLIPSEARCH_OK && g.report.created && count_items(&g) == 3,
           "numbers of clusters are ignored in a file: %s", g.err.message);
    TAP_OK(ingest_into(&g, &target, NULL) == CLIPSEARCH_OK && g.report.unchanged == 3, "the second time too: %s",
           g.err.message);
    index.m = 8;
    TAP_OK(ingest_into(&g, &target, NULL) == CLIPSEARCH_E_MISMATCH && strstr(g.err.message, "m 16"),
           "another number of links is not: %s", g.err.message);
    remove_database(&g);
    index.m = 1;
    TAP_OK(ingest_into(&g, &target, NULL) == CLIPSEARCH_E_ARGUMENT && !is_there(&g),
           "a wrong one leaves no database: %s", g.err.message);
    gallery_close(&g);
}

static bool refuse(void *context, const clipsearch_progress *progress)
{
    const uint64_t *most = context;
    return !progress->walking_done || progress->stored < *most;
}

static void test_first_batch(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 10);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    uint64_t most = 0;
    options.progress = refuse;
    options.context = &most;
    TAP_OK(ingest_into(&g, NULL, &options) == CLIPSEARCH_E_CANCELLED && !is_there(&g),
           "cancelled before the first batch: no database");
    most = 4;
    TAP_OK(ingest_into(&g, NULL, &options) == CLIPSEARCH_E_CANCELLED && g.report.created && g.report.inserted >= 4 &&
               count_items(&g) == (int)g.report.inserted,
           "cancelled after it: a collection with that batch");
    TAP_OK(ingest_into(&g, NULL, NULL) == CLIPSEARCH_OK && !g.report.created && count_items(&g) == 10,
           "and the next run has the rest");
    TAP_OK(ingest_into(&g, NULL, NULL) == CLIPSEARCH_OK && g.report.unchanged == 10, "and the one after that nothing");
    gallery_close(&g);
}

/* The target is checked before the sources are walked. */
static void expect_refused(gallery *g, const char *what, const clipsearch_ingest_target *target,
                           clipsearch_status expected)
{
    clipsearch_status status = ingest_into(g, target, NULL);
    TAP_OK(status == expected && g->report.found == 0, "%s: %s", what, g->err.message);
}

static void test_refused(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 2);
    clipsearch_ingest_target good, target;
    clipsearch_index_options index;
    clipsearch_index_options_init(&index);
    clipsearch_ingest_target_init(&good);
    good.database = folder_path(&g.elsewhere, "fresh.db");
    good.collection = "new";
    target = good;
    target.collection = "a b";
    expect_refused(&g, "a name that cannot be", &target, CLIPSEARCH_E_ARGUMENT);
    target = good;
    index.m = 1000;
    target.index = &index;
    expect_refused(&g, "an index that cannot be", &target, CLIPSEARCH_E_ARGUMENT);
    target = good;
    target.database = folder_path(&g.elsewhere, "none/fresh.db");
    expect_refused(&g, "a directory that is not there", &target, CLIPSEARCH_E_NOT_FOUND);
    target = good;
    target.database = g.images.path;
    expect_refused(&g, "a directory as database", &target, CLIPSEARCH_E_DATABASE);
    target = good;
    target.metric = (clipsearch_metric)7;
    expect_refused(&g, "no such metric", &target, CLIPSEARCH_E_ARGUMENT);
    TAP_OK(!is_there(&g), "none of them made a database");
    TAP_OK(ingest_into(&g, &good, NULL) == CLIPSEARCH_OK && g.report.created, "a good one");
    target = good;
    target.metric = CLIPSEARCH_L2;
    expect_refused(&g, "another metric than the collection's", &target, CLIPSEARCH_E_MISMATCH);
    target = good;
    index.m = 32;
    target.index = &index;
    expect_refused(&g, "another index than the collection's", &target, CLIPSEARCH_E_MISMATCH);
    target = good;
    target.collection = NULL;
    TAP_OK(ingest_into(&g, &target, NULL) == CLIPSEARCH_E_ARGUMENT, "no name");
    gallery_close(&g);
}

/* Memory runs out at every allocation in turn: there is never a collection without items. */
static void test_memory(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 2);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    options.threads = 1;
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    bool all = true;
    unsigned n = 0;
    while (status != CLIPSEARCH_OK && ++n < 4000) {
        cs_mem_fail_at(n);
        status = ingest_into(&g, NULL, &options);
        cs_mem_fail_at(0);
        int items = is_there(&g) ? count_items(&g) : -1;
        all = all && items != 0 && (status == CLIPSEARCH_OK ? items == 2 : status == CLIPSEARCH_E_MEMORY);
        remove_database(&g);
    }
    TAP_OK(all && n > 30 && n < 4000, "none of %u allocations that fail leaves an empty collection", n - 1);
    gallery_close(&g);
}

static bool go_elsewhere(void *context, const clipsearch_progress *progress)
{
    (void)progress;
    return chdir(context) == 0;
}

static void test_working_directory(void)
{
    gallery g;
    char here[CLIPSEARCH_PATH_SIZE];
    clipsearch_ingest_target target;
    clipsearch_source source;
    gallery_open(&g, false);
    fill(&g, 6);
    clipsearch_ingest_options options = gallery_options(&g, &source);
    options.progress = go_elsewhere;
    options.context = g.images.path;
    clipsearch_ingest_target_init(&target);
    target.database = "fresh.db";
    target.collection = "new";
    TAP_OK(getcwd(here, sizeof here) && chdir(g.elsewhere.path) == 0 &&
               ingest_into(&g, &target, &options) == CLIPSEARCH_OK,
           "the working directory changes before the first batch");
    TAP_OK(is_there(&g) && count_items(&g) == 6 && access(folder_path(&g.images, "fresh.db"), F_OK) != 0,
           "the database is where it was when the call began");
    TAP_OK(chdir(here) == 0, "back");
    remove_database(&g);
    gallery_close(&g);
}

int main(void)
{
    test_nothing_to_store();
    test_numbers_of_clusters();
    test_first_batch();
    test_refused();
    test_working_directory();
    test_memory();
    return tap_done();
}
