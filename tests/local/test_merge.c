/* SPDX-License-Identifier: MIT
 * test_merge.c - clipsearch_collection_merge: all that is known of items, sources, the model's path, errors. */
#include "support/gallery.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static clipsearch_error err;

static void fill(const gallery *g, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%02d.png", i);
        gallery_image(g, name, (unsigned)i + 1);
    }
}

/* Ingest the gallery's folder, and remember it. */
static void ingest(gallery *g, const char *list)
{
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(g, &source);
    source.attributes = "{\"kind\":\"x\"}";
    options.remember = true;
    options.list = list;
    gallery_ingest(g, &options);
}

static clipsearch_merge_report merge(gallery *from, clipsearch_database *into)
{
    clipsearch_merge_report report;
    clipsearch_merge_report_init(&report);
    err.message[0] = '\0';
    TAP_OK(clipsearch_collection_merge(from->collection, into, NULL, &report, &err) == CLIPSEARCH_OK && !err.message[0],
           "merge %s", err.message);
    return report;
}

static bool is(const clipsearch_merge_report *r, unsigned copied, unsigned replaced, unsigned gone, unsigned kept,
               unsigned sources)
{
    tap_note("%llu copied, %llu replaced, %llu gone, %llu kept, %llu sources", (unsigned long long)r->copied,
             (unsigned long long)r->replaced, (unsigned long long)r->gone, (unsigned long long)r->kept,
             (unsigned long long)r->sources);
    return r->copied == copied && r->replaced == replaced && r->gone == gone && r->kept == kept &&
           r->sources == sources;
}

typedef struct other {
    gallery *g;
    clipsearch_collection *collection;
    bool same;
    size_t count;
} other;

/* Whether the gallery's collection has this item too, with all its fields and its vector. */
static bool compare(void *context, const clipsearch_hit *item, const float *vector)
{
    other *o = context;
    row there;
    float copy[512];
    clipsearch_hits *hits = NULL;
    const char *name = strrchr(item->path, '/') + 1;
    o->count++;
    o->same = o->same && gallery_row(o->g, name, &there) && there.size == item->size && there.width == item->width &&
              there.height == item->height && strcmp(there.attributes, item->attributes) == 0 &&
              memcmp(there.vector, vector, sizeof there.vector) == 0 &&
              clipsearch_collection_vectors(o->collection, &item->id, 1, copy, &err) == CLIPSEARCH_OK &&
              clipsearch_get(o->g->collection, &there.id, 1, &hits, &err) == CLIPSEARCH_OK &&
              clipsearch_hits_get(hits, 0, 0)->gone == item->gone &&
              clipsearch_hits_get(hits, 0, 0)->mtime_ns == item->mtime_ns &&
              memcmp(clipsearch_hits_get(hits, 0, 0)->hash, item->hash, sizeof item->hash) == 0;
    clipsearch_hits_free(&hits);
    return o->same;
}

static bool same_items(gallery *g, clipsearch_database *db, size_t count)
{
    other o = {.g = g, .same = true};
    clipsearch_each_options options;
    clipsearch_each_options_init(&options);
    options.gone = options.vectors = true;
    bool good = clipsearch_collection_open(db, "photos", NULL, &o.collection, &err) == CLIPSEARCH_OK &&
                clipsearch_collection_each(o.collection, &options, compare, &o, &err) == CLIPSEARCH_OK;
    clipsearch_collection_close(&o.collection);
    return good && o.same && o.count == count;
}

