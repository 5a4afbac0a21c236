/* SPDX-License-Identifier: MIT
 * test_ingest.c - every counter of the report, and that the rows are what the counters say. */
#include "base/mem.h"
#include "backend/backend.h"
#include "support/gallery.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORT(g, what, ...)                                                                                           \
    TAP_OK(gallery_report_is((g), __VA_ARGS__), "%s: %s %s", (what), gallery_report_text(g), (g)->bad)

static void set_mtime(const gallery *g, const char *name, time_t seconds)
{
    struct timespec times[2] = {{seconds, 0}, {seconds, 0}};
    utimensat(AT_FDCWD, folder_path(&g->images, name), times, 0);
}

static uint64_t generation_of(gallery *g)
{
    cs_collection_state state;
    return cs_collection_describe(g->collection, &state, &g->err) == CLIPSEARCH_OK ? state.generation : 0;
}

static void move(const gallery *g, const char *from, const char *to)
{
    rename(folder_path(&g->images, from), folder_path(&g->images, to));
}

static bool same_vector(const row *a, const row *b)
{
    return memcmp(a->vector, b->vector, sizeof a->vector) == 0;
}

/* Names so that the walk's order is that of the numbers. */
static void fill(const gallery *g, int count)
{
    char name[32];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "p%02d.png", i);
        gallery_image(g, name, (unsigned)i + 1);
    }
}

static void test_insert(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 10);
    gallery_image(&g, "sub/dir/q.PNG", 50);
    folder_write_text(&g.images, "notes.txt", "no image");
    TAP_OK(gallery_ingest(&g, NULL) == CLIPSEARCH_OK, "ingest: %s", g.err.message);
    REPORT(&g, "all new", 11, 11, 0, 0, 0, 0, 0, 0, 0);
    TAP_OK(gallery_count(&g) == 11 && g.report.seconds > 0, "11 rows");
    row r;
    bool ids = true, all = true;
    for (int i = 0; i < 10; i++) {
        char name[32];
        float alone[512];
        snprintf(name, sizeof name, "p%02d.png", i);
        ids = ids && gallery_row(&g, name, &r) && r.id == i + 1;
        all = all && clipsearch_encode_file(g.session, folder_path(&g.images, name), alone, &g.err) == CLIPSEARCH_OK &&
              memcmp(alone, r.vector, sizeof alone) == 0 && r.width == 40 && r.height == 30 &&
              strcmp(r.attributes, "{}") == 0;
    }
    TAP_OK(ids, "ids follow the walk");
    TAP_OK(all, "each vector is the file's own, bit for bit");
    TAP_OK(gallery_row(&g, "sub/dir/q.PNG", &r) && r.id == 11, "an image in a folder below");
    gallery_ingest(&g, NULL);
    REPORT(&g, "again", 11, 0, 0, 11, 0, 0, 0, 0, 0);
    gallery_close(&g);
}

