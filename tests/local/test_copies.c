/* SPDX-License-Identifier: MIT
 * test_copies.c - searches that fold copies: which hit stands for the others, how many are counted, and that k
 * different contents are found however many copies lie before them. */
#include "backend/backend.h"
#include "base/mem.h"
#include "support/gallery.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096, MANY = 700, GRAPH = 2500, TIES = 40 };

static gallery g;
static clipsearch_error err;
static size_t dim;

/* An item to put; its path is `name`. */
static clipsearch_item item_of(const char *name, unsigned content)
{
    clipsearch_item item = {.path = name, .size = 9, .width = 4, .height = 3};
    memcpy(item.hash, &content, sizeof content);
    return item;
}

/* Put items with names from prefix0 on (`count` 1: prefix alone), the first at an angle to the first axis, each further
 * one at `step` more. Their contents are `content` and, with a step, the numbers behind it; 0: none has a hash. Returns
 * the first id. */
static int64_t put_many(const char *prefix, size_t count, unsigned content, double angle, double step)
{
    static clipsearch_item items[GRAPH];
    static char paths[GRAPH][128];
    static int64_t ids[GRAPH];
    float *vectors = calloc(count * dim, sizeof *vectors);
    for (size_t i = 0; i < count; i++) {
        char number[16] = "";
        if (count > 1)
            snprintf(number, sizeof number, "%zu", i);
        snprintf(paths[i], sizeof paths[i], "%s/%s%s", g.images.path, prefix, number);
        items[i] = item_of(paths[i], content && step > 0 ? content + (unsigned)i : content);
        vectors[i * dim] = (float)cos(angle + step * (double)i);
        vectors[i * dim + 1] = (float)sin(angle + step * (double)i);
    }
    if (clipsearch_collection_put(g.collection, items, vectors, count, ids, &err) != CLIPSEARCH_OK)
        printf("Bail out! %s\n", err.message), exit(1);
    free(vectors);
    return ids[0];
}

static int64_t put(const char *name, unsigned content, double angle)
{
    return put_many(name, 1, content, angle, 0);
}

static clipsearch_search_options folding(void)
{
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.fold_copies = true;
    return options;
}

/* The hits as "a+2 b c". */
static const char *names(const clipsearch_hits *hits, size_t query)
{
    static char text[4096];
    size_t used = 0;
    text[0] = 0;
    for (size_t rank = 0; rank < clipsearch_hits_count(hits, query) && used < sizeof text - 300; rank++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, query, rank);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", rank ? " " : "", strrchr(hit->path, '/') + 1);
        if (hit->copies)
            used += (size_t)snprintf(text + used, sizeof text - used, "+%d", (int)hit->copies);
    }
    return text;
}

/* Search near the first axis (query 0) and, when `queries` is 2, near the second. */
static clipsearch_status search(size_t queries, size_t k, const clipsearch_search_options *options,
                                clipsearch_hits **hits)
{
    static float vectors[2 * MOST];
    vectors[0] = 1;
    vectors[dim + 1] = 1;
    return clipsearch_search(g.collection, vectors, queries, k, options, hits, &err);
}

static void check(size_t k, const clipsearch_search_options *options, const char *want, const char *what)
{
    clipsearch_hits *hits = NULL;
    const clipsearch_status status = search(1, k, options, &hits);
    if (!TAP_OK(status == CLIPSEARCH_OK && strcmp(names(hits, 0), want) == 0, "%s", what))
        printf("# %s\n# want %s\n", status == CLIPSEARCH_OK ? names(hits, 0) : err.message, want);
    clipsearch_hits_free(&hits);
}

static void test_few(void)
{
    clipsearch_search_options options = folding();
    put("a1", 1, 0.1);
    put("b", 2, 0.2);
    const int64_t second = put("a2", 1, 0.1);
    put("a3", 1, 0.1);
    put("c", 3, 0.3);
    put("none1", 0, 0.4);
    put("none2", 0, 0.4);
    check(10, NULL, "a1 a2 a3 b c none1 none2", "every item is a hit by default");
    check(10, &options, "a1+2 b c none1 none2", "copies are folded; items without a hash are none");
    check(1, &options, "a1+2", "one hit, and its copies are counted though k is 1");
    check(2, &options, "a1+2 b", "k counts contents");
    options.filter = "name != \"a3\"";
    check(10, &options, "a1+1 b c none1 none2", "only copies that pass the filter are counted");
    options.filter = NULL;
    options.exact = true;
    check(3, &options, "a1+2 b c", "exact");
    options.has_limit = true;
    options.limit = (float)cos(0.25);
    check(10, &options, "a1+2 b", "a limit");
    options = folding();
    cs_item_change gone = {.kind = CS_ITEM_GONE, .item.id = second - 2, .file.gone_since = 1000};
    cs_collection_apply(g.collection, &gone, 1, &err);
    check(2, &options, "a2+1 b", "an item that is gone is no hit, and no copy");
    options.gone = true;
    folder_write_text(&g.images, "a2", "x");
    check(2, &options, "a2+2 b", "with those that are gone one that is there stands for them");
    options.gone = false;
    put("a4", 1, 0.7);
    check(10, &options, "a2+1 b c none1 none2 a4", "equal hashes with vectors put by hand that differ are no copies");
    put("twin1", 8, 0.9);
    put("other1", 9, 0.9);
    put("twin2", 8, 0.9);
    put("other2", 9, 0.9);
    check(8, &options, "a2+1 b c none1 none2 a4 twin1+1 other1+1", "copies of two contents with one vector, in turn");
    check(7, &options, "a2+1 b c none1 none2 a4 twin1+1", "the last hit's copies are counted behind another's");
}

