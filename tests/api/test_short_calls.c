/* SPDX-License-Identifier: MIT
 * test_short_calls.c - calls that do several steps at once are equal to the steps; handles closed in any order; fields
 * of options that are 0. */
#include "support/gallery.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 512 };

static clipsearch_error err;

/* The bytes of an image file. The caller frees them. */
static void *read_example(const char *name, size_t *size)
{
    FILE *file = fopen(gallery_example(name), "rb");
    void *bytes = malloc(1 << 20);
    if (!file || !bytes) {
        printf("Bail out! no example %s\n", name);
        exit(1);
    }
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static bool equal_hits(const clipsearch_hits *a, const clipsearch_hits *b)
{
    bool equal = clipsearch_hits_count(a, 0) == clipsearch_hits_count(b, 0) && clipsearch_hits_count(a, 0) > 0;
    for (size_t i = 0; equal && i < clipsearch_hits_count(a, 0); i++) {
        const clipsearch_hit *x = clipsearch_hits_get(a, 0, i), *y = clipsearch_hits_get(b, 0, i);
        equal = x->id == y->id && x->score == y->score;
    }
    return equal;
}

static void test_put(clipsearch_collection *c, clipsearch_session *s)
{
    size_t sizes[3];
    void *files[3] = {read_example("cat-snow.jpg", &sizes[0]), read_example("white-dog-grass.jpg", &sizes[1]), NULL};
    const void *const two[] = {files[0], files[1]};
    const clipsearch_item items[2] = {{.path = "cat", .attributes = "{\"n\":1}"}, {.path = "dog"}};
    int64_t ids[2] = {0};
    float vector[DIM], stored[DIM];
    clipsearch_hits *hits = NULL;
    TAP_OK(clipsearch_collection_put_image_files(c, s, items, two, sizes, 2, ids, &err) == CLIPSEARCH_OK,
           "image files in memory: %s", err.message);
    clipsearch_get(c, ids, 2, &hits, &err);
    const clipsearch_hit *cat = clipsearch_hits_get(hits, 0, 0);
    const uint8_t unknown[32] = {0};
    TAP_OK(clipsearch_hits_count(hits, 0) == 2 && strcmp(cat->path, "cat") == 0 && cat->size == sizes[0] &&
               cat->width == 224 && cat->height == 224 && memcmp(cat->hash, unknown, 32) != 0 &&
               strcmp(cat->attributes, "{\"n\":1}") == 0,
           "their size, content and attributes are stored");
    clipsearch_encode_file(s, gallery_example("cat-snow.jpg"), vector, &err);
    TAP_OK(clipsearch_collection_vectors(c, ids, 1, stored, &err) == CLIPSEARCH_OK &&
               memcmp(vector, stored, sizeof vector) == 0,
           "with the vectors that their files have");
    clipsearch_hits_free(&hits);

    clipsearch_image image = {0};
    clipsearch_image_decode(files[1], sizes[1], NULL, NULL, &image, &err);
    TAP_OK(clipsearch_collection_put_images(c, s, NULL, &image, 1, ids, &err) == CLIPSEARCH_OK &&
               clipsearch_get(c, ids, 1, &hits, &err) == CLIPSEARCH_OK && clipsearch_hits_get(hits, 0, 0)->width == 224,
           "pixels without an item: %s", err.message);
    clipsearch_hits_free(&hits);
    clipsearch_hits *by_image = NULL;
    clipsearch_encode_images(s, &image, 1, vector, &err);
    TAP_OK(clipsearch_search_image(c, s, &image, 3, NULL, &by_image, &err) == CLIPSEARCH_OK &&
               clipsearch_search(c, vector, 1, 3, NULL, &hits, &err) == CLIPSEARCH_OK && equal_hits(hits, by_image),
           "a search by pixels is one by their vector: %s", err.message);
    clipsearch_hits_free(&hits);
    clipsearch_hits_free(&by_image);
    clipsearch_image_free(&image);

    const void *const bad[] = {files[0], "no image"};
    const size_t bad_sizes[] = {sizes[0], 8};
    const clipsearch_item named[2] = {{.path = "new"}, {.path = "broken"}};
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    TAP_OK(clipsearch_collection_put_image_files(c, s, named, bad, bad_sizes, 2, NULL, &err) != CLIPSEARCH_OK &&
               strncmp(err.message, "broken", 6) == 0 &&
               clipsearch_collection_describe(c, &info, &err) == CLIPSEARCH_OK && info.count == 3,
           "one that is no image is named, and nothing is stored: %s", err.message);
    TAP_OK(clipsearch_collection_put_image_files(c, s, NULL, (const void *const[]){NULL}, sizes, 1, NULL, &err) ==
                   CLIPSEARCH_E_ARGUMENT &&
               clipsearch_collection_put_image_files(NULL, s, NULL, two, sizes, 1, NULL, &err) ==
                   CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "argument collection is") &&
               clipsearch_collection_put_images(c, s, NULL, NULL, 1, NULL, &err) == CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "argument images is"),
           "NULL is refused, and named: %s", err.message);
    free(files[0]);
    free(files[1]);
}