static void test_copies(void)
{
    gallery g;
    clipsearch_database *into = NULL;
    clipsearch_collection *c = NULL;
    clipsearch_sources *sources = NULL;
    gallery_open(&g, false);
    fill(&g, 0, 12);
    ingest(&g, NULL);
    unlink(folder_path(&g.images, "03.png"));
    ingest(&g, NULL);
    TAP_OK(clipsearch_database_open(folder_path(&g.elsewhere, "into.db"), CLIPSEARCH_CREATE, &into, &err) ==
               CLIPSEARCH_OK,
           "a database");
    clipsearch_merge_report r = merge(&g, into);
    TAP_OK(is(&r, 12, 0, 1, 0, 1), "all items, one of them gone, and the source");
    TAP_OK(same_items(&g, into, 12), "with everything");
    r = merge(&g, into);
    TAP_OK(is(&r, 12, 12, 1, 0, 0), "again: each in its place");
    /* the target finds all unchanged, and knows where from */
    TAP_OK(clipsearch_collection_open(into, "photos", g.encoder, &c, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_sources(c, &sources, &err) == CLIPSEARCH_OK &&
               clipsearch_sources_count(sources) == 1 &&
               strcmp(clipsearch_sources_get(sources, 0)->source->path, g.images.path) == 0 &&
               strcmp(clipsearch_sources_get(sources, 0)->source->attributes, "{\"kind\":\"x\"}") == 0,
           "the source is that of the other, with its attributes");
    clipsearch_sources_free(&sources);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    clipsearch_ingest_report report;
    clipsearch_ingest_report_init(&report);
    options.dry_run = true;
    TAP_OK(clipsearch_ingest(c, g.session, &options, &report, &err) == CLIPSEARCH_OK && report.unchanged == 11 &&
               report.gone == 1 && report.newly_gone == 0 && report.inserted + report.updated == 0,
           "an ingestion finds nothing new, not even that a file is gone");
    /* the file is back here, but the other has not seen it */
    options.dry_run = false;
    gallery_image(&g, "03.png", 4);
    clipsearch_ingest(c, g.session, &options, NULL, &err);
    r = merge(&g, into);
    TAP_OK(is(&r, 11, 11, 0, 1, 0), "an item that is gone replaces none whose file is there");
    clipsearch_collection_close(&c);
    clipsearch_database_close(&into);
    gallery_close(&g);
}

static void test_sources(void)
{
    gallery g;
    clipsearch_database *into = NULL;
    clipsearch_collection *c = NULL;
    clipsearch_sources *sources = NULL;
    gallery_open(&g, false);
    fill(&g, 0, 3);
    ingest(&g, "/lists/one.yaml");
    ingest(&g, "/lists/two.yaml");
    ingest(&g, NULL);
    clipsearch_database_open(":memory:", 0, &into, &err);
    clipsearch_merge_report r = merge(&g, into);
    TAP_OK(is(&r, 3, 0, 0, 0, 3), "sources of two lists and of none");
    ingest(&g, "/lists/three.yaml");
    r = merge(&g, into);
    TAP_OK(is(&r, 3, 3, 0, 0, 1), "and one more");
    const char *lists[4] = {"/lists/one.yaml", "/lists/two.yaml", NULL, "/lists/three.yaml"};
    bool right = clipsearch_collection_open(into, "photos", NULL, &c, &err) == CLIPSEARCH_OK &&
                 clipsearch_collection_sources(c, &sources, &err) == CLIPSEARCH_OK &&
                 clipsearch_sources_count(sources) == 4;
    for (size_t i = 0; i < 4 && right; i++) {
        const char *list = clipsearch_sources_get(sources, i)->list;
        right = lists[i] ? list && strcmp(list, lists[i]) == 0 : !list;
    }
    TAP_OK(right, "in their order");
    clipsearch_sources_free(&sources);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&into);
    gallery_close(&g);
}

static bool stop(void *context, uint64_t done, uint64_t all)
{
    (void)context;
    return done < all;
}