/* Files that are gone without an ingestion that has noted it. */
static void test_missing(void)
{
    static float vector[MOST];
    static const char *const name[] = {"lost1", "lost2", "here1", "lost3", "here2"};
    clipsearch_search_options options = folding();
    vector[2] = 1;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        const clipsearch_item item = item_of(folder_path(&g.images, name[i]), 77);
        clipsearch_collection_put(g.collection, &item, vector, 1, NULL, &err);
    }
    clipsearch_hits *hits = NULL;
    bool good = clipsearch_search(g.collection, vector, 1, 1, &options, &hits, &err) == CLIPSEARCH_OK;
    TAP_OK(good && strcmp(names(hits, 0), "lost1+4") == 0 && clipsearch_hits_get(hits, 0, 0)->gone,
           "no file is there: the first stands for all, and says so");
    clipsearch_hits_free(&hits);
    folder_write_text(&g.images, "here1", "x");
    folder_write_text(&g.images, "here2", "x");
    good = clipsearch_search(g.collection, vector, 1, 1, &options, &hits, &err) == CLIPSEARCH_OK;
    TAP_OK(good && strcmp(names(hits, 0), "here1+4") == 0 && !clipsearch_hits_get(hits, 0, 0)->gone,
           "the first whose file is there stands for all");
    clipsearch_hits_free(&hits);
    clipsearch_collection_remove_where(g.collection, "name like \"lost%\" or name like \"here%\"", NULL, NULL);
}

static void test_many(void)
{
    clipsearch_search_options options = folding();
    clipsearch_search_stats stats;
    clipsearch_search_stats_init(&stats);
    options.stats = &stats;
    put_many("x", MANY, 5, 0.05, 0);
    put("right", 6, 1.5);
    check(3, &options, "x0+699 a2+1 b", "k contents are found behind hundreds of copies");
    TAP_OK(stats.compared > 0 && stats.graph + stats.scanned <= 1, "one query in the statistics");
    check(1, &options, "x0+699", "all copies of a single hit are counted");
    check(10000, &options, "x0+699 a2+1 b c none1 none2 a4 twin1+1 other1+1 right", "k beyond the collection");
    clipsearch_hits *hits = NULL;
    const bool good = search(2, 2, &options, &hits) == CLIPSEARCH_OK && strcmp(names(hits, 0), "x0+699 a2+1") == 0;
    TAP_OK(good && strcmp(names(hits, 1), "right twin1+1") == 0, "two queries, of which one is searched again");
    clipsearch_hits_free(&hits);
    options.exact = true;
    TAP_OK(search(1, 0, &options, &hits) == CLIPSEARCH_E_ARGUMENT && !hits, "k is 0: %s", err.message);
    put_many("tie", TIES, 0, 0.01, 0);
    check(2, &options, "tie0 tie1", "items with one vector that are no copies");
}

/* The same through a graph. */
static void test_index(void)
{
    clipsearch_search_options options = folding();
    clipsearch_search_stats stats;
    clipsearch_search_stats_init(&stats);
    options.stats = &stats;
    put_many("f", GRAPH, 100, 1.6, 0.0005);
    TAP_OK(clipsearch_collection_checkpoint(g.collection, NULL, &err) == CLIPSEARCH_OK, "a checkpoint %s", err.message);
    options.filter = "not name like \"tie%\"";
    check(3, &options, "x0+699 a2+1 b", "by the index");
    TAP_OK(stats.graph + stats.scanned == 1, "which was used");
}

static void test_no_memory(void)
{
    clipsearch_search_options options = folding();
    options.filter = "not name like \"tie%\"";
    clipsearch_hits *hits = NULL;
    size_t failed = 0;
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    for (uint64_t n = 1; status == CLIPSEARCH_E_MEMORY && n < 5000; n++) {
        cs_mem_fail_at(n);
        status = search(2, 2, &options, &hits);
        cs_mem_fail_at(0);
        if (status == CLIPSEARCH_E_MEMORY)
            failed += !hits;
    }
    TAP_OK(status == CLIPSEARCH_OK && failed > 20 && strcmp(names(hits, 0), "x0+699 a2+1") == 0,
           "each of %d allocations fails: an error, and no hits", (int)failed);
    clipsearch_hits_free(&hits);
}

int main(void)
{
    clipsearch_collection_info info;
    gallery_open(&g, false);
    clipsearch_collection_info_init(&info);
    clipsearch_collection_describe(g.collection, &info, NULL);
    dim = info.dim;
    test_few();
    test_missing();
    test_many();
    test_index();
    test_no_memory();
    gallery_close(&g);
    return tap_done();
}
