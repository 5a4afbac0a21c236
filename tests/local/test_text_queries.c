/* SPDX-License-Identifier: MIT
 * test_text_queries.c - by the public interface and its defaults: queries off the images' distribution, as texts are,
 * find what the exact search finds, and so do images. */
#include "base/mem.h"
#include "support/gallery.h"
#include "support/index_fixture.h"
#include "tap.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { QUERIES = TAP_SLOW ? 30 : 60, IMAGES = TAP_SLOW ? 60 : 400 };
enum { COUNT = 8000, ASKED = 120, MORE = 1500, THREADS = 3 };

static clipsearch_error err;
static float asked[ASKED][INDEX_DIM];

static void make_queries(void)
{
    for (size_t i = 0; i < ASKED; i++)
        index_text(i, asked[i]);
}

static clipsearch_checkpoint_options options_with(const float *queries, size_t count)
{
    clipsearch_checkpoint_options options;
    clipsearch_checkpoint_options_init(&options);
    options.queries = queries;
    options.query_count = count;
    return options;
}

static void recall_is(clipsearch_collection *c, const char *what, const char *filter)
{
    size_t by_index = 0, by_index_too = 0;
    const double texts = index_spread_recall(c, true, QUERIES, filter, 0, &by_index, &err);
    const double images = index_spread_recall(c, false, IMAGES, filter, 0, &by_index_too, &err);
    TAP_OK(texts >= 0.99 && images >= 0.99 && (filter || (by_index == QUERIES && by_index_too == IMAGES)),
           "%s: recall of texts %.4f, of images %.4f%s%s", what, texts, images, texts < 0 || images < 0 ? ": " : "",
           texts < 0 || images < 0 ? err.message : "");
}

static void report_is(clipsearch_collection *c, const char *what, size_t sample)
{
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    const bool good = clipsearch_collection_check(c, 50, &report, &err) == CLIPSEARCH_OK;
    TAP_OK(good && report.state == CLIPSEARCH_INDEX_USABLE && report.sample == 50 && report.recall >= 0.99 &&
               report.query_sample == sample && (sample == 0 || report.query_recall >= 0.98),
           "%s: the check measures %.4f for images, %.4f for %d texts %s", what, report.recall, report.query_recall,
           (int)report.query_sample, err.message);
}

static void test_defaults(clipsearch_collection *c)
{
    size_t by_index;
    TAP_OK(index_put(c, 0, COUNT, INDEX_SPREAD, &err), "%d images put %s", COUNT, err.message);
    TAP_OK(clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK, "a checkpoint without queries %s",
           err.message);
    const double plain = index_spread_recall(c, true, QUERIES, NULL, 64, &by_index, &err);
    TAP_OK(plain > 0 && plain < 0.985, "with ef 64 texts lose hits: recall %.4f", plain);
    recall_is(c, "without queries", NULL);
    report_is(c, "without queries", 0);
    clipsearch_checkpoint_options options = options_with(asked[0], ASKED);
    TAP_OK(clipsearch_collection_checkpoint(c, &options, &err) == CLIPSEARCH_OK, "with queries %s", err.message);
    recall_is(c, "with queries", NULL);
    report_is(c, "with queries", ASKED / 2);
    recall_is(c, "half of the images allowed", "n % 2 == 0");
    recall_is(c, "one in a hundred allowed", "n % 100 == 0");
}

/* What the file keeps outlives changes and building it again. */
static void test_later(clipsearch_collection *c)
{
    clipsearch_checkpoint_options options = options_with(NULL, 0);
    bool good = index_put(c, COUNT, MORE, INDEX_SPREAD, &err);
    recall_is(c, "beside a delta", NULL);
    good = good && clipsearch_collection_checkpoint(c, &options, &err) == CLIPSEARCH_OK;
    report_is(c, "after a checkpoint that has no queries", good ? ASKED / 2 : 0);
    recall_is(c, "the delta in the graph", NULL);
    options.rebuild = true;
    good = clipsearch_collection_checkpoint(c, &options, &err) == CLIPSEARCH_OK;
    report_is(c, "built again", good ? ASKED / 2 : 0);
    options = options_with(asked[10], 20);
    good = clipsearch_collection_checkpoint(c, &options, &err) == CLIPSEARCH_OK;
    report_is(c, "with others", good ? 10 : 0);
}