static void test_own_vectors(void)
{
    clipsearch_database *from = NULL, *into = NULL;
    clipsearch_collection *a = NULL, *b = NULL;
    clipsearch_vectors_options options;
    clipsearch_merge_options merging;
    clipsearch_merge_report report;
    clipsearch_collection_info info;
    static float vectors[2500][2];
    for (size_t i = 0; i < 2500; i++)
        vectors[i][0] = vectors[i][1] = (float)i + 1;
    clipsearch_vectors_options_init(&options);
    clipsearch_merge_options_init(&merging);
    clipsearch_merge_report_init(&report);
    clipsearch_collection_info_init(&info);
    options.dim = 2;
    options.metric = CLIPSEARCH_L2;
    options.model = "mine";
    clipsearch_database_open(":memory:", 0, &from, &err);
    clipsearch_database_open(":memory:", 0, &into, &err);
    clipsearch_collection_ensure_vectors(from, "v", &options, &a, &err);
    clipsearch_collection_put_vectors(a, NULL, &vectors[0][0], 2500, NULL, &err);
    merging.progress = stop;
    TAP_OK(clipsearch_collection_merge(a, into, &merging, &report, &err) == CLIPSEARCH_E_CANCELLED &&
               report.copied == 2500,
           "stopped: %s", err.message);
    TAP_OK(clipsearch_collection_open(into, "v", NULL, &b, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_describe(b, &info, &err) == CLIPSEARCH_OK && info.count == 2500 &&
               info.metric == CLIPSEARCH_L2 && strcmp(info.encoder, "mine") == 0 && !info.fingerprint[0],
           "vectors of a program's own, several pages of them, with their model's name and metric");
    clipsearch_collection_close(&b);
    TAP_OK(clipsearch_collection_merge(a, from, NULL, NULL, &err) == CLIPSEARCH_E_ARGUMENT, "its own database: %s",
           err.message);
    options.dim = 3;
    clipsearch_collection_drop(into, "v", &err);
    clipsearch_collection_ensure_vectors(into, "v", &options, &b, &err);
    clipsearch_collection_close(&b);
    TAP_OK(clipsearch_collection_merge(a, into, NULL, NULL, &err) == CLIPSEARCH_E_MISMATCH, "another dim: %s",
           err.message);
    clipsearch_collection_drop(into, "v", &err);
    options.dim = 2;
    options.metric = CLIPSEARCH_COSINE;
    clipsearch_collection_ensure_vectors(into, "v", &options, &b, &err);
    clipsearch_collection_close(&b);
    TAP_OK(clipsearch_collection_merge(a, into, NULL, NULL, &err) == CLIPSEARCH_E_MISMATCH, "another metric: %s",
           err.message);
    TAP_OK(clipsearch_collection_merge(NULL, into, NULL, NULL, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_collection_merge(a, NULL, NULL, NULL, &err) == CLIPSEARCH_E_ARGUMENT,
           "NULL");
    clipsearch_collection_close(&a);
    clipsearch_database_close(&from);
    clipsearch_database_close(&into);
}

/* The path of a model that was opened by one, and an item without a vector, which an encoding anew leaves. */
static void test_remodelled(void)
{
    gallery g;
    clipsearch_database *into = NULL;
    clipsearch_collection *c = NULL;
    clipsearch_encoder *tiny = NULL;
    clipsearch_session *session = NULL;
    clipsearch_collection_info info;
    clipsearch_ingest_target target;
    clipsearch_ingest_options options;
    char model[512], database[128];
    snprintf(model, sizeof model, "%s/tests/data/clip-tiny/hf", getenv("CLIPSEARCH_SOURCE_ROOT"));
    clipsearch_collection_info_init(&info);
    clipsearch_ingest_target_init(&target);
    clipsearch_ingest_options_init(&options);
    gallery_open(&g, false);
    fill(&g, 0, 4);
    ingest(&g, NULL);
    unlink(folder_path(&g.images, "02.png"));
    snprintf(database, sizeof database, "%s", folder_path(&g.elsewhere, "t.db"));
    target.database = database;
    target.collection = "photos";
    TAP_OK(clipsearch_encoder_open(model, NULL, &tiny, &err) == CLIPSEARCH_OK &&
               clipsearch_session_open(tiny, NULL, &session, &err) == CLIPSEARCH_OK &&
               clipsearch_remodel(&target, session, &options, NULL, &err) == CLIPSEARCH_OK,
           "encoded anew, without one: %s", err.message);
    clipsearch_collection_close(&g.collection);
    TAP_OK(clipsearch_collection_open(g.db, "photos", tiny, &g.collection, &err) == CLIPSEARCH_OK, "opened again");
    clipsearch_database_open(":memory:", 0, &into, &err);
    clipsearch_merge_report r = merge(&g, into);
    TAP_OK(is(&r, 4, 0, 1, 0, 1), "the one without a vector is copied too");
    TAP_OK(clipsearch_collection_open(into, "photos", tiny, &c, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_describe(c, &info, &err) == CLIPSEARCH_OK && info.model_path &&
               strstr(info.model_path, "/tests/data/clip-tiny/hf") && info.gone == 1,
           "and the model's path: %s", info.model_path ? info.model_path : "none");
    gallery_image(&g, "02.png", 3);
    clipsearch_source source;
    clipsearch_ingest_report report;
    clipsearch_ingest_report_init(&report);
    options = gallery_options(&g, &source);
    TAP_OK(clipsearch_ingest(c, session, &options, &report, &err) == CLIPSEARCH_OK && report.replaced == 1 &&
               report.returned == 1 && report.unchanged == 3,
           "when its file is back it is encoded");
    clipsearch_collection_close(&c);
    clipsearch_database_close(&into);
    clipsearch_session_close(&session);
    gallery_close(&g);
    clipsearch_encoder_close(&tiny);
}

int main(void)
{
    test_copies();
    test_sources();
    test_own_vectors();
    test_remodelled();
    return tap_done();
}
