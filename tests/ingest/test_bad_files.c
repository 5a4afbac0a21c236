/* SPDX-License-Identifier: MIT
 * test_bad_files.c - a bad file at every place of a batch never shifts another's result; stopping at the first. */
#include "support/gallery.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GOOD = 9 };                /* two batches of 4 and one more */
enum { STEP = TAP_SLOW ? 4 : 1 }; /* under a sanitizer the first of each */

static void name_of(char name[32], int place, char suffix)
{
    snprintf(name, 32, "p%02d%c.png", place, suffix);
}

static bool vectors_are(gallery *g, float expected[GOOD][512])
{
    bool all = true;
    for (int i = 0; i < GOOD; i++) {
        row r;
        char name[32];
        name_of(name, i, 'm');
        all = all && gallery_row(g, name, &r) && memcmp(r.vector, expected[i], sizeof r.vector) == 0 && r.id == i + 1;
    }
    return all;
}

static void fill(const gallery *g)
{
    for (int i = 0; i < GOOD; i++) {
        char name[32];
        name_of(name, i, 'm');
        gallery_image(g, name, (unsigned)i + 100);
    }
}

static void start_anew(gallery *g)
{
    clipsearch_collection_close(&g->collection);
    if (clipsearch_collection_drop(g->db, "photos", &g->err) != CLIPSEARCH_OK ||
        clipsearch_collection_ensure(g->db, "photos", g->encoder, CLIPSEARCH_COSINE, &g->collection, &g->err) !=
            CLIPSEARCH_OK)
        TAP_OK(false, "dropped and made anew: %s", g->err.message);
}

static void test_every_place(void)
{
    static float expected[GOOD][512];
    gallery g;
    gallery_open(&g, false);
    fill(&g);
    gallery_ingest(&g, NULL);
    for (int i = 0; i < GOOD; i++) {
        row r;
        char name[32];
        name_of(name, i, 'm');
        if (gallery_row(&g, name, &r))
            memcpy(expected[i], r.vector, sizeof r.vector);
    }
    bool all = true, named = true;
    for (int place = 0; place < GOOD; place += STEP) {
        for (int kind = 0; kind < 2; kind++) { /* before the good one of that number, and behind it */
            char name[32], list[40];
            name_of(name, place, kind ? 'z' : 'a');
            folder_write_text(&g.images, name, "\x89PNG\r\n\x1a\n and then nothing");
            start_anew(&g);
            clipsearch_status status = gallery_ingest(&g, NULL);
            snprintf(list, sizeof list, "%s;", name);
            named = named && strcmp(g.bad_names, list) == 0;
            all = all && status == CLIPSEARCH_OK && vectors_are(&g, expected) &&
                  gallery_report_is(&g, GOOD + 1, GOOD, 0, 0, 0, 0, 0, 1, 0);
            unlink(folder_path(&g.images, name));
        }
    }
    TAP_OK(all, "one bad file at each of %d places: ids and vectors of the others as without it",
           2 * (GOOD + STEP - 1) / STEP);
    TAP_OK(named, "and it is named: %s", g.bad);
    for (int place = 0; place < GOOD; place++) {
        char name[32];
        name_of(name, place, 'a');
        folder_write_text(&g.images, name, "");
    }
    start_anew(&g);
    gallery_ingest(&g, NULL);
    TAP_OK(vectors_are(&g, expected) && g.report.skipped == GOOD, "every second file bad: %s", gallery_report_text(&g));
    gallery_close(&g);
}

static void test_kinds(void)
{
    gallery g;
    gallery_open(&g, false);
    gallery_image(&g, "good.png", 1);
    folder_write_text(&g.images, "empty.png", "");
    folder_write_text(&g.images, "text.jpg", "just words");
    folder_write(&g.images, "cut.jpg", "\xFF\xD8\xFF\xE0\0\x10JFIF", 10);
    bool made = symlink("nowhere", folder_path(&g.images, "link.png")) == 0 &&
                mkfifo(folder_path(&g.images, "pipe.png"), 0600) == 0;
    TAP_OK(made && gallery_ingest(&g, NULL) == CLIPSEARCH_OK, "bad files of each kind");
    TAP_OK(strcmp(g.bad_names, "cut.jpg;empty.png;link.png;pipe.png;text.jpg;") == 0, "named in order: %s", g.bad);
    TAP_OK(gallery_report_is(&g, 6, 1, 0, 0, 0, 0, 0, 5, 0), "%s", gallery_report_text(&g));
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    clipsearch_image_options image;
    clipsearch_image_options_init(&image);
    image.max_pixels = 1000;
    options.image = &image;
    gallery_image(&g, "large.png", 2);
    gallery_ingest(&g, &options);
    TAP_OK(strstr(g.bad, "large.png: ") && g.report.skipped == 6 && g.report.unchanged == 1, "over the limit: %s",
           g.bad);
    gallery_close(&g);
}