static void test_changes(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 6);
    gallery_ingest(&g, NULL);
    row before, after, other;
    gallery_row(&g, "p02.png", &before);
    set_mtime(&g, "p02.png", 1000);
    gallery_ingest(&g, NULL);
    REPORT(&g, "touched", 6, 0, 0, 6, 0, 0, 0, 0, 0);
    TAP_OK(gallery_row(&g, "p02.png", &after) && after.id == before.id && same_vector(&before, &after), "row kept");
    gallery_count(&g); /* reads the generation */
    uint64_t generation = generation_of(&g);
    gallery_ingest(&g, NULL);
    gallery_count(&g);
    TAP_OK(generation_of(&g) == generation, "its new time was noted: the next run changes nothing");

    gallery_image(&g, "p02.png", 77);
    set_mtime(&g, "p02.png", 2000);
    gallery_ingest(&g, NULL);
    REPORT(&g, "other content", 6, 0, 1, 5, 0, 0, 0, 0, 0);
    TAP_OK(gallery_row(&g, "p02.png", &after) && after.id == before.id && !same_vector(&before, &after),
           "same id, other vector");

    move(&g, "p03.png", "zz.png");
    gallery_row(&g, "p03.png", &before);
    gallery_ingest(&g, NULL);
    REPORT(&g, "renamed", 6, 0, 0, 5, 1, 0, 0, 0, 0);
    TAP_OK(gallery_row(&g, "zz.png", &after) && after.id == before.id && same_vector(&before, &after) &&
               !gallery_row(&g, "p03.png", &other),
           "the row moved with its id and vector");

    gallery_image(&g, "dup.png", 1); /* p00's */
    gallery_ingest(&g, NULL);
    REPORT(&g, "a copy", 7, 0, 0, 6, 0, 1, 0, 0, 0);
    gallery_row(&g, "p00.png", &before);
    TAP_OK(gallery_row(&g, "dup.png", &after) && after.id != before.id && same_vector(&before, &after) &&
               after.width == 40 && after.height == 30,
           "a row of its own with that vector");

    gallery_image(&g, "p01.png", 1); /* now p00's content too */
    set_mtime(&g, "p01.png", 3000);
    gallery_row(&g, "p01.png", &other);
    gallery_ingest(&g, NULL);
    REPORT(&g, "changed into a copy", 7, 0, 0, 6, 0, 1, 0, 0, 0);
    TAP_OK(gallery_row(&g, "p01.png", &after) && after.id == other.id && same_vector(&before, &after),
           "keeps its id, takes the vector");
    gallery_close(&g);
}

/* Contents that change places in one run: what was known when the run began is not there any more when it is needed. */
static void test_swaps(void)
{
    gallery g;
    gallery_open(&g, false);
    gallery_image(&g, "a.png", 1);
    gallery_image(&g, "b.png", 2);
    gallery_ingest(&g, NULL);
    row a, b, c;
    gallery_row(&g, "a.png", &a);
    gallery_row(&g, "b.png", &b);
    gallery_image(&g, "a.png", 3);
    gallery_image(&g, "c.png", 1); /* what a.png was */
    set_mtime(&g, "a.png", 1000);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    options.batch = 1; /* a.png is committed before c.png is looked at */
    gallery_ingest(&g, &options);
    REPORT(&g, "content seen before, its row replaced", 3, 1, 1, 1, 0, 0, 0, 0, 0);
    TAP_OK(gallery_row(&g, "c.png", &c) && same_vector(&a, &c), "encoded anew");

    move(&g, "a.png", "t.png");
    move(&g, "b.png", "a.png");
    move(&g, "t.png", "b.png");
    set_mtime(&g, "a.png", 5000);
    set_mtime(&g, "b.png", 5001);
    gallery_row(&g, "a.png", &a);
    gallery_row(&g, "b.png", &b);
    gallery_ingest(&g, NULL);
    row a2, b2;
    TAP_OK(gallery_row(&g, "a.png", &a2) && gallery_row(&g, "b.png", &b2) && same_vector(&a2, &b) &&
               same_vector(&b2, &a) && a2.id == a.id && b2.id == b.id,
           "two files change places: %s", gallery_report_text(&g));

    gallery_image(&g, "x1.png", 9);
    gallery_image(&g, "x2.png", 9);
    gallery_image(&g, "x3.png", 9);
    gallery_ingest(&g, NULL);
    REPORT(&g, "three equal files in one batch", 6, 1, 0, 3, 0, 2, 0, 0, 0);
    gallery_row(&g, "x1.png", &a);
    TAP_OK(gallery_row(&g, "x3.png", &c) && same_vector(&a, &c), "one vector");

    unlink(folder_path(&g.images, "x1.png"));
    unlink(folder_path(&g.images, "x2.png"));
    move(&g, "x3.png", "y1.png");
    for (int i = 2; i <= 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "y%d.png", i);
        gallery_image(&g, name, 9);
    }
    gallery_ingest(&g, NULL);
    REPORT(&g, "four files for three rows that are gone", 7, 0, 0, 3, 3, 1, 0, 0, 0);
    TAP_OK(gallery_count(&g) == 7, "each row moved once");
    gallery_close(&g);
}

