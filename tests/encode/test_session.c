/* SPDX-License-Identifier: MIT
 * test_session.c - encoding: one vector an item whatever else is in the call, towers not asked for, limits. */
#include "support/gallery.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 512, TEXTS = 40 };

static clipsearch_error err;

static bool is_unit(const float *v)
{
    double sum = 0;
    for (int d = 0; d < DIM; d++)
        sum += (double)v[d] * v[d];
    return fabs(sum - 1) < 1e-5;
}

/* Texts of many lengths, so that calls are split by items and by tokens. */
static void test_texts(const gallery *g)
{
    static char texts[TEXTS][512];
    static float together[TEXTS][DIM], alone[DIM];
    const char *list[TEXTS];
    for (int i = 0; i < TEXTS; i++) {
        for (int words = (i * 7) % 50; words >= 0; words--)
            strcat(texts[i], words % 3 ? "dog " : "a red car ");
        list[i] = texts[i];
    }
    static const size_t batches[] = {1, 3, 32};
    for (size_t b = 0; b < 3; b++) {
        clipsearch_session_options options;
        clipsearch_session_options_init(&options);
        options.max_batch = batches[b];
        options.threads = 1 + (unsigned)b;
        clipsearch_session *s = NULL;
        bool ok = clipsearch_session_open(g->encoder, &options, &s, &err) == CLIPSEARCH_OK &&
                  clipsearch_encode_texts(s, list, TEXTS, together[0], &err) == CLIPSEARCH_OK;
        for (int i = 0; i < TEXTS && ok; i++)
            ok = clipsearch_encode_texts(g->session, &list[i], 1, alone, &err) == CLIPSEARCH_OK && is_unit(alone) &&
                 memcmp(alone, together[i], sizeof alone) == 0;
        TAP_OK(ok, "%d texts in batches of %zu: the bits each has alone", TEXTS, batches[b]);
        clipsearch_session_close(&s);
    }
    TAP_OK(memcmp(together[0], together[1], sizeof alone) != 0, "and they differ");
}

static void test_images(const gallery *g)
{
    enum { IMAGES = 11 };
    static float together[IMAGES][DIM], alone[DIM], file[DIM];
    clipsearch_image images[IMAGES];
    bool ok = true;
    for (unsigned i = 0; i < IMAGES; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%02u.png", i);
        gallery_image(g, name, i);
        ok = ok && clipsearch_image_load(folder_path(&g->images, name), NULL, &images[i], &err) == CLIPSEARCH_OK;
    }
    ok = ok && clipsearch_encode_images(g->session, images, IMAGES, together[0], &err) == CLIPSEARCH_OK;
    for (unsigned i = 0; i < IMAGES && ok; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%02u.png", i);
        ok = clipsearch_encode_images(g->session, &images[i], 1, alone, &err) == CLIPSEARCH_OK && is_unit(alone) &&
             memcmp(alone, together[i], sizeof alone) == 0 &&
             clipsearch_encode_file(g->session, folder_path(&g->images, name), file, &err) == CLIPSEARCH_OK &&
             memcmp(alone, file, sizeof alone) == 0;
    }
    TAP_OK(ok, "%d images in batches of 3: the bits each has alone, and as a file", (int)IMAGES);
    clipsearch_image small;
    ok = clipsearch_image_resize(&images[0], 7, 5, &small, &err) == CLIPSEARCH_OK && small.width == 7 &&
         small.height == 5;
    TAP_OK(ok && clipsearch_encode_images(g->session, &small, 1, alone, &err) == CLIPSEARCH_OK && is_unit(alone),
           "an image smaller than the tower's");
    clipsearch_image_free(&small);
    for (unsigned i = 0; i < IMAGES; i++)
        clipsearch_image_free(&images[i]);
    clipsearch_image none[2] = {{0}, {0}};
    TAP_OK(clipsearch_encode_images(g->session, none, 2, alone, &err) == CLIPSEARCH_E_ARGUMENT, "no pixels: %s",
           err.message);
    TAP_OK(clipsearch_encode_file(g->session, "/none.jpg", alone, &err) == CLIPSEARCH_E_IO, "no file: %s", err.message);
}

/* The mean difference of all values of two images; -1: they have other sizes. */
static double mean_difference(const clipsearch_image *a, const clipsearch_image *b)
{
    const size_t count = (size_t)a->width * a->height * 3;
    double sum = 0;
    if (!count || a->width != b->width || a->height != b->height)
        return -1;
    for (size_t i = 0; i < count; i++)
        sum += abs(a->rgb[i] - b->rgb[i]);
    return sum / (double)count;
}