static void test_stop(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g);
    folder_write_text(&g.images, "p05a.png", "bad");
    folder_write_text(&g.images, "p07a.png", "bad too");
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    options.on_bad = CLIPSEARCH_STOP_AT_BAD;
    clipsearch_status status = gallery_ingest(&g, &options);
    TAP_OK((status == CLIPSEARCH_E_FORMAT || status == CLIPSEARCH_E_UNSUPPORTED) && strstr(g.err.message, "p05a.png"),
           "stops at the first: %s", g.err.message);
    TAP_OK(gallery_report_is(&g, GOOD + 2, 5, 0, 0, 0, 0, 0, 1, 0) && gallery_count(&g) == 5,
           "what came before is stored: %s", gallery_report_text(&g));
    unlink(folder_path(&g.images, "p05a.png"));
    unlink(folder_path(&g.images, "p07a.png"));
    status = gallery_ingest(&g, &options);
    TAP_OK(status == CLIPSEARCH_OK && g.report.inserted == 4 && g.report.unchanged == 5,
           "and the next run carries on: %s", gallery_report_text(&g));
    gallery_close(&g);
}

/* A file that vanishes between the walk and its reading, and one that turns bad, keep the rows they have. */
static bool remove_when_walked(void *context, const clipsearch_progress *p)
{
    const gallery *g = context;
    if (p->found == 3 && !p->walking_done)
        unlink(folder_path(&g->images, "b.png"));
    return true;
}

static void note_nothing(void *context, const char *path, const clipsearch_error *why)
{
    gallery *g = context;
    snprintf(g->bad, sizeof g->bad, "%s: %s", path, why->message);
}

static void test_vanishing(void)
{
    gallery g;
    gallery_open(&g, false);
    gallery_image(&g, "a.png", 1);
    gallery_image(&g, "b.png", 2);
    gallery_image(&g, "c.png", 3);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    options.progress = remove_when_walked;
    options.bad_file = note_nothing;
    options.context = &g;
    options.prune = true;
    clipsearch_status status = gallery_ingest(&g, &options);
    TAP_OK(status == CLIPSEARCH_OK && gallery_report_is(&g, 3, 2, 0, 0, 0, 0, 0, 1, 0) && strstr(g.bad, "b.png"),
           "a file that vanishes meanwhile: %s", g.bad);
    folder_write_text(&g.images, "a.png", "spoilt");
    status = gallery_ingest(&g, &options);
    TAP_OK(status == CLIPSEARCH_OK && gallery_report_is(&g, 2, 0, 0, 1, 0, 0, 0, 1, 0) && gallery_count(&g) == 2,
           "a file that turns bad keeps its row: %s", gallery_report_text(&g));
    gallery_close(&g);
}

static void test_unreadable_directory(void)
{
    gallery g;
    gallery_open(&g, false);
    gallery_image(&g, "a/x.png", 1);
    gallery_image(&g, "b/y.png", 2);
    gallery_image(&g, "b/z.png", 3);
    gallery_ingest(&g, NULL);
    chmod(folder_path(&g.images, "a"), 0);
    if (access(folder_path(&g.images, "a"), R_OK) == 0) {
        tap_skip("a directory without permission", "this user may read everything");
    } else {
        unlink(folder_path(&g.images, "b/z.png"));
        clipsearch_source source;
        clipsearch_ingest_options options = gallery_options(&g, &source);
        options.prune = true;
        gallery_ingest(&g, &options);
        TAP_OK(gallery_report_is(&g, 1, 0, 0, 1, 0, 0, 0, 1, 0) && gallery_count(&g) == 3,
               "a directory that cannot be read is named, and nothing is pruned: %s", g.bad);
    }
    chmod(folder_path(&g.images, "a"), 0700);
    gallery_close(&g);
}

int main(void)
{
    test_every_place();
    test_kinds();
    test_stop();
    test_vanishing();
    test_unreadable_directory();
    return tap_done();
}