static void test_refused(clipsearch_collection *c)
{
    static float bad[2][INDEX_DIM];
    bad[1][7] = NAN;
    clipsearch_checkpoint_options options = options_with(bad[0], 2);
    TAP_OK(clipsearch_collection_checkpoint(c, &options, &err) == CLIPSEARCH_E_ARGUMENT, "%s", err.message);
    options = options_with(NULL, 5);
    TAP_OK(clipsearch_collection_checkpoint(c, &options, &err) == CLIPSEARCH_E_ARGUMENT, "%s", err.message);
    options = options_with(asked[0], 5000);
    TAP_OK(clipsearch_collection_checkpoint(c, &options, &err) == CLIPSEARCH_E_ARGUMENT, "%s", err.message);
}

/* ---- threads */

typedef struct reader {
    clipsearch_collection *collection;
    clipsearch_hits *const *wanted;
    bool good;
} reader;

static bool same_hits(const clipsearch_hits *a, const clipsearch_hits *b)
{
    const size_t count = clipsearch_hits_count(a, 0);
    bool same = count == clipsearch_hits_count(b, 0) && count > 0;
    for (size_t i = 0; i < count && same; i++)
        same = clipsearch_hits_get(a, 0, i)->id == clipsearch_hits_get(b, 0, i)->id &&
               clipsearch_hits_get(a, 0, i)->score == clipsearch_hits_get(b, 0, i)->score;
    return same;
}

static void *read_texts(void *context)
{
    reader *r = context;
    r->good = true;
    for (size_t q = 0; q < QUERIES && r->good; q++) {
        clipsearch_hits *hits = NULL;
        clipsearch_error own;
        r->good = clipsearch_search(r->collection, asked[q], 1, INDEX_K, NULL, &hits, &own) == CLIPSEARCH_OK &&
                  same_hits(hits, r->wanted[q]);
        clipsearch_hits_free(&hits);
    }
    return NULL;
}

/* Several threads share one pool: one search has it, the others work alone, with the same hits. */
static void test_threads(clipsearch_collection *c)
{
    clipsearch_hits *wanted[QUERIES] = {0};
    pthread_t threads[THREADS];
    reader readers[THREADS];
    bool good = true;
    for (size_t q = 0; q < QUERIES && good; q++)
        good = clipsearch_search(c, asked[q], 1, INDEX_K, NULL, &wanted[q], &err) == CLIPSEARCH_OK;
    for (int t = 0; t < THREADS && good; t++) {
        readers[t] = (reader){.collection = c, .wanted = wanted};
        good = pthread_create(&threads[t], NULL, read_texts, &readers[t]) == 0;
    }
    for (int t = 0; t < THREADS && good; t++)
        pthread_join(threads[t], NULL);
    for (int t = 0; t < THREADS && good; t++)
        good = readers[t].good;
    TAP_OK(good, "%d threads at once find what one finds alone %s", THREADS, err.message);
    clipsearch_hits *all = NULL;
    good = clipsearch_search(c, asked[0], QUERIES, INDEX_K, NULL, &all, &err) == CLIPSEARCH_OK;
    for (size_t q = 0; q < QUERIES && good; q++)
        for (size_t i = 0; i < INDEX_K && good; i++)
            good = clipsearch_hits_get(all, q, i)->id == clipsearch_hits_get(wanted[q], 0, i)->id;
    TAP_OK(good, "and so does one call with all queries");
    clipsearch_hits_free(&all);
    for (size_t q = 0; q < QUERIES; q++)
        clipsearch_hits_free(&wanted[q]);
}

int main(void)
{
    gallery g;
    make_queries();
    gallery_open(&g, false);
    test_defaults(g.collection);
    test_threads(g.collection);
    if (!TAP_SLOW) /* it builds the graph twice more, which takes minutes under a sanitizer */
        test_later(g.collection);
    test_refused(g.collection);
    gallery_close(&g);
    return tap_done();
}
