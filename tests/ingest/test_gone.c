/* SPDX-License-Identifier: MIT
 * test_gone.c - what an ingestion remembers: files that are gone and come back, sources, the devices of directories. */
#include "backend/backend.h"
#include "support/gallery.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What was kept in the last run: "reason directory images of|". */
static char kept[1024];

static void note_kept(void *context, const clipsearch_kept_images *k)
{
    static const char *const reasons[] = {"many", "empty", "device"};
    const gallery *g = context;
    const size_t used = strlen(kept), root = strlen(g->images.path);
    snprintf(kept + used, sizeof kept - used, "%s .%s %d of %d|", reasons[k->reason], k->directory + root,
             (int)k->images, (int)k->of);
}

static clipsearch_status ingest(gallery *g, clipsearch_ingest_options *options)
{
    kept[0] = '\0';
    options->kept = note_kept;
    options->context = g;
    return gallery_ingest(g, options);
}

static void fill(const gallery *g, const char *below, unsigned first, unsigned count)
{
    char name[64];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s%02u.png", below, first + i);
        gallery_image(g, name, first + i);
    }
}

static void drop(const gallery *g, const char *below, unsigned first, unsigned count)
{
    char name[64];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s%02u.png", below, first + i);
        unlink(folder_path(&g->images, name));
    }
}

static bool report_is(const gallery *g, int unchanged, int pruned, int gone, int newly_gone, int returned,
                      int kept_count)
{
    const clipsearch_ingest_report *r = &g->report;
    return (int)r->unchanged == unchanged && (int)r->pruned == pruned && (int)r->gone == gone &&
           (int)r->newly_gone == newly_gone && (int)r->returned == returned && (int)r->kept == kept_count;
}

#define REPORT(g, what, ...)                                                                                           \
    TAP_OK(report_is((g), __VA_ARGS__), "%s: %s, %d gone, %d newly, %d back, %d kept %s", (what),                      \
           gallery_report_text(g), (int)(g)->report.gone, (int)(g)->report.newly_gone, (int)(g)->report.returned,      \
           (int)(g)->report.kept, kept)

static void test_gone_and_back(void)
{
    gallery g;
    gallery_open(&g, false);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    fill(&g, "a/", 1, 10);
    ingest(&g, &options);
    drop(&g, "a/", 1, 2);
    ingest(&g, &options);
    REPORT(&g, "two go", 8, 0, 2, 2, 0, 0);
    ingest(&g, &options);
    REPORT(&g, "again", 8, 0, 2, 0, 0, 0);
    fill(&g, "a/", 1, 1);
    ingest(&g, &options);
    REPORT(&g, "one is back", 9, 0, 1, 0, 1, 0);
    gallery_image(&g, "a/02.png", 77);
    ingest(&g, &options);
    TAP_OK(g.report.replaced == 1 && g.report.returned == 1 && g.report.gone == 0, "back with other content");
    options.rescan = true;
    ingest(&g, &options);
    REPORT(&g, "rescan", 10, 0, 0, 0, 0, 0);
    options.rescan = false;
    drop(&g, "a/", 1, 6);
    options.prune = options.dry_run = true;
    ingest(&g, &options);
    REPORT(&g, "a dry run of a prune of 6 of 10", 4, 0, 6, 6, 0, 6);
    TAP_OK(strcmp(kept, "many . 6 of 10|") == 0, "says what it would keep: %s", kept);
    options.dry_run = false;
    ingest(&g, &options);
    REPORT(&g, "they are kept", 4, 0, 6, 6, 0, 6);
    fill(&g, "a/", 6, 1);
    ingest(&g, &options);
    REPORT(&g, "five of ten are few", 5, 5, 0, 0, 1, 0);
    TAP_OK(gallery_count(&g) == 5, "and removed");
    gallery_close(&g);
}

