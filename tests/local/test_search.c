/* SPDX-License-Identifier: MIT
 * test_search.c - collections, single changes and search by the public interface, against scores worked out here. */
#include "support/gallery.h"
#include "tap.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 512, ITEMS = 300 };

static clipsearch_error err;
static float vectors[ITEMS][DIM];

static float next_random(unsigned *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return (float)(*seed >> 8) / (1 << 24) - 0.5f;
}

static void fill_vectors(void)
{
    unsigned seed = 7;
    for (int i = 0; i < ITEMS; i++) {
        double sum = 0;
        for (int d = 0; d < DIM; d++) {
            vectors[i][d] = next_random(&seed);
            sum += (double)vectors[i][d] * vectors[i][d];
        }
        for (int d = 0; d < DIM; d++)
            vectors[i][d] = (float)(vectors[i][d] / sqrt(sum));
    }
}

static clipsearch_status put(clipsearch_collection *c, int first, int count, const char *attributes)
{
    clipsearch_item *items = calloc((size_t)count, sizeof *items);
    char(*paths)[32] = calloc((size_t)count, sizeof *paths);
    if (!items || !paths)
        exit(1);
    for (int i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], "/images/%d.jpg", first + i);
        items[i] = (clipsearch_item){
            .path = paths[i], .size = (uint64_t)(first + i), .width = 3, .height = 4, .attributes = attributes};
    }
    clipsearch_status status = clipsearch_collection_put(c, items, vectors[first], (size_t)count, NULL, &err);
    free(items);
    free(paths);
    return status;
}

static double score(clipsearch_metric metric, const float *a, const float *b)
{
    double sum = 0;
    for (int d = 0; d < DIM; d++)
        sum += metric == CLIPSEARCH_L2 ? ((double)a[d] - b[d]) * ((double)a[d] - b[d]) : (double)a[d] * b[d];
    return sum;
}

/* Each hit has the score it should have, in order, and no image that was left out is nearer. */
static bool hits_are_right(clipsearch_metric metric, const clipsearch_hits *hits, size_t query, const float *q,
                           int items)
{
    static bool in[ITEMS];
    memset(in, 0, sizeof in);
    double worst = 0;
    for (size_t rank = 0; rank < clipsearch_hits_count(hits, query); rank++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, query, rank);
        char path[32];
        snprintf(path, sizeof path, "/images/%d.jpg", (int)hit->id - 1);
        double expected = score(metric, vectors[hit->id - 1], q);
        if (fabs(hit->score - expected) > 1e-5 || strcmp(hit->path, path) != 0 || hit->size != (uint64_t)hit->id - 1)
            return false;
        if (rank && (metric == CLIPSEARCH_L2 ? expected < worst - 1e-5 : expected > worst + 1e-5))
            return false;
        worst = expected;
        in[hit->id - 1] = true;
    }
    for (int i = 0; i < items; i++) {
        double s = score(metric, vectors[i], q);
        if (!in[i] && (metric == CLIPSEARCH_L2 ? s < worst - 1e-5 : s > worst + 1e-5))
            return false;
    }
    return true;
}

static void test_metrics(gallery *g)
{
    static const char *const names[] = {"cosine", "ip", "l2"};
    for (int metric = 0; metric < 3; metric++) {
        clipsearch_collection *c;
        clipsearch_hits *hits;
        clipsearch_search_options options;
        clipsearch_search_options_init(&options);
        if (clipsearch_collection_ensure(g->db, names[metric], g->encoder, (clipsearch_metric)metric, &c, &err) !=
                CLIPSEARCH_OK ||
            put(c, 0, ITEMS, NULL) != CLIPSEARCH_OK) {
            TAP_OK(false, "%s: %s", names[metric], err.message);
            continue;
        }
        bool ok = clipsearch_search(c, vectors[5], 4, 10, NULL, &hits, &err) == CLIPSEARCH_OK;
        for (size_t q = 0; q < 4 && ok; q++) {
            const clipsearch_hit *first = clipsearch_hits_get(hits, q, 0);
            ok = clipsearch_hits_count(hits, q) == 10 && first->id == (int64_t)q + 6 &&
                 hits_are_right((clipsearch_metric)metric, hits, q, vectors[5 + q], ITEMS);
        }
        TAP_OK(ok && clipsearch_hits_count(hits, 4) == 0 && !clipsearch_hits_get(hits, 0, 10),
               "%s: ten nearest of four queries", names[metric]);
        float limit = clipsearch_hits_get(hits, 0, 4)->score;
        clipsearch_hits_free(&hits);
        options.has_limit = true;
        options.limit = limit;
        ok = clipsearch_search(c, vectors[5], 1, SIZE_MAX, &options, &hits, &err) == CLIPSEARCH_OK;
        TAP_OK(ok && clipsearch_hits_count(hits, 0) == 5, "%s: a limit takes what is as near", names[metric]);
        clipsearch_hits_free(&hits);
        ok = clipsearch_search(c, vectors[5], 1, SIZE_MAX, NULL, &hits, &err) == CLIPSEARCH_OK;
        TAP_OK(ok && clipsearch_hits_count(hits, 0) == ITEMS, "%s: k beyond the collection", names[metric]);
        clipsearch_hits_free(&hits);
        clipsearch_collection_close(&c);
    }
}