static unsigned precisions_of(clipsearch_collection *c)
{
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    return clipsearch_collection_describe(c, &info, &err) == CLIPSEARCH_OK ? info.precisions : ~0U;
}

/* What its vectors were computed in is known of images that were encoded, and not of numbers. */
static void test_precisions(clipsearch_database *db, clipsearch_encoder *encoder, clipsearch_session *s)
{
    const clipsearch_item twice[2] = {{.path = "same", .width = 1}, {.path = "same", .width = 2}};
    float vectors[2 * DIM];
    int64_t ids[2] = {0};
    uint8_t rgb[3] = {0};
    clipsearch_hits *hits = NULL;
    clipsearch_image image = {.rgb = rgb, .width = 1, .height = 1};
    clipsearch_collection *numbers = NULL, *images = NULL, *pixels = NULL;
    clipsearch_collection_ensure(db, "numbers", encoder, CLIPSEARCH_COSINE, &numbers, &err);
    clipsearch_collection_ensure(db, "images", encoder, CLIPSEARCH_COSINE, &images, &err);
    clipsearch_collection_ensure(db, "pixels", encoder, CLIPSEARCH_COSINE, &pixels, &err);
    clipsearch_encode_file(s, gallery_example("cat-snow.jpg"), vectors, &err);
    clipsearch_encode_file(s, gallery_example("white-dog-grass.jpg"), vectors + DIM, &err);
    TAP_OK(clipsearch_collection_put_vectors(numbers, twice, vectors, 2, ids, &err) == CLIPSEARCH_OK &&
               ids[0] == ids[1] && clipsearch_get(numbers, ids, 1, &hits, &err) == CLIPSEARCH_OK &&
               clipsearch_hits_get(hits, 0, 0)->width == 2,
           "of two items with one path the later is stored");
    clipsearch_hits_free(&hits);
    TAP_OK(precisions_of(numbers) == 0, "the precision of vectors that are put as numbers is not known");
    TAP_OK(clipsearch_collection_put_encoded(images, encoder, NULL, vectors, 2, NULL, &err) == CLIPSEARCH_OK &&
               precisions_of(images) == 1U << CLIPSEARCH_PRECISION_F32,
           "of vectors of a named encoder it is noted: %s", err.message);
    TAP_OK(clipsearch_collection_put_images(pixels, s, NULL, &image, 1, NULL, &err) == CLIPSEARCH_OK &&
               precisions_of(pixels) == 1U << CLIPSEARCH_PRECISION_F32,
           "and of pixels: %s", err.message);
    TAP_OK(clipsearch_collection_put_encoded(images, NULL, NULL, vectors, 1, NULL, &err) == CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "argument encoder is"),
           "no encoder: %s", err.message);
    clipsearch_collection_close(&numbers);
    clipsearch_collection_close(&images);
    clipsearch_collection_close(&pixels);
}

