/* SPDX-License-Identifier: MIT
 * test_gone.c - items whose files are known to be gone: never found unless asked for, and never missed in the count of
 * the others, with the graph, its delta, filters and exact scans. */
#include "backend/backend.h"
#include "support/gallery.h"
#include "support/index_fixture.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

enum { COUNT = 6000, QUERIES = 40 };

static clipsearch_error err;

/* Note the items [first, first + count) as gone. */
static bool mark(clipsearch_collection *c, int64_t first, int64_t count)
{
    for (int64_t id = first; id < first + count; id++) {
        cs_item_change change = {.kind = CS_ITEM_GONE, .item.id = id, .file.gone_since = 1000};
        if (cs_collection_apply(c, &change, 1, &err) != CLIPSEARCH_OK)
            return false;
    }
    return true;
}

static bool is_gone(int64_t id, int64_t first, int64_t count)
{
    return id >= first && id < first + count;
}

/* How many of the queries have k hits, none of which is gone, and are those of the exact search in most places. */
typedef struct outcome {
    size_t full, clean, graph;
    double recall;
} outcome;

static outcome ask(clipsearch_collection *c, int64_t first, int64_t count, const char *filter, bool with_gone)
{
    outcome o = {0};
    size_t same = 0, all = 0;
    for (uint64_t q = 0; q < QUERIES; q++) {
        float query[INDEX_DIM];
        clipsearch_hits *hits = NULL, *exact = NULL;
        clipsearch_search_stats stats;
        clipsearch_search_options options;
        clipsearch_search_stats_init(&stats);
        clipsearch_search_options_init(&options);
        options.filter = filter;
        options.gone = with_gone;
        options.stats = &stats;
        index_vector((uint64_t)first + q, 0, query); /* near those that are gone */
        if (clipsearch_search(c, query, 1, INDEX_K, &options, &hits, &err) != CLIPSEARCH_OK)
            break;
        options.exact = true;
        options.stats = NULL;
        if (clipsearch_search(c, query, 1, INDEX_K, &options, &exact, &err) != CLIPSEARCH_OK)
            break;
        bool clean = true;
        for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++) {
            const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, i);
            clean = clean && hit->gone == is_gone(hit->id, first, count) && (with_gone || !hit->gone);
            for (size_t e = 0; e < clipsearch_hits_count(exact, 0); e++)
                same += clipsearch_hits_get(exact, 0, e)->id == hit->id;
            all++;
        }
        o.full += clipsearch_hits_count(hits, 0) == INDEX_K && clipsearch_hits_count(exact, 0) == INDEX_K;
        o.clean += clean;
        o.graph += stats.graph;
        clipsearch_hits_free(&hits);
        clipsearch_hits_free(&exact);
    }
    o.recall = all ? (double)same / (double)all : 0;
    return o;
}

static void expect(clipsearch_collection *c, const char *what, int64_t first, int64_t count, const char *filter,
                   bool with_gone)
{
    const outcome o = ask(c, first, count, filter, with_gone);
    TAP_OK(o.full == QUERIES && o.clean == QUERIES && o.recall >= 0.97,
           "%s: %zu of %d have %d hits, %zu are right about what is gone, recall %.3f, %zu by the graph", what, o.full,
           QUERIES, INDEX_K, o.clean, o.recall, o.graph);
}

static size_t list(clipsearch_collection *c, bool with_gone)
{
    clipsearch_hits *hits = NULL;
    clipsearch_list_options options;
    clipsearch_list_options_init(&options);
    options.gone = with_gone;
    const bool good = clipsearch_list(c, &options, &hits, &err) == CLIPSEARCH_OK;
    const size_t count = good ? clipsearch_hits_count(hits, 0) : SIZE_MAX;
    clipsearch_hits_free(&hits);
    return count;
}

static uint64_t known(clipsearch_collection *c)
{
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    return clipsearch_collection_describe(c, &info, &err) == CLIPSEARCH_OK ? info.gone : UINT64_MAX;
}

int main(void)
{
    gallery g;
    gallery_open(&g, false);
    clipsearch_collection *c = g.collection;
    TAP_OK(index_put(c, 0, COUNT, 0, &err) && clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK,
           "%d items with an index: %s", COUNT, err.message);
    TAP_OK(mark(c, 101, 60) && known(c) == 60, "60 are gone");
    expect(c, "by the graph", 101, 60, NULL, false);
    expect(c, "asked for", 101, 60, NULL, true);
    expect(c, "with a filter", 101, 60, "n < 5000", false);
    expect(c, "with a filter for few", 101, 60, "n < 200", false);
    TAP_OK(list(c, false) == COUNT - 60 && list(c, true) == COUNT, "a list leaves them out too");
    TAP_OK(mark(c, 1001, 3000) && known(c) == 3060, "half of all are gone");
    expect(c, "half of all", 1001, 3000, NULL, false);
    TAP_OK(index_put(c, 0, 100, 0, &err) && index_put(c, COUNT, 50, 0, &err),
           "some are put again, some are new: a delta");
    TAP_OK(known(c) == 3060, "the first hundred were not gone");
    expect(c, "with a delta", 1001, 3000, NULL, false);
    TAP_OK(index_put(c, 1000, 3000, 0, &err) && known(c) == 60, "put again, they are back");
    expect(c, "and found again", 101, 60, NULL, false);
    TAP_OK(mark(c, 1, COUNT + 50) && known(c) == COUNT + 50, "all are gone");
    const outcome none = ask(c, 1, COUNT + 50, NULL, false);
    TAP_OK(none.full == 0 && none.clean == QUERIES && none.recall == 0, "no search finds any");
    expect(c, "but with those that are gone", 1, COUNT + 50, NULL, true);
    gallery_close(&g);
    return tap_done();
}