static void test_prune(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 5);
    gallery_image(&g, "sub/a.png", 20);
    gallery_image(&g, "sub/b.png", 21);
    gallery_ingest(&g, NULL);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    unlink(folder_path(&g.images, "p01.png"));
    unlink(folder_path(&g.images, "sub/a.png"));
    move(&g, "p02.png", "moved.png");
    gallery_ingest(&g, NULL);
    REPORT(&g, "without prune", 5, 0, 0, 4, 1, 0, 0, 0, 0);
    TAP_OK(gallery_count(&g) == 7, "items of files that are gone stay");
    move(&g, "p03.png", "again.png");
    options.prune = true;
    options.dry_run = true;
    gallery_ingest(&g, &options);
    REPORT(&g, "dry run", 5, 0, 0, 4, 1, 0, 0, 0, 2);
    TAP_OK(gallery_count(&g) == 7, "changes nothing");
    options.dry_run = false;
    source.path = folder_path(&g.images, "sub");
    gallery_ingest(&g, &options);
    REPORT(&g, "prune below sub only", 1, 0, 0, 1, 0, 0, 0, 0, 1);
    source.path = g.images.path;
    static const char *const exclude[] = {"sub/"};
    source.exclude = exclude;
    source.exclude_count = 1;
    clipsearch_source twice[2] = {source, source};
    options.sources = twice;
    options.source_count = 2;
    gallery_ingest(&g, &options);
    REPORT(&g, "prune, two sources that overlap", 4, 0, 0, 3, 1, 0, 0, 0, 2);
    row r;
    TAP_OK(!gallery_row(&g, "sub/b.png", &r), "a file that is there, but excluded, keeps no row");
    TAP_OK(gallery_row(&g, "again.png", &r) && r.id == 4, "a moved row is not pruned");
    gallery_close(&g);
}

static void test_attributes(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 3);
    folder_write_text(&g.elsewhere, "a.csv", "path,label,n\np00.png,dog,1\n./p01.png,,2\nnone.png,x,3\n");
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    source.attributes = "{\"set\": \"one\", \"label\": \"?\"}";
    source.attributes_csv = folder_path(&g.elsewhere, "a.csv");
    gallery_ingest(&g, &options);
    REPORT(&g, "with attributes", 3, 3, 0, 0, 0, 0, 0, 0, 0);
    TAP_OK(g.report.without_row == 1 && g.report.rows_unused == 1, "what did not join is counted");
    row before[3], r;
    static const char *const expected[] = {"{\"label\":\"dog\",\"n\":1,\"set\":\"one\"}",
                                           "{\"label\":\"?\",\"n\":2,\"set\":\"one\"}",
                                           "{\"label\":\"?\",\"set\":\"one\"}"};
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%02d.png", i);
        TAP_OK(gallery_row(&g, name, &before[i]) && strcmp(before[i].attributes, expected[i]) == 0, "%s: %s", name,
               before[i].attributes);
    }
    gallery_ingest(&g, &options);
    REPORT(&g, "the same again", 3, 0, 0, 3, 0, 0, 0, 0, 0);
    folder_write_text(&g.elsewhere, "a.csv", "path,label,n\np00.png,cat,1\n./p01.png,,2\n");
    gallery_ingest(&g, &options);
    REPORT(&g, "one changed", 3, 0, 0, 2, 0, 0, 1, 0, 0);
    TAP_OK(gallery_row(&g, "p00.png", &r) && strstr(r.attributes, "cat") && r.id == before[0].id &&
               same_vector(&r, &before[0]),
           "its vector kept");
    gallery_ingest(&g, NULL);
    REPORT(&g, "a source that says nothing of attributes", 3, 0, 0, 3, 0, 0, 0, 0, 0);
    move(&g, "p00.png", "q.png");
    gallery_ingest(&g, NULL);
    TAP_OK(gallery_row(&g, "q.png", &r) && strstr(r.attributes, "cat"),
           "leaves them as they are, also of a moved file");
    source.attributes = "{}";
    source.attributes_csv = NULL;
    gallery_ingest(&g, &options);
    REPORT(&g, "one that says there are none", 3, 0, 0, 0, 0, 0, 3, 0, 0);
    TAP_OK(gallery_row(&g, "q.png", &r) && strcmp(r.attributes, "{}") == 0, "removes them");
    set_mtime(&g, "q.png", 4000);
    source.attributes = "{\"x\":1}";
    gallery_ingest(&g, &options);
    REPORT(&g, "touched and other attributes", 3, 0, 0, 0, 0, 0, 3, 0, 0);
    gallery_close(&g);
}

