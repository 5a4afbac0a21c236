/* SPDX-License-Identifier: MIT
 * test_memory.c - the n-th allocation fails, for every n of an ingestion, a search, opening; what encoding takes. */
#include "base/mem.h"
#include "support/gallery.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static clipsearch_error err;

/* A sanitizer's build fails every 13th allocation of an ingestion: it looks for leaks, which are alike. */
enum { STEP = TAP_SLOW ? 13 : 1 };

/* Ingest with the n-th allocation failing. */
static clipsearch_status ingest_failing(gallery *g, const clipsearch_ingest_options *options, int n)
{
    cs_mem_fail_at((uint64_t)n);
    const clipsearch_status status = gallery_ingest(g, options);
    cs_mem_fail_at(0);
    if (status != CLIPSEARCH_OK && status != CLIPSEARCH_E_MEMORY)
        tap_note("allocation %d: %s", n, g->err.message);
    return status;
}

/* Every allocation of an ingestion into an empty collection, and of one that moves, copies, replaces and prunes. */
static void test_ingest(void)
{
    gallery g;
    gallery_open(&g, false);
    folder_write_text(&g.elsewhere, "a.csv", "path,label\np1.png,dog\n");
    char name[16];
    for (unsigned i = 1; i <= 6; i++) {
        snprintf(name, sizeof name, "p%u.png", i);
        gallery_image(&g, name, i);
    }
    folder_write_text(&g.images, "bad.png", "no image");
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    source.attributes = "{\"a\":1}";
    char csv[128]; /* folder_path's own buffers do not last that long */
    snprintf(csv, sizeof csv, "%s", folder_path(&g.elsewhere, "a.csv"));
    source.attributes_csv = csv;
    options.prune = true;
    options.threads = 1; /* so that allocation number n is the same one in each run, near enough */
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    bool all = true;
    int n = 0;
    while (status != CLIPSEARCH_OK && n < 3000) {
        status = ingest_failing(&g, &options, n += STEP);
        all = status == CLIPSEARCH_OK || status == CLIPSEARCH_E_MEMORY;
        if (!all)
            break;
    }
    TAP_OK(all && status == CLIPSEARCH_OK && n > 30, "ingestion: each of %d allocations may fail", n - 1);
    status = gallery_ingest(&g, &options);
    TAP_OK(status == CLIPSEARCH_OK && gallery_report_is(&g, 7, 0, 0, 6, 0, 0, 0, 1, 0) && gallery_count(&g) == 6,
           "and all is there in the end: %s", gallery_report_text(&g));

    bool consistent = true;
    status = CLIPSEARCH_E_MEMORY;
    n = 0;
    while (status != CLIPSEARCH_OK && n < 3000) {
        rename(folder_path(&g.images, "p1.png"), folder_path(&g.images, "q1.png")); /* once */
        gallery_image(&g, "p2.png", 50);
        gallery_image(&g, "p7.png", 3);
        unlink(folder_path(&g.images, "p6.png"));
        status = ingest_failing(&g, &options, n += STEP);
        all = status == CLIPSEARCH_OK || status == CLIPSEARCH_E_MEMORY;
        if (!all)
            break;
        uint64_t count = gallery_count(&g);
        consistent = consistent && count >= 6 && count <= 7; /* 6, one more by the copy, one less by the prune */
    }
    row moved, copied, of;
    TAP_OK(all && consistent && status == CLIPSEARCH_OK && n > 30, "with changes of each kind: each of %d may fail",
           n - 1);
    TAP_OK(gallery_row(&g, "q1.png", &moved) && gallery_row(&g, "p7.png", &copied) && gallery_row(&g, "p3.png", &of) &&
               memcmp(copied.vector, of.vector, sizeof of.vector) == 0 && !gallery_row(&g, "p6.png", &of),
           "and they are made in the end");
    gallery_close(&g);
}