/* As if the directory had been on another device when it was seen: its number is replaced in what is remembered. */
static clipsearch_status set_device(void *context, const cs_source_record *source, clipsearch_error *err)
{
    (void)err;
    cs_source_record *copy = context;
    static char path[4096], options[4096], devices[4096];
    snprintf(path, sizeof path, "%s", source->path);
    if (source->options_size > sizeof options)
        return CLIPSEARCH_E_LIMIT;
    if (source->options_size)
        memcpy(options, source->options, source->options_size);
    const int n = snprintf(devices, sizeof devices, "12345678=%s/disk", path);
    *copy = (cs_source_record){.path = path,
                               .list = "",
                               .options = options,
                               .options_size = source->options_size,
                               .devices = devices,
                               .devices_size = (size_t)n + 1};
    return CLIPSEARCH_OK;
}

static void test_device(void)
{
    gallery g;
    gallery_open(&g, false);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    cs_source_record record = {0};
    options.remember = true;
    fill(&g, "here/", 1, 20);
    fill(&g, "disk/", 21, 3);
    ingest(&g, &options);
    bool set = cs_collection_each_source(g.collection, set_device, &record, &g.err) == CLIPSEARCH_OK && record.path &&
               cs_collection_put_sources(g.collection, "", &record, 1, &g.err) == CLIPSEARCH_OK;
    TAP_OK(set, "the disk had another number");
    drop(&g, "disk/", 21, 3);
    folder_write_text(&g.images, "disk/lost.txt", "what lies below a mount point");
    ingest(&g, &options);
    REPORT(&g, "it is not mounted", 20, 0, 3, 0, 0, 3);
    TAP_OK(strcmp(kept, "device ./disk 3 of 3|") == 0, "%s", kept);
    options.prune = true;
    ingest(&g, &options);
    REPORT(&g, "nor pruned", 20, 0, 3, 0, 0, 3);
    ingest(&g, &options);
    REPORT(&g, "nor the second time", 20, 0, 3, 0, 0, 3);
    fill(&g, "disk/", 21, 3);
    ingest(&g, &options);
    REPORT(&g, "mounted again", 23, 0, 0, 0, 0, 0);
    drop(&g, "disk/", 21, 3);
    ingest(&g, &options);
    REPORT(&g, "its number is this one now", 20, 3, 0, 0, 0, 0);
    drop(&g, "here/", 1, 20);
    ingest(&g, &options);
    REPORT(&g, "a directory that is empty", 0, 0, 20, 0, 0, 20);
    TAP_OK(strcmp(kept, "empty ./here 20 of 20|") == 0, "%s", kept);
    rmdir(folder_path(&g.images, "here"));
    ingest(&g, &options);
    REPORT(&g, "all of a source", 0, 0, 20, 20, 0, 20);
    options.force_prune = true;
    ingest(&g, &options);
    REPORT(&g, "by force", 0, 20, 0, 0, 0, 0);
    gallery_close(&g);
}

static void test_moves(void)
{
    gallery g;
    gallery_open(&g, false);
    char name[64];
    for (int i = 0; i < 70; i++) {
        snprintf(name, sizeof name, "a/%02d.png", i);
        gallery_image(&g, name, 5);
    }
    gallery_ingest(&g, NULL);
    TAP_OK(gallery_count(&g) == 70, "70 items of one content");
    unlink(folder_path(&g.images, "a/00.png"));
    char from[4200];
    snprintf(from, sizeof from, "%s", folder_path(&g.images, "a"));
    rename(from, folder_path(&g.images, "b"));
    gallery_image(&g, "b/new.png", 5);
    gallery_ingest(&g, NULL);
    TAP_OK(g.report.moved == 70 && g.report.gone == 0, "69 move by their names, the last to what is left: %s",
           gallery_report_text(&g));
    bool names = true;
    for (int i = 1; i < 70; i++) {
        row r;
        snprintf(name, sizeof name, "b/%02d.png", i);
        names = names && gallery_row(&g, name, &r) && r.id == i + 1;
    }
    row r;
    TAP_OK(names && gallery_row(&g, "b/new.png", &r) && r.id == 1, "each with the id that had its name");
    gallery_close(&g);
}