static void test_changes(gallery *g)
{
    clipsearch_collection *c;
    clipsearch_hits *hits = NULL;
    clipsearch_collection_ensure(g->db, "changes", g->encoder, CLIPSEARCH_COSINE, &c, &err);
    bool ok = clipsearch_search(c, vectors[0], 1, 5, NULL, &hits, &err) == CLIPSEARCH_OK;
    TAP_OK(ok && clipsearch_hits_count(hits, 0) == 0, "an empty collection has no hits");
    clipsearch_hits_free(&hits);
    put(c, 0, 10, "{\"a\":1}");
    clipsearch_search(c, vectors[3], 1, 1, NULL, &hits, &err);
    const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, 0);
    TAP_OK(hit && hit->id == 4 && strcmp(hit->attributes, "{\"a\":1}") == 0 && hit->width == 3 && hit->height == 4,
           "what was put is found");
    int64_t gone[] = {4, 99};
    size_t removed;
    ok = clipsearch_collection_remove(c, gone, 2, &removed, &err) == CLIPSEARCH_OK && removed == 1;
    clipsearch_collection_close(&c);
    TAP_OK(ok && strcmp(hit->path, "/images/3.jpg") == 0, "hits outlive changes and the collection");
    clipsearch_hits_free(&hits);
    clipsearch_collection_open(g->db, "changes", g->encoder, &c, &err);
    clipsearch_search(c, vectors[3], 1, 20, NULL, &hits, &err);
    ok = clipsearch_hits_count(hits, 0) == 9;
    clipsearch_hits_free(&hits);
    clipsearch_database *other;
    clipsearch_collection *theirs;
    clipsearch_database_open(folder_path(&g->elsewhere, "t.db"), 0, &other, &err);
    clipsearch_collection_open(other, "changes", NULL, &theirs, &err);
    put(theirs, 3, 1, NULL);
    clipsearch_search(c, vectors[3], 1, 20, NULL, &hits, &err);
    TAP_OK(ok && clipsearch_hits_count(hits, 0) == 10 && clipsearch_hits_get(hits, 0, 0)->score > 0.999f,
           "a change by another handle is seen by the next search");
    clipsearch_hits_free(&hits);
    TAP_OK(clipsearch_collection_drop(g->db, "changes", &err) == CLIPSEARCH_E_ARGUMENT, "not dropped while open: %s",
           err.message);
    clipsearch_collection_close(&theirs);
    bool dropped = clipsearch_collection_drop(other, "changes", &err) == CLIPSEARCH_OK;
    clipsearch_database_close(&other);
    TAP_OK(dropped && clipsearch_search(c, vectors[3], 1, 1, NULL, &hits, &err) == CLIPSEARCH_E_NOT_FOUND && !hits,
           "dropped by another: %s", err.message);
    clipsearch_collection *again;
    clipsearch_collection_ensure(g->db, "changes", g->encoder, CLIPSEARCH_L2, &again, &err);
    TAP_OK(clipsearch_search(c, vectors[3], 1, 1, NULL, &hits, &err) == CLIPSEARCH_E_NOT_FOUND,
           "one of the same name made since is another: %s", err.message);
    clipsearch_collection_close(&again);
    clipsearch_collection_close(&c);
}