typedef struct cancel {
    int calls, after, between;
    uint64_t done, last_done;
    bool monotonic;
} cancel;

static bool count_calls(void *context, const clipsearch_progress *p)
{
    cancel *c = context;
    c->monotonic = c->monotonic && p->done >= c->last_done && (!p->walking_done || p->done <= p->found);
    c->last_done = p->done;
    c->between += p->walking_done && p->done == 0 && p->path[0] == '\0';
    return ++c->calls != c->after;
}

static void test_cancel(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 11);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    options.progress = count_calls;
    uint64_t rows = 0;
    bool ok = true, partly = false;
    int stops = 0;
    for (;; stops++) {
        cancel c = {.after = 13 + 4, .monotonic = true}; /* 13 calls are the walk's, the last to say it is over */
        options.context = &c;
        clipsearch_status status = gallery_ingest(&g, &options);
        ok = ok && c.monotonic && c.between == 1 && gallery_count(&g) == rows + g.report.inserted;
        rows = gallery_count(&g);
        partly = partly || (rows > 0 && rows < 11);
        if (status == CLIPSEARCH_OK || stops > 20)
            break;
        ok = ok && status == CLIPSEARCH_E_CANCELLED && g.report.inserted > 0;
    }
    TAP_OK(ok && partly && stops >= 2 && rows == 11, "stopped %d times, each time carried on: %s", stops,
           g.err.message);
    TAP_OK(g.report.inserted + g.report.unchanged == 11, "the last run: %s", gallery_report_text(&g));
    row r;
    bool ids = true;
    for (int i = 0; i < 11; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%02d.png", i);
        ids = ids && gallery_row(&g, name, &r) && r.id == i + 1;
    }
    TAP_OK(ids, "ids as without stopping");
    cancel c = {.after = 3, .monotonic = true};
    options.context = &c;
    TAP_OK(gallery_ingest(&g, &options) == CLIPSEARCH_E_CANCELLED && c.calls == 3, "stopped while walking: %s",
           g.err.message);
    gallery_close(&g);
}

static void test_dry_run(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 6);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    options.dry_run = true;
    gallery_ingest(&g, &options);
    REPORT(&g, "dry run, all new", 6, 6, 0, 0, 0, 0, 0, 0, 0);
    TAP_OK(gallery_count(&g) == 0, "nothing written");
    gallery_ingest(&g, NULL);
    gallery_image(&g, "p00.png", 99);
    set_mtime(&g, "p00.png", 1000);
    set_mtime(&g, "p01.png", 1000);
    move(&g, "p02.png", "x.png");
    gallery_image(&g, "copy.png", 4);
    gallery_count(&g);
    uint64_t generation = generation_of(&g);
    gallery_ingest(&g, &options);
    REPORT(&g, "dry run, one of each", 7, 0, 1, 4, 1, 1, 0, 0, 0);
    TAP_OK(gallery_count(&g) == 6 && generation_of(&g) == generation, "nothing written");
    folder_write_text(&g.images, "bad.png", "bad");
    for (int i = 0; i < 30; i++) { /* copies in other batches than the first of them */
        char name[32];
        snprintf(name, sizeof name, "y%02d.png", i);
        gallery_image(&g, name, 200 + (unsigned)i % 15);
    }
    gallery_ingest(&g, &options);
    REPORT(&g, "dry run, bad ones and copies of new ones", 38, 15, 1, 4, 1, 16, 0, 1, 0);
    gallery_ingest(&g, NULL);
    REPORT(&g, "and the run itself", 38, 15, 1, 4, 1, 16, 0, 1, 0);
    gallery_close(&g);
}

typedef struct missing {
    char numbers[64], message[1024];
} missing;