/* Small images against whole ones that were resized, and what files say of themselves. */
static void test_small(void)
{
    clipsearch_image whole = {0}, resized = {0}, small = {0};
    char path[4096], json[4096];
    size_t length;
    snprintf(path, sizeof path, "%s", gallery_example("../photographs/cat.jpg")); /* 448 x 298 */
    bool ok = clipsearch_image_load(path, NULL, &whole, &err) == CLIPSEARCH_OK;
    static const uint32_t sides[][3] = {{400, 400, 266}, {100, 100, 67}, {20, 20, 13}};
    for (size_t i = 0; i < 3; i++) {
        ok = ok && clipsearch_image_resize(&whole, sides[i][1], sides[i][2], &resized, &err) == CLIPSEARCH_OK &&
             clipsearch_image_load_small(path, sides[i][0], NULL, &small, &err) == CLIPSEARCH_OK;
        const double difference = ok ? mean_difference(&small, &resized) : -1;
        TAP_OK(difference >= 0 && difference < (i == 0 ? 0.001 : 4), "in a square of %u: %ux%u, mean difference %.2f",
               sides[i][0], small.width, small.height, difference);
        clipsearch_image_free(&resized);
        clipsearch_image_free(&small);
    }
    TAP_OK(clipsearch_image_load_small(path, 1000, NULL, &small, &err) == CLIPSEARCH_OK &&
               mean_difference(&small, &whole) == 0,
           "a smaller image stays as it is");
    clipsearch_image_free(&small);
    clipsearch_image_free(&whole);
    TAP_OK(clipsearch_image_load_small(path, 0, NULL, &small, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_image_load_small("/none.jpg", 10, NULL, &small, &err) == CLIPSEARCH_E_IO && !small.rgb,
           "no side, no file: %s", err.message);
    FILE *file = fopen(gallery_example("../../tests/data/metadata/camera.jpg"), "rb");
    static char bytes[100000];
    const size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        fclose(file);
    TAP_OK(clipsearch_image_metadata(bytes, size, "camera", json, sizeof json, &length, &err) == CLIPSEARCH_OK &&
               strcmp(json, "{\"camera\":\"Canon EOS R5\"}") == 0 && length == strlen(json),
           "what a file says of its image: %s", json);
    TAP_OK(clipsearch_image_metadata(bytes, size, NULL, json, 10, &length, &err) == CLIPSEARCH_E_LIMIT && length > 100,
           "too little room: %s", err.message);
    TAP_OK(clipsearch_image_metadata(NULL, 0, NULL, json, sizeof json, &length, &err) == CLIPSEARCH_OK &&
               strcmp(json, "{}") == 0 &&
               clipsearch_image_metadata(NULL, 0, "colour", json, sizeof json, &length, &err) == CLIPSEARCH_E_ARGUMENT,
           "no bytes; no such name: %s", err.message);
}

/* The default model was trained so that these hold; any exchange of the towers' inputs breaks them. */
static void test_meaning(const gallery *g)
{
    const char *texts[] = {"a white dog", "a yellow banana"};
    const char *images[] = {"white-dog-grass.jpg", "banana-blue.jpg"};
    float t[2][DIM], p[2][DIM];
    bool ok = clipsearch_encode_texts(g->session, texts, 2, t[0], &err) == CLIPSEARCH_OK;
    for (int i = 0; i < 2; i++)
        ok = ok && clipsearch_encode_file(g->session, gallery_example(images[i]), p[i], &err) == CLIPSEARCH_OK;
    double s[2][2] = {{0}};
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            for (int d = 0; d < DIM; d++)
                s[i][j] += (double)t[i][d] * p[j][d];
    TAP_OK(ok && s[0][0] > s[0][1] && s[1][1] > s[1][0], "dog %.3f %.3f, banana %.3f %.3f: %s", s[0][0], s[0][1],
           s[1][0], s[1][1], ok ? "" : err.message);
}

static void test_towers(void)
{
    clipsearch_encoder_options options;
    clipsearch_encoder *e = NULL;
    clipsearch_session *s = NULL;
    float v[DIM];
    const char *text = "x";
    int32_t ids[64];
    size_t count;
    clipsearch_encoder_options_init(&options);
    options.towers = CLIPSEARCH_TEXT_TOWER;
    options.name = "mine";
    bool ok = clipsearch_encoder_open(gallery_model(), &options, &e, &err) == CLIPSEARCH_OK &&
              clipsearch_session_open(e, NULL, &s, &err) == CLIPSEARCH_OK;
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(e, &info, NULL);
    TAP_OK(ok && strcmp(info.name, "mine") == 0 && info.towers == CLIPSEARCH_TEXT_TOWER, "the text tower alone");
    TAP_OK(clipsearch_encode_texts(s, &text, 1, v, &err) == CLIPSEARCH_OK &&
               clipsearch_encode_file(s, "x.jpg", v, &err) == CLIPSEARCH_E_ARGUMENT,
           "encodes no image: %s", err.message);
    ok = clipsearch_tokenize(e, "a white dog", CLIPSEARCH_REFUSE, ids, 64, &count, &err) == CLIPSEARCH_OK;
    TAP_OK(ok && count >= 5 && ids[0] == 5212 && ids[count - 1] == 5213 && clipsearch_token_piece(e, ids[1]) &&
               !clipsearch_token_piece(e, -1) && !clipsearch_token_piece(e, 5214),
           "tokens: %d of them", (int)count);
    TAP_OK(clipsearch_tokenize(e, "a white dog", CLIPSEARCH_REFUSE, ids, 2, &count, &err) == CLIPSEARCH_E_LIMIT,
           "no room: %s", err.message);
    static char longest[4000];
    while (strlen(longest) < 3900)
        strcat(longest, "dog ");
    TAP_OK(clipsearch_tokenize(e, longest, CLIPSEARCH_REFUSE, ids, 64, &count, &err) == CLIPSEARCH_E_LIMIT,
           "too long: %s", err.message);
    ok = clipsearch_tokenize(e, longest, CLIPSEARCH_TRUNCATE, ids, 64, &count, &err) == CLIPSEARCH_OK;
    TAP_OK(ok && count == 32 && ids[31] == 5213, "or cut, the end token kept");
    const char *mixed[] = {longest, "dog", longest};
    float v3[3 * 512];
    TAP_OK(clipsearch_encode_texts(s, mixed, 3, v3, &err) == CLIPSEARCH_OK && clipsearch_session_truncated(s) == 2,
           "a session counts the texts that it truncates");
    TAP_OK(clipsearch_encode_texts(s, &mixed[1], 1, v3, &err) == CLIPSEARCH_OK && clipsearch_session_truncated(s) == 0,
           "of the last call only");
    clipsearch_session_close(&s);
    clipsearch_session_options so;
    clipsearch_session_options_init(&so);
    so.overflow = CLIPSEARCH_REFUSE;
    ok = clipsearch_session_open(e, &so, &s, &err) == CLIPSEARCH_OK;
    const char *two[] = {"dog", longest};
    TAP_OK(ok && clipsearch_encode_texts(s, two, 2, v, &err) == CLIPSEARCH_E_LIMIT, "a session that refuses: %s",
           err.message);
    clipsearch_session_close(&s);
    so.max_batch = 1 << 20;
    TAP_OK(clipsearch_session_open(e, &so, &s, &err) == CLIPSEARCH_E_ARGUMENT && !s, "max_batch: %s", err.message);
    clipsearch_encoder_close(&e);
    options.towers = CLIPSEARCH_IMAGE_TOWER;
    ok = clipsearch_encoder_open(gallery_model(), &options, &e, &err) == CLIPSEARCH_OK &&
         clipsearch_session_open(e, NULL, &s, &err) == CLIPSEARCH_OK;
    TAP_OK(ok && clipsearch_encode_texts(s, &text, 1, v, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_tokenize(e, "x", CLIPSEARCH_REFUSE, ids, 64, &count, &err) == CLIPSEARCH_E_ARGUMENT &&
               !clipsearch_token_piece(e, 1),
           "the image tower alone encodes no text: %s", err.message);
    clipsearch_session_close(&s);
    clipsearch_encoder_close(&e);
    TAP_OK(clipsearch_encoder_open("/none", NULL, &e, &err) == CLIPSEARCH_E_NOT_FOUND && !e, "no model: %s",
           err.message);
    options.towers = 4;
    TAP_OK(clipsearch_encoder_open(gallery_model(), &options, &e, &err) == CLIPSEARCH_E_ARGUMENT, "no such tower: %s",
           err.message);
    options = (clipsearch_encoder_options){.struct_size = sizeof(clipsearch_encoder_options), .towers = 1, .name = ""};
    TAP_OK(clipsearch_encoder_open(gallery_model(), &options, &e, &err) == CLIPSEARCH_E_ARGUMENT && !e, "no name: %s",
           err.message);
}

static void test_packed(gallery *g)
{
    clipsearch_encoder_options options;
    clipsearch_encoder *e = NULL;
    clipsearch_session *s = NULL;
    float a[DIM], b[DIM];
    clipsearch_encoder_options_init(&options);
    options.pack_weights = true;
    bool ok = clipsearch_encoder_open(gallery_model(), &options, &e, &err) == CLIPSEARCH_OK &&
              clipsearch_session_open(e, NULL, &s, &err) == CLIPSEARCH_OK;
    const char *path = gallery_example("banana-blue.jpg");
    TAP_OK(ok && clipsearch_encode_file(s, path, a, &err) == CLIPSEARCH_OK &&
               clipsearch_encode_file(g->session, path, b, &err) == CLIPSEARCH_OK && memcmp(a, b, sizeof a) == 0,
           "packed weights give the same bits");
    clipsearch_session_close(&s);
    clipsearch_encoder_close(&e);
}

int main(void)
{
    gallery g;
    gallery_open(&g, true);
    test_texts(&g);
    test_images(&g);
    test_small();
    test_meaning(&g);
    test_towers();
    test_packed(&g);
    gallery_close(&g);
    return tap_done();
}