static void test_refusals(gallery *g)
{
    clipsearch_hits *hits;
    clipsearch_collection *c = g->collection;
    float bad[DIM];
    put(c, 0, 3, NULL);
    TAP_OK(clipsearch_search(c, vectors[0], 1, 0, NULL, &hits, &err) == CLIPSEARCH_E_ARGUMENT, "k of 0: %s",
           err.message);
    memcpy(bad, vectors[0], sizeof bad);
    bad[7] = NAN;
    TAP_OK(clipsearch_search(c, bad, 1, 1, NULL, &hits, &err) == CLIPSEARCH_E_ARGUMENT && !hits, "NaN: %s",
           err.message);
    bad[7] = INFINITY;
    TAP_OK(clipsearch_search(c, bad, 1, 1, NULL, &hits, &err) == CLIPSEARCH_E_ARGUMENT, "infinity: %s", err.message);
    memset(bad, 0, sizeof bad);
    TAP_OK(clipsearch_search(c, bad, 1, 1, NULL, &hits, &err) == CLIPSEARCH_E_ARGUMENT, "zeros: %s", err.message);
    for (int d = 0; d < DIM; d++)
        bad[d] = vectors[1][d] * 40;
    bool ok = clipsearch_search(c, bad, 1, 1, NULL, &hits, &err) == CLIPSEARCH_OK;
    TAP_OK(ok && clipsearch_hits_get(hits, 0, 0)->id == 2 && fabsf(clipsearch_hits_get(hits, 0, 0)->score - 1) < 1e-5f,
           "a query of another length has the same cosine");
    clipsearch_hits_free(&hits);
    clipsearch_item item = {.path = "/x.jpg"};
    TAP_OK(clipsearch_collection_put(c, &item, bad, 1, NULL, &err) == CLIPSEARCH_E_ARGUMENT, "a long vector: %s",
           err.message);
    item.path = "x.jpg";
    TAP_OK(clipsearch_collection_put(c, &item, vectors[0], 1, NULL, &err) == CLIPSEARCH_E_ARGUMENT,
           "a relative path: %s", err.message);
    clipsearch_item two[2] = {{.path = "/new.jpg"}, {.path = "/new2.jpg", .attributes = "[1]"}};
    TAP_OK(clipsearch_collection_put(c, two, vectors[0], 2, NULL, &err) == CLIPSEARCH_E_ARGUMENT &&
               gallery_count(g) == 3,
           "all or none: %s", err.message);
}

/* A model directory that differs in nothing but its configuration's activation makes other vectors. */
static void test_identity(gallery *g)
{
    static const char *const files[] = {"model.safetensors", "merges.txt", "vocab.json", "preprocessor_config.json",
                                        "config.json"};
    char from[4200];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char to[64];
        snprintf(from, sizeof from, "%s/%s", gallery_model(), files[i]);
        snprintf(to, sizeof to, "same/%s", files[i]);
        folder_copy(&g->elsewhere, to, from);
        snprintf(to, sizeof to, "other/%s", files[i]);
        folder_copy(&g->elsewhere, to, from);
    }
    FILE *file = fopen(folder_path(&g->elsewhere, "other/config.json"), "r+");
    static char text[1 << 16];
    size_t n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    for (char *at = text; (at = strstr(at, "\"quick_gelu\""));)
        memcpy(at, "\"gelu\"      ", 12);
    rewind(file);
    fwrite(text, 1, n, file);
    fclose(file);
    clipsearch_encoder *same, *other;
    clipsearch_collection *c;
    char path[128];
    snprintf(path, sizeof path, "%s/", folder_path(&g->elsewhere, "same"));
    clipsearch_status status = clipsearch_encoder_open(path, NULL, &same, &err);
    if (!TAP_OK(status == CLIPSEARCH_OK, "a copy of the model: %s", status ? err.message : ""))
        return;
    clipsearch_encoder_info info, original;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_info_init(&original);
    clipsearch_encoder_describe(same, &info, NULL);
    clipsearch_encoder_describe(g->encoder, &original, NULL);
    TAP_OK(strcmp(info.name, "same") == 0 && strcmp(original.name, "default") == 0,
           "a directory's name is the encoder's");
    TAP_OK(info.dim == 512 && info.image_size == 224 && info.context_length == 32 && info.vocabulary == 5214 &&
               info.towers == 3 && original.towers == CLIPSEARCH_IMAGE_TOWER && strlen(info.fingerprint) == 64 &&
               info.parameters > 1000000 && strstr(info.preprocessing, "224"),
           "and described");
    status = clipsearch_collection_open(g->db, "photos", same, &c, &err);
    TAP_OK(status == CLIPSEARCH_OK, "the same weights elsewhere are the same encoder");
    clipsearch_collection_close(&c);
    clipsearch_encoder_close(&same);
    status = clipsearch_encoder_open(folder_path(&g->elsewhere, "other"), NULL, &other, &err);
    TAP_OK(status == CLIPSEARCH_OK, "with another activation");
    status = clipsearch_collection_open(g->db, "photos", other, &c, &err);
    TAP_OK(status == CLIPSEARCH_E_MISMATCH && !c && strstr(err.message, "other") && strstr(err.message, "default"),
           "is another encoder: %s", err.message);
    TAP_OK(clipsearch_collection_check_encoder(g->collection, other, &err) == CLIPSEARCH_E_MISMATCH &&
               clipsearch_collection_check_encoder(g->collection, g->encoder, &err) == CLIPSEARCH_OK,
           "an open collection can be checked against an encoder");
    status = clipsearch_collection_ensure(g->db, "photos", g->encoder, CLIPSEARCH_L2, &c, &err);
    TAP_OK(status == CLIPSEARCH_E_MISMATCH, "another metric: %s", err.message);
    clipsearch_session *session;
    clipsearch_session_open(other, NULL, &session, &err);
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(g, &source);
    status = clipsearch_ingest(g->collection, session, &options, NULL, &err);
    TAP_OK(status == CLIPSEARCH_E_MISMATCH, "nor may it ingest: %s", err.message);
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&other);
}