static void test_search(void)
{
    gallery g;
    gallery_open(&g, false);
    for (unsigned i = 1; i <= 6; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%u.png", i);
        gallery_image(&g, name, i);
    }
    gallery_ingest(&g, NULL);
    row r;
    gallery_row(&g, "p3.png", &r);
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    bool all = true;
    int n = 0;
    while (status != CLIPSEARCH_OK && n < 1000) {
        clipsearch_hits *hits;
        clipsearch_collection *c;
        cs_mem_fail_at((uint64_t)++n);
        status = clipsearch_collection_open(g.db, "photos", g.encoder, &c, &err);
        if (status == CLIPSEARCH_OK)
            status = clipsearch_search(c, r.vector, 1, 3, NULL, &hits, &err);
        else
            hits = NULL;
        cs_mem_fail_at(0);
        all = all &&
              (status == CLIPSEARCH_E_MEMORY ? !hits : status == CLIPSEARCH_OK && clipsearch_hits_count(hits, 0) == 3);
        clipsearch_hits_free(&hits);
        clipsearch_collection_close(&c);
    }
    TAP_OK(all && n > 5 && n < 1000, "opening a collection and searching: each of %d may fail", n - 1);
    gallery_close(&g);
}

static void test_open(void)
{
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    bool all = true;
    int n = 0, step = 1;
    while (status != CLIPSEARCH_OK && n < 200000) {
        clipsearch_encoder *encoder;
        clipsearch_session *session = NULL;
        n += step;
        if (n > 300)
            step = 97; /* the vocabulary's thousands are of one kind */
        cs_mem_fail_at((uint64_t)n);
        status = clipsearch_encoder_open(gallery_model(), NULL, &encoder, &err);
        if (status == CLIPSEARCH_OK)
            status = clipsearch_session_open(encoder, NULL, &session, &err);
        cs_mem_fail_at(0);
        all = all && (status == CLIPSEARCH_OK || (status == CLIPSEARCH_E_MEMORY && !session));
        if (!all)
            break;
        clipsearch_session_close(&session);
        clipsearch_encoder_close(&encoder);
    }
    TAP_OK(all && status == CLIPSEARCH_OK && n > 20, "opening encoder and session: allocations up to %d may fail (%s)",
           n - 1, err.message);
}

/* Encoding allocates nothing once the session is open; reading files only while its buffers grow to the largest. */
static void test_steady(void)
{
    gallery g;
    gallery_open(&g, true);
    gallery_image(&g, "a.png", 1);
    static float vectors[9][512];
    const char *texts[9] = {"a",   "a white dog", "two dogs on a red sofa beside a blue car", "", "x", "y", "z",
                            "one", "two"};
    uint64_t before = cs_mem_count();
    bool ok = clipsearch_encode_texts(g.session, texts, 9, vectors[0], &err) == CLIPSEARCH_OK;
    TAP_OK(ok && cs_mem_count() == before, "texts: %d allocations", (int)(cs_mem_count() - before));
    clipsearch_image image;
    ok = clipsearch_image_load(folder_path(&g.images, "a.png"), NULL, &image, &err) == CLIPSEARCH_OK;
    clipsearch_image images[9] = {image, image, image, image, image, image, image, image, image};
    ok = ok && clipsearch_encode_images(g.session, images, 9, vectors[0], &err) == CLIPSEARCH_OK;
    before = cs_mem_count();
    /* the pool may give any image to any worker, whose buffers then grow once */
    for (int i = 0; i < 20; i++)
        ok = ok && clipsearch_encode_images(g.session, images, 9, vectors[0], &err) == CLIPSEARCH_OK;
    uint64_t grown = cs_mem_count() - before;
    before = cs_mem_count();
    for (int i = 0; i < 20; i++)
        ok = ok && clipsearch_encode_images(g.session, images, 9, vectors[0], &err) == CLIPSEARCH_OK;
    TAP_OK(ok && grown <= 4 && cs_mem_count() == before, "images: %d allocations", (int)(cs_mem_count() - before));
    clipsearch_image_free(&image);
    folder_copy(&g.images, "dog.jpg", gallery_example("white-dog-grass.jpg"));
    const char *path = folder_path(&g.images, "dog.jpg");
    ok = clipsearch_encode_file(g.session, path, vectors[0], &err) == CLIPSEARCH_OK;
    before = cs_mem_count();
    ok = ok && clipsearch_encode_file(g.session, path, vectors[0], &err) == CLIPSEARCH_OK;
    TAP_OK(ok && cs_mem_count() == before, "a file no larger than the last: %d allocations",
           (int)(cs_mem_count() - before));
    gallery_close(&g);
}

int main(void)
{
    test_ingest();
    test_search();
    test_open();
    test_steady();
    return tap_done();
}