static void note_missing(void *context, size_t source, const clipsearch_error *why)
{
    missing *m = context;
    snprintf(m->numbers + strlen(m->numbers), 16, "%zu;", source);
    snprintf(m->message, sizeof m->message, "%s", why->message);
}

static void test_missing_sources(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 4);
    char nowhere[4096], elsewhere[4096];
    snprintf(nowhere, sizeof nowhere, "%s", folder_path(&g.images, "nowhere"));
    snprintf(elsewhere, sizeof elsewhere, "%s", folder_path(&g.images, "elsewhere/x"));
    clipsearch_source sources[3], one;
    clipsearch_ingest_options options = gallery_options(&g, &one);
    for (int i = 0; i < 3; i++)
        clipsearch_source_init(&sources[i]);
    sources[0].path = nowhere;
    sources[1].path = g.images.path;
    sources[2].path = elsewhere;
    options.sources = sources;
    options.source_count = 3;
    TAP_OK(gallery_ingest(&g, &options) == CLIPSEARCH_E_IO && gallery_count(&g) == 0,
           "an error without the callback: %s", g.err.message);
    missing m = {"", ""};
    options.bad_source = note_missing;
    options.context = &m;
    options.prune = true;
    clipsearch_ingest_report report;
    clipsearch_ingest_report_init(&report);
    clipsearch_error e;
    TAP_OK(clipsearch_ingest(g.collection, g.session, &options, &report, &e) == CLIPSEARCH_OK &&
               report.missing_sources == 2 && report.inserted == 4 && strcmp(m.numbers, "0;2;") == 0,
           "with it the rest is ingested: %s", m.message);
    sources[1].path = nowhere;
    m = (missing){"", ""};
    TAP_OK(clipsearch_ingest(g.collection, g.session, &options, &report, &e) == CLIPSEARCH_E_IO &&
               report.missing_sources == 3 && gallery_count(&g) == 4,
           "none is there: %s", e.message);
    gallery_close(&g);
}

static void test_lists(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 3);
    gallery_image(&g, "sub/a.png", 10);
    gallery_image(&g, "sub/b.PNG", 11);
    gallery_image(&g, "sub/thumbs/c.png", 12);
    gallery_image(&g, ".hidden/d.png", 13);
    gallery_image(&g, "odd.suffix", 14);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    static const char *const files[] = {"p01.png",    "sub",      ".hidden/d.png",
                                        "odd.suffix", "none.png", "./sub/../p01.png"};
    source.files = files;
    source.file_count = sizeof files / sizeof *files;
    gallery_ingest(&g, &options);
    REPORT(&g, "files and a directory by name", 7, 6, 0, 0, 0, 0, 0, 1, 0);
    row r;
    TAP_OK(gallery_row(&g, "sub/a.png", &r) && gallery_row(&g, ".hidden/d.png", &r) &&
               !gallery_row(&g, "p00.png", &r) && strcmp(g.bad_names, "none.png;") == 0,
           "those that were named: %s", g.bad);
    static const char *const exclude[] = {"THUMBS"}, *const include[] = {"*.png"};
    source.exclude = exclude;
    source.exclude_count = 1;
    static const char *const more[] = {"sub/thumbs/c.png", "sub/thumbs", "p00.png", "odd.suffix"};
    source.files = more;
    source.file_count = 4;
    source.include = include;
    source.include_count = 1;
    options.prune = true;
    unlink(folder_path(&g.images, "sub/a.png"));
    gallery_ingest(&g, &options);
    REPORT(&g, "patterns that are given leave named files out, and nothing is pruned", 1, 1, 0, 0, 0, 0, 0, 0, 0);
    source.attributes = "{\"kind\":\"listed\"}";
    gallery_ingest(&g, &options);
    REPORT(&g, "attributes", 1, 0, 0, 0, 0, 0, 1, 0, 0);
    static const char *const unnamed[] = {"p00.png", ""}, *const without[] = {NULL};
    source.files = unnamed;
    source.file_count = 2;
    const uint64_t count = gallery_count(&g);
    TAP_OK(gallery_ingest(&g, &options) == CLIPSEARCH_E_ARGUMENT && strstr(g.err.message, "1 of the files of source 0"),
           "an empty name is not the whole directory: %s", g.err.message);
    source.files = without;
    source.file_count = 1;
    TAP_OK(gallery_ingest(&g, &options) == CLIPSEARCH_E_ARGUMENT && gallery_count(&g) == count, "nor is none: %s",
           g.err.message);
    gallery_close(&g);
}