static void test_search(clipsearch_collection *c, clipsearch_session *s)
{
    const char *text = "a white dog";
    float vector[DIM];
    clipsearch_hits *hits = NULL, *by_text = NULL;
    clipsearch_search_options options = {.struct_size = sizeof options, .min_relevance = 0.5F};
    clipsearch_encode_texts(s, &text, 1, vector, &err);
    TAP_OK(clipsearch_search_text(c, s, text, 3, NULL, &by_text, &err) == CLIPSEARCH_OK &&
               clipsearch_search(c, vector, 1, 3, NULL, &hits, &err) == CLIPSEARCH_OK && equal_hits(hits, by_text),
           "a search by a text is one by its vector: %s", err.message);
    clipsearch_hits_free(&hits);
    clipsearch_hits_free(&by_text);
    TAP_OK(clipsearch_search(c, vector, 1, 3, &options, &hits, &err) == CLIPSEARCH_E_ARGUMENT && !hits,
           "a vector has no relevance: %s", err.message);
    TAP_OK(clipsearch_search_text(c, s, NULL, 3, NULL, &hits, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_search_text(c, s, "  ", 3, NULL, &hits, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_search_image(c, s, NULL, 3, NULL, &hits, &err) == CLIPSEARCH_E_ARGUMENT,
           "no text, a blank one, and no image: %s", err.message);
}

static void test_ingest(clipsearch_collection *c, clipsearch_session *s)
{
    clipsearch_ingest_options options = {.struct_size = sizeof options};
    clipsearch_ingest_report report;
    clipsearch_ingest_report_init(&report);
    TAP_OK(clipsearch_ingest(c, s, &options, NULL, &err) == CLIPSEARCH_E_ARGUMENT, "an ingestion of nothing: %s",
           err.message);
    TAP_OK(clipsearch_ingest_path(c, s, gallery_example("black-dog-snow.jpg"), &report, &err) == CLIPSEARCH_OK &&
               report.found == 1 && report.inserted == 1,
           "one path: %s", err.message);
    TAP_OK(clipsearch_ingest_path(c, s, "/nowhere at all", NULL, &err) != CLIPSEARCH_OK, "none there: %s", err.message);
}

/* Handles closed in the order in which they were opened, as sqlite3_close_v2 allows. */
static void test_order(const folder *data)
{
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    clipsearch_database *db = NULL;
    clipsearch_collection *c = NULL, *again = NULL;
    clipsearch_hits *hits = NULL;
    clipsearch_session_options small = {.struct_size = sizeof small, .threads = 1};
    clipsearch_encoder_options both = {.struct_size = sizeof both};
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    setenv("XDG_DATA_HOME", folder_path(data, "data"), 1);
    folder_write_text(data, "data/clipsearch/models/default/config.json", "{");
    TAP_OK(clipsearch_encoder_open(NULL, NULL, &encoder, &err) == CLIPSEARCH_E_MODEL &&
               strstr(err.message, folder_path(data, "data/clipsearch/models/default")),
           "without a path the installed model is opened: %s", err.message);
    unsetenv("XDG_DATA_HOME");
    setenv("HOME", data->path, 1);
    TAP_OK(clipsearch_encoder_open(gallery_model(), &both, &encoder, &err) == CLIPSEARCH_OK &&
               clipsearch_encoder_describe(encoder, &info, &err) == CLIPSEARCH_OK &&
               info.towers == (CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER),
           "no towers named are both: %s", err.message);
    TAP_OK(clipsearch_session_open(encoder, &small, &session, &err) == CLIPSEARCH_OK, "a batch of 0 is the default: %s",
           err.message);
    const char *path = folder_path(data, "order.db");
    TAP_OK(clipsearch_database_open(path, CLIPSEARCH_CREATE, &db, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_ensure(db, "photos", encoder, CLIPSEARCH_COSINE, &c, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_open(db, "photos", NULL, &again, &err) == CLIPSEARCH_OK,
           "a collection, twice: %s", err.message);
    clipsearch_encoder_close(&encoder);
    clipsearch_database_close(&db);
    clipsearch_collection_close(&again);
    TAP_OK(clipsearch_ingest_path(c, session, gallery_example("cat-snow.jpg"), NULL, &err) == CLIPSEARCH_OK &&
               clipsearch_search_text(c, session, "a cat", 1, NULL, &hits, &err) == CLIPSEARCH_OK &&
               clipsearch_hits_count(hits, 0) == 1,
           "used after encoder and database were closed: %s", err.message);
    clipsearch_hits_free(&hits);
    clipsearch_collection_close(&c);
    TAP_OK(clipsearch_database_open(path, CLIPSEARCH_READ_ONLY, &db, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_open(db, "photos", NULL, &c, &err) == CLIPSEARCH_OK,
           "and what was stored is there: %s", err.message);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    clipsearch_session_close(&session);
}

int main(void)
{
    gallery g;
    clipsearch_database *db = NULL;
    clipsearch_collection *own = NULL;
    clipsearch_hits *hits = NULL;
    clipsearch_vectors_options options = {.struct_size = sizeof options, .dim = DIM};
    gallery_open(&g, true);
    test_put(g.collection, g.session);
    test_search(g.collection, g.session);
    test_ingest(g.collection, g.session);
    const uint8_t pixel[3] = {0};
    TAP_OK(clipsearch_database_open(":memory:", 0, &db, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_ensure_vectors(db, "own", &options, &own, &err) == CLIPSEARCH_OK,
           "in memory, without a flag: %s", err.message);
    clipsearch_image image = {(uint8_t *)(uintptr_t)pixel, 1, 1};
    TAP_OK(clipsearch_collection_put_images(own, g.session, NULL, &image, 1, NULL, &err) == CLIPSEARCH_E_MISMATCH &&
               clipsearch_search_image(own, g.session, &image, 1, NULL, &hits, &err) == CLIPSEARCH_E_MISMATCH &&
               clipsearch_search_text(own, g.session, "dog", 1, NULL, &hits, &err) == CLIPSEARCH_E_MISMATCH,
           "a collection without a model refuses images and texts: %s", err.message);
    clipsearch_collection_close(&own);
    test_precisions(db, g.encoder, g.session);
    clipsearch_database_close(&db);
    test_order(&g.elsewhere);
    gallery_close(&g);
    return tap_done();
}
