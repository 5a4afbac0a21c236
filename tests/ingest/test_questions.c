/* SPDX-License-Identifier: MIT
 * test_questions.c - how many questions an ingest asks its backend: some hundred files share one, never one a file. */
#include "backend/backend.h"
#include "support/gallery.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    FILES = TAP_SLOW ? 300 : 600,
    BATCH = FILES / 6,
    QUESTIONS = (FILES + 255) / 256 /* 256 paths share one */
};

/* Calls of the backend's functions; ours stand before them. */
static struct {
    const cs_collection_ops *real;
    int by_paths, by_hashes, each_hash, vectors, apply;
    size_t paths, hashes, changes;
} asked;

static clipsearch_status by_paths(clipsearch_collection *collection, const char *const *paths, size_t count,
                                  cs_items *items, clipsearch_error *err)
{
    asked.by_paths++;
    asked.paths += count;
    return asked.real->by_paths(collection, paths, count, items, err);
}

static clipsearch_status by_hashes(clipsearch_collection *collection, const uint8_t (*hashes)[32], size_t count,
                                   size_t most_each, cs_items *items, clipsearch_error *err)
{
    asked.by_hashes++;
    asked.hashes += count;
    return asked.real->by_hashes(collection, hashes, count, most_each, items, err);
}

static clipsearch_status each_hash(clipsearch_collection *collection,
                                   clipsearch_status (*each)(void *context, const uint8_t hash[32],
                                                             clipsearch_error *err),
                                   void *context, clipsearch_error *err)
{
    asked.each_hash++;
    return asked.real->each_hash(collection, each, context, err);
}

static clipsearch_status vectors(clipsearch_collection *collection, const int64_t *ids, size_t count, float *out,
                                 clipsearch_error *err)
{
    asked.vectors++;
    return asked.real->vectors(collection, ids, count, out, err);
}

static clipsearch_status apply(clipsearch_collection *collection, cs_item_change *changes, size_t count,
                               clipsearch_error *err)
{
    asked.apply++;
    asked.changes += count;
    return asked.real->apply(collection, changes, count, err);
}

/* Ingest with counted questions. */
static clipsearch_status ingest(gallery *g, const clipsearch_ingest_options *options)
{
    const cs_collection_ops *real = g->collection->ops;
    cs_collection_ops counted = *real;
    memset(&asked, 0, sizeof asked);
    asked.real = real;
    counted.by_paths = by_paths;
    counted.by_hashes = by_hashes;
    counted.each_hash = each_hash;
    counted.vectors = vectors;
    counted.apply = apply;
    g->collection->ops = &counted;
    clipsearch_status status = gallery_ingest(g, options);
    g->collection->ops = real;
    return status;
}

static void move_all(const gallery *g, const char *from, const char *to)
{
    for (int i = 0; i < FILES; i++) {
        char a[32], b[32];
        snprintf(a, sizeof a, "%s%03d.png", from, i);
        snprintf(b, sizeof b, "%s%03d.png", to, i);
        rename(folder_path(&g->images, a), folder_path(&g->images, b));
    }
}

int main(void)
{
    gallery g;
    gallery_open(&g, false);
    char name[32];
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "a%03u.png", i);
        gallery_image(&g, name, i + 1);
    }
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    options.batch = BATCH;
    bool stored = ingest(&g, &options) == CLIPSEARCH_OK && g.report.inserted + g.report.copied == FILES;
    TAP_OK(stored, "%d images: %s", FILES, gallery_report_text(&g));
    TAP_OK(asked.paths == FILES && asked.by_paths == QUESTIONS, "%d questions for %zu paths", asked.by_paths,
           asked.paths);
    TAP_OK(asked.apply == 6 && asked.changes == FILES, "%d batches of changes", asked.apply);

    bool same = ingest(&g, &options) == CLIPSEARCH_OK && g.report.unchanged == FILES;
    TAP_OK(same, "again: %s", gallery_report_text(&g));
    TAP_OK(asked.by_paths == QUESTIONS && asked.by_hashes + asked.each_hash + asked.vectors + asked.apply == 0,
           "%d questions, and no other", asked.by_paths);

    /* each file that is gone moves; what moves in one batch is not found under its old path by the next page */
    move_all(&g, "a", "b");
    uint64_t items = gallery_count(&g);
    bool moved = ingest(&g, &options) == CLIPSEARCH_OK && g.report.moved == FILES && gallery_count(&g) == items;
    TAP_OK(moved, "all renamed: %s", gallery_report_text(&g));
    /* files that are done when one is asked for share the question; how many those are is a matter of timing */
    TAP_OK(asked.by_hashes < FILES && asked.hashes >= FILES && asked.vectors == 0 && asked.each_hash == 1,
           "%d questions for the contents of %d files", asked.by_hashes, FILES);
    row r;
    snprintf(name, sizeof name, "b%03d.png", FILES - 1);
    TAP_OK(gallery_row(&g, "b000.png", &r) && r.id == 1 && gallery_row(&g, name, &r) && r.id == FILES,
           "with their ids");
    gallery_close(&g);
    return tap_done();
}
