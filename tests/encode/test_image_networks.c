/* SPDX-License-Identifier: MIT
 * test_image_networks.c - encoders for images only: what they are, the texts they refuse, and what
 * collections of their vectors do. */
#include "clipsearch.h"
#include "support/folder.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static clipsearch_error err;

static const char *fixture(const char *name)
{
    static char path[4096];
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    snprintf(path, sizeof path, "%s/tests/data/cnn-tiny/%s", root ? root : ".", name);
    return path;
}

static void test_described(void)
{
    static const struct {
        const char *name, *architecture, *preprocessing;
        size_t dim, size;
        clipsearch_metric metric;
        bool normalized;
    } cases[] = {
        {"resnet34", "resnet34", "resize 80 bicubic, crop 72, mean 0.485", 13, 72, CLIPSEARCH_COSINE, true},
        {"resnet50", "resnet50", "resize 80 bilinear, crop 72, mean 0.485", 24, 72, CLIPSEARCH_L2, false},
        {"vgg16", "vgg16", "resize 48 bilinear, crop 40", 13, 40, CLIPSEARCH_L2, true},
        {"vgg16-keras", "vgg16-keras", "squash 40 nearest, bgr, unscaled, mean 103.939 116.779 123.68, std 1 1 1", 9,
         40, CLIPSEARCH_L2, true},
        {"mobilenet-v2", "mobilenet-v2", "resize 48 bilinear, crop 40", 1280, 40, CLIPSEARCH_COSINE, true},
        {"efficientnet-lite0", "efficientnet-lite0",
         "resize 56 bicubic, crop 48, unscaled, mean 127 127 127, std 128 128 128", 1280, 48, CLIPSEARCH_COSINE, true},
        {"efficientnet-lite0-timm", "efficientnet-lite0",
         "resize 54 bicubic, crop 48, mean 0.5 0.5 0.5, std 0.5 0.5 0.5", 1280, 48, CLIPSEARCH_COSINE, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clipsearch_encoder *encoder = NULL;
        clipsearch_encoder_info info;
        clipsearch_encoder_info_init(&info);
        if (!TAP_OK(clipsearch_encoder_open(fixture(cases[i].name), NULL, &encoder, &err) == CLIPSEARCH_OK,
                    "%s opens when both towers are asked for", cases[i].name))
            continue;
        clipsearch_encoder_describe(encoder, &info, NULL);
        TAP_OK(strcmp(info.name, cases[i].name) == 0 && strcmp(info.architecture, cases[i].architecture) == 0 &&
                   info.dim == cases[i].dim && info.image_size == cases[i].size && info.metric == cases[i].metric &&
                   info.normalized == cases[i].normalized && info.towers == CLIPSEARCH_IMAGE_TOWER &&
                   info.context_length == 0 && info.vocabulary == 0,
               "%s: %s of %zu", info.name, info.architecture, info.dim);
        TAP_OK(strncmp(info.preprocessing, cases[i].preprocessing, strlen(cases[i].preprocessing)) == 0, "%s",
               info.preprocessing);
        clipsearch_encoder_close(&encoder);
    }
}

static void test_texts(void)
{
    clipsearch_encoder_options options;
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    const char *text = "a dog";
    float vector[24];
    int32_t ids[4];
    size_t count;
    clipsearch_encoder_options_init(&options);
    options.towers = CLIPSEARCH_TEXT_TOWER;
    TAP_OK(clipsearch_encoder_open(fixture("resnet50"), &options, &encoder, &err) == CLIPSEARCH_E_ARGUMENT &&
               !encoder && strstr(err.message, "images only"),
           "its text tower: %s", err.message);
    if (clipsearch_encoder_open(fixture("resnet50"), NULL, &encoder, &err) != CLIPSEARCH_OK ||
        clipsearch_session_open(encoder, NULL, &session, &err) != CLIPSEARCH_OK) {
        TAP_OK(false, "%s", err.message);
        return;
    }
    TAP_OK(clipsearch_encode_texts(session, &text, 1, vector, &err) == CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "resnet50") && strstr(err.message, "CLIP model"),
           "a text: %s", err.message);
    TAP_OK(clipsearch_tokenize(encoder, text, CLIPSEARCH_TRUNCATE, ids, 4, &count, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_token_piece(encoder, 0) == NULL,
           "tokens: %s", err.message);
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
}

enum { MOST_DIM = 1280, PICTURES = 3 };

/* The vectors [PICTURES, MOST_DIM] of some pictures in one precision, on some threads; false: an error. */
static bool encode_pictures(const char *name, clipsearch_precision precision, unsigned threads, float *vectors,
                            clipsearch_encoder_info *info, char fingerprint[65])
{
    static const char *const pictures[PICTURES] = {"white-dog-grass", "cat-snow", "red-bus-blue"};
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    clipsearch_encoder_options options;
    clipsearch_session_options how;
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    clipsearch_encoder_options_init(&options);
    clipsearch_session_options_init(&how);
    options.precision = precision;
    how.threads = threads;
    bool good = clipsearch_encoder_open(fixture(name), &options, &encoder, &err) == CLIPSEARCH_OK &&
                clipsearch_session_open(encoder, &how, &session, &err) == CLIPSEARCH_OK;
    for (size_t i = 0; i < PICTURES && good; i++) {
        char path[4200];
        snprintf(path, sizeof path, "%s/examples/pictures/%s.jpg", root ? root : ".", pictures[i]);
        good = clipsearch_encode_file(session, path, vectors + i * MOST_DIM, &err) == CLIPSEARCH_OK;
    }
    if (good) {
        clipsearch_encoder_describe(encoder, info, NULL);
        snprintf(fingerprint, 65, "%s", info->fingerprint);
    }
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    return good;
}

static double cosine(const float *a, const float *b, size_t n)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

/* Every network in 8 bits: near its vectors in floats, the same over any number of threads, and the same encoder. */
static void test_int8(void)
{
    static const struct {
        const char *name;
        bool narrow; /* its convolutions have so few channels that all of them stay in floats */
    } nets[] = {{"resnet34", false},    {"resnet50", false},    {"vgg16", false},
                {"vgg16-keras", false}, {"mobilenet-v2", true}, {"efficientnet-lite0", true}};
    static float floats[PICTURES * MOST_DIM], coded[2][PICTURES * MOST_DIM];
    for (size_t n = 0; n < sizeof nets / sizeof *nets; n++) {
        clipsearch_encoder_info info;
        char fingerprints[3][65] = {""};
        double least = 1;
        memset(floats, 0, sizeof floats);
        memset(coded, 0, sizeof coded);
        clipsearch_encoder_info_init(&info);
        bool good = encode_pictures(nets[n].name, CLIPSEARCH_PRECISION_F32, 1, floats, &info, fingerprints[0]) &&
                    info.image_precision == CLIPSEARCH_PRECISION_F32;
        for (unsigned threads = 1; threads <= 2; threads++)
            good = good &&
                   encode_pictures(nets[n].name, CLIPSEARCH_PRECISION_INT8, threads, coded[threads - 1], &info,
                                   fingerprints[threads]) &&
                   info.image_precision == CLIPSEARCH_PRECISION_INT8;
        for (size_t i = 0; i < PICTURES; i++)
            least = fmin(least, cosine(floats + i * MOST_DIM, coded[0] + i * MOST_DIM, info.dim));
        good =
            good && memcmp(coded[0], coded[1], sizeof coded[0]) == 0 && strcmp(fingerprints[0], fingerprints[1]) == 0;
        const bool same = memcmp(floats, coded[0], sizeof floats) == 0;
        TAP_OK(good && least > 0.99 && same == nets[n].narrow, "%s in int8: cosine to f32 at least %.5f%s",
               nets[n].name, least, good ? "" : err.message);
    }
}

/* A weight file by itself is recognised as the directory is, but for what only the directory says. */
static void test_file(void)
{
    char path[4200];
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    snprintf(path, sizeof path, "%s/model.safetensors", fixture("resnet34"));
    bool opened = clipsearch_encoder_open(path, NULL, &encoder, &err) == CLIPSEARCH_OK;
    if (opened)
        clipsearch_encoder_describe(encoder, &info, NULL);
    TAP_OK(opened && strcmp(info.name, "model") == 0 && strcmp(info.path, path) == 0 && info.image_size == 224 &&
               strncmp(info.preprocessing, "resize 256 bicubic, crop 224", 28) == 0,
           "a file: %s, %s", opened ? info.name : err.message, opened ? info.preprocessing : "");
    char first[65] = "";
    if (opened)
        snprintf(first, sizeof first, "%s", info.fingerprint);
    clipsearch_encoder_close(&encoder);
    if (clipsearch_encoder_open(fixture("resnet34"), NULL, &encoder, &err) == CLIPSEARCH_OK)
        clipsearch_encoder_describe(encoder, &info, NULL);
    TAP_OK(encoder && strcmp(first, info.fingerprint) != 0, "another image size is another encoder");
    clipsearch_encoder_close(&encoder);
}

/* Ingest four images with an encoder whose vectors are not of length 1, by each metric. */
static void test_collection(clipsearch_metric metric)
{
    folder images, elsewhere;
    char db_path[4200];
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_hits *hits = NULL;
    clipsearch_ingest_options in;
    clipsearch_source source;
    clipsearch_ingest_report report;
    clipsearch_ingest_report_init(&report);
    float query[24];
    folder_make(&images);
    folder_make(&elsewhere);
    snprintf(db_path, sizeof db_path, "%s", folder_path(&elsewhere, "x.db"));
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    clipsearch_ingest_options_init(&in);
    clipsearch_source_init(&source);
    char example[4200];
    snprintf(example, sizeof example, "%s/examples/pictures", root ? root : ".");
    source.path = example;
    static const char *const include[] = {"white-*.jpg"};
    source.include = include;
    source.include_count = 1;
    in.sources = &source;
    in.source_count = 1;
    bool good = clipsearch_encoder_open(fixture("resnet50"), NULL, &encoder, &err) == CLIPSEARCH_OK &&
                clipsearch_session_open(encoder, NULL, &session, &err) == CLIPSEARCH_OK &&
                clipsearch_database_open(db_path, CLIPSEARCH_CREATE, &db, &err) == CLIPSEARCH_OK &&
                clipsearch_collection_ensure(db, "c", encoder, metric, &collection, &err) == CLIPSEARCH_OK &&
                clipsearch_ingest(collection, session, &in, &report, &err) == CLIPSEARCH_OK;
    TAP_OK(good && report.inserted > 5, "%d images are ingested %s", good ? (int)report.inserted : 0,
           good ? "" : err.message);
    snprintf(example, sizeof example, "%s/examples/pictures/white-dog-grass.jpg", root ? root : ".");
    good = good && clipsearch_encode_file(session, example, query, &err) == CLIPSEARCH_OK &&
           clipsearch_search(collection, query, 1, 3, NULL, &hits, &err) == CLIPSEARCH_OK;
    double length = 0;
    for (int i = 0; i < 24 && good; i++)
        length += (double)query[i] * query[i];
    const clipsearch_hit *hit = good ? clipsearch_hits_get(hits, 0, 0) : NULL;
    double want = metric == CLIPSEARCH_COSINE ? 1 : metric == CLIPSEARCH_L2 ? 0 : length;
    TAP_OK(hit && fabs(length - 1) > 0.1 &&
               (metric == CLIPSEARCH_IP || (strstr(hit->path, "white-dog-grass") && fabs(hit->score - want) < 1e-5)),
           "metric %d: itself first, %g (its vector's squared length is %.3f)", (int)metric,
           hit ? (double)hit->score : -1, length);
    clipsearch_hits_free(&hits);
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    folder_remove(&images);
    folder_remove(&elsewhere);
}

int main(void)
{
    test_described();
    test_texts();
    test_int8();
    test_file();
    test_collection(CLIPSEARCH_L2);
    test_collection(CLIPSEARCH_COSINE);
    test_collection(CLIPSEARCH_IP);
    return tap_done();
}