typedef struct reader {
    const gallery *g;
    atomic_bool stop;
    atomic_int searches, faults;
} reader;

/* Search again and again through handles of its own while another thread ingests. */
static void *read_on(void *argument)
{
    reader *r = argument;
    clipsearch_database *db;
    clipsearch_collection *c;
    clipsearch_error e;
    size_t last = 0;
    if (clipsearch_database_open(folder_path(&r->g->elsewhere, "t.db"), CLIPSEARCH_READ_ONLY, &db, &e) !=
            CLIPSEARCH_OK ||
        clipsearch_collection_open(db, "busy", r->g->encoder, &c, &e) != CLIPSEARCH_OK) {
        atomic_fetch_add(&r->faults, 1);
        return NULL;
    }
    while (!atomic_load(&r->stop)) {
        clipsearch_hits *hits;
        if (clipsearch_search(c, vectors[0], 1, 1000, NULL, &hits, &e) != CLIPSEARCH_OK) {
            atomic_fetch_add(&r->faults, 1);
            break;
        }
        size_t n = clipsearch_hits_count(hits, 0);
        if (n < last || (n % 4 != 0 && n != 30))
            atomic_fetch_add(&r->faults, 1); /* a batch of four is seen whole or not at all */
        last = n;
        clipsearch_hits_free(&hits);
        atomic_fetch_add(&r->searches, 1);
    }
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    return NULL;
}

static void test_readers(gallery *g)
{
    for (unsigned i = 0; i < 30; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%02u.png", i);
        gallery_image(g, name, i + 1);
    }
    clipsearch_collection_close(&g->collection);
    clipsearch_collection_ensure(g->db, "busy", g->encoder, CLIPSEARCH_COSINE, &g->collection, &err);
    reader r = {.g = g};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, read_on, &r);
    while (!atomic_load(&r.searches) && !atomic_load(&r.faults))
        ;
    clipsearch_status status = gallery_ingest(g, NULL);
    atomic_store(&r.stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    TAP_OK(status == CLIPSEARCH_OK && g->report.inserted == 30, "ingest beside two readers: %s",
           gallery_report_text(g));
    TAP_OK(atomic_load(&r.faults) == 0 && atomic_load(&r.searches) > 1, "%d searches meanwhile, each of whole batches",
           atomic_load(&r.searches));
}

int main(void)
{
    gallery g;
    gallery_open(&g, false);
    fill_vectors();
    test_metrics(&g);
    test_changes(&g);
    test_refusals(&g);
    test_identity(&g);
    test_readers(&g);
    gallery_close(&g);
    return tap_done();
}