static void test_kinds(void)
{
    gallery g;
    gallery_open(&g, false);
    fill(&g, 1);
    folder_write_text(&g.images, "a.psd", "8BPS");
    folder_write_text(&g.images, "b.MOV", "film");
    folder_write_text(&g.images, "c.mp4", "film");
    folder_write_text(&g.images, "d.txt", "text");
    folder_write_text(&g.images, ".x", "hidden");
    gallery_ingest(&g, NULL);
    const clipsearch_ingest_report *report = &g.report;
    TAP_OK(report->left_out == 4 && report->hidden == 1 && report->kind_count == 3 && report->skipped == 0,
           "%llu left out", (unsigned long long)report->left_out);
    TAP_OK(strcmp(report->kinds[0].kind, "Photoshop") == 0 && report->kinds[0].image && report->kinds[0].files == 1 &&
               strcmp(report->kinds[1].kind, "video") == 0 && !report->kinds[1].image && report->kinds[1].files == 2 &&
               strcmp(report->kinds[2].kind, "text file") == 0,
           "by kind");
    gallery_close(&g);
}

static void test_sources(void)
{
    gallery g;
    gallery_open(&g, false);
    gallery_image(&g, "a/1.png", 1);
    gallery_image(&g, "a/2.png", 2);
    gallery_image(&g, "b/3.png", 3);
    clipsearch_source sources[3];
    for (int i = 0; i < 3; i++)
        clipsearch_source_init(&sources[i]);
    char with_slash[128];
    snprintf(with_slash, sizeof with_slash, "%s/", folder_path(&g.images, "a"));
    sources[0].path = with_slash;
    sources[0].attributes = "{\"s\":0}";
    sources[1].path = g.images.path;
    sources[1].attributes = "{\"s\":1}";
    sources[2].path = folder_path(&g.images, "b/3.png");
    clipsearch_ingest_options options = gallery_options(&g, &sources[0]);
    clipsearch_source_init(&sources[0]);
    sources[0].path = with_slash;
    sources[0].attributes = "{\"s\":0}";
    options.source_count = 3;
    gallery_ingest(&g, &options);
    REPORT(&g, "sources that overlap", 3, 3, 0, 0, 0, 0, 0, 0, 0);
    row r;
    TAP_OK(gallery_row(&g, "a/2.png", &r) && strcmp(r.attributes, "{\"s\":0}") == 0 && r.id == 2, "the first has it");
    TAP_OK(gallery_row(&g, "b/3.png", &r) && strcmp(r.attributes, "{\"s\":1}") == 0, "the second has the rest");
    sources[1].path = "/none/such";
    TAP_OK(gallery_ingest(&g, &options) == CLIPSEARCH_E_IO && strstr(g.err.message, "/none/such"), "no such source: %s",
           g.err.message);
    static const char *const include[] = {"[a"};
    sources[1].path = g.images.path;
    sources[1].include = include;
    sources[1].include_count = 1;
    TAP_OK(gallery_ingest(&g, &options) == CLIPSEARCH_E_ARGUMENT, "a bad pattern: %s", g.err.message);
    options.sources = NULL;
    TAP_OK(gallery_ingest(&g, &options) == CLIPSEARCH_E_ARGUMENT, "no sources: %s", g.err.message);
    options.source_count = 0;
    TAP_OK(gallery_ingest(&g, &options) == CLIPSEARCH_E_ARGUMENT, "an empty list: %s", g.err.message);
    gallery_close(&g);
}

int main(void)
{
    test_insert();
    test_cancel();
    if (TAP_THREADS) /* the others count what the same threads do */
        return tap_done();
    test_changes();
    test_swaps();
    test_prune();
    test_attributes();
    test_dry_run();
    test_missing_sources();
    test_lists();
    test_kinds();
    test_sources();
    return tap_done();
}