static void test_remembered(void)
{
    static const char *const include[] = {"*.png", "\xff\xfe[a-z]=\n*"};
    static const char *const exclude[] = {"skip", "a=b"};
    gallery g;
    gallery_open(&g, false);
    clipsearch_source source;
    clipsearch_sources *sources = NULL;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    fill(&g, "a/", 1, 4);
    fill(&g, "skip/", 5, 2);
    ingest(&g, &options);
    TAP_OK(clipsearch_collection_sources(g.collection, &sources, &g.err) == CLIPSEARCH_OK &&
               clipsearch_sources_count(sources) == 0,
           "nothing is remembered unless that is asked for");
    clipsearch_sources_free(&sources);
    options.remember = true;
    source.include = include;
    source.include_count = 2;
    source.exclude = exclude;
    source.exclude_count = 2;
    source.no_recurse = false;
    source.follow_symlinks = true;
    source.attributes = "{\"kind\":\"holiday\"}";
    for (int i = 0; i < 2; i++)
        ingest(&g, &options);
    bool read = clipsearch_collection_sources(g.collection, &sources, &g.err) == CLIPSEARCH_OK &&
                clipsearch_sources_count(sources) == 1 && !clipsearch_sources_get(sources, 1);
    const clipsearch_source *s = read ? clipsearch_sources_get(sources, 0)->source : &source;
    TAP_OK(read && strcmp(s->path, g.images.path) == 0 && s->include_count == 2 && s->exclude_count == 2 &&
               strcmp(s->include[1], include[1]) == 0 && strcmp(s->exclude[1], "a=b") == 0 && !s->no_recurse &&
               s->follow_symlinks && strcmp(s->attributes, source.attributes) == 0 && !s->attributes_csv &&
               !clipsearch_sources_get(sources, 0)->list,
           "a source comes back as it was given, whatever bytes its patterns have");
    clipsearch_sources_free(&sources);
    /* another list has the same directory without the exclusion */
    clipsearch_source wide;
    clipsearch_ingest_options listed = gallery_options(&g, &wide);
    listed.remember = true;
    listed.list = "/lists/all.yaml";
    ingest(&g, &listed);
    options.prune = true;
    ingest(&g, &options);
    TAP_OK(g.report.pruned == 0 && gallery_count(&g) == 6, "what another source has is not pruned: %s",
           gallery_report_text(&g));
    uint64_t forgotten = 0;
    TAP_OK(clipsearch_collection_forget_source(g.collection, "/lists/all.yaml", &forgotten, &g.err) == CLIPSEARCH_OK &&
               forgotten == 1,
           "the list is forgotten");
    ingest(&g, &options);
    TAP_OK(g.report.pruned == 2 && gallery_count(&g) == 4, "and what is excluded is pruned");
    TAP_OK(clipsearch_collection_forget_source(g.collection, g.images.path, &forgotten, &g.err) == CLIPSEARCH_OK &&
               forgotten == 1 && gallery_count(&g) == 4,
           "a source is forgotten, its items stay");
    gallery_close(&g);
}

/* An image that was ingested by itself. */
static void test_single_file(void)
{
    gallery g;
    gallery_open(&g, false);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    char path[4200];
    fill(&g, "", 1, 2);
    snprintf(path, sizeof path, "%s", folder_path(&g.images, "01.png"));
    source.path = path;
    options.remember = true;
    ingest(&g, &options);
    unlink(path);
    TAP_OK(ingest(&g, &options) != CLIPSEARCH_OK, "a source that is not there is an error: %s", g.err.message);
    mkdir(path, 0700);
    ingest(&g, &options);
    TAP_OK(g.report.gone == 1 && g.report.newly_gone == 1, "a directory in its place is no image");
    gallery_close(&g);
}

int main(void)
{
    test_gone_and_back();
    test_device();
    test_moves();
    test_remembered();
    test_single_file();
    return tap_done();
}
