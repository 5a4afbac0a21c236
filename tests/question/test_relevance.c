/* SPDX-License-Identifier: MIT
 * test_relevance.c - relevance by the public interface, in a collection whose vectors are made from those of texts:
 * what is there is relevant and what is not is not, whatever the model's image tower knows; the calibration's file;
 * errors. */
#include "base/mem.h"
#include "question/calibration.h"
#include "support/gallery.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIM = 512, THINGS = 8, ABSENT = 6, IMAGES = 64 };

static const char *const things[THINGS] = {"a white dog", "a red bus", "three apples",        "a guitar",
                                           "a palm tree", "a clock",   "a boat on the water", "a smiling face"};
static const char *const absent[ABSENT] = {"a black cat",      "a green hat", "two bananas",
                                           "a train at night", "an umbrella", "a bowl of soup"};

static gallery g;
static clipsearch_error err;
static char cache[4096];

/* ---- a collection */

static uint64_t state = 1;

/* Of about the normal distribution. */
static double deviate(void)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        sum += (double)(state >> 33) / 2147483648.0;
    }
    return sum - 6;
}

static void normalise(double *v)
{
    double squared = 0;
    for (int d = 0; d < DIM; d++)
        squared += v[d] * v[d];
    for (int d = 0; d < DIM; d++)
        v[d] /= sqrt(squared);
}

/* The vector of an image that shows what `text` says: the text without the mean of texts, noise of 1.5 times its
 * length, and a direction that all images have and texts have not, as the towers of CLIP have it. */
static void make_image(const float *text, const double *mean, float *image)
{
    static double gap[DIM];
    double own[DIM], noise[DIM];
    for (int d = 0; d < DIM && gap[0] == 0; d++)
        gap[d] = d % 3 - 1;
    gap[0] = gap[0] == 0 ? 1 : gap[0];
    normalise(gap);
    for (int d = 0; d < DIM; d++) {
        own[d] = text[d] - mean[d];
        noise[d] = deviate();
    }
    normalise(own);
    normalise(noise);
    for (int d = 0; d < DIM; d++)
        own[d] += 1.5 * noise[d] + 1.5 * gap[d];
    normalise(own);
    for (int d = 0; d < DIM; d++)
        image[d] = (float)own[d];
}

/* Put images number [first, first + count), which show the things in turn, into `collection`. */
static bool put_images(clipsearch_collection *collection, int first, int count)
{
    static float texts[THINGS + ABSENT][DIM], vectors[IMAGES][DIM];
    static clipsearch_item items[IMAGES];
    static char paths[IMAGES][64];
    double mean[DIM] = {0};
    const char *all[THINGS + ABSENT];
    for (int i = 0; i < THINGS + ABSENT; i++)
        all[i] = i < THINGS ? things[i] : absent[i - THINGS];
    if (clipsearch_encode_texts(g.session, all, THINGS + ABSENT, texts[0], &err) != CLIPSEARCH_OK)
        return false;
    for (int i = 0; i < THINGS + ABSENT; i++)
        for (int d = 0; d < DIM; d++)
            mean[d] += texts[i][d] / (THINGS + ABSENT);
    for (int i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], "/images/%02d.jpg", first + i);
        items[i] = (clipsearch_item){.path = paths[i], .hash = {(uint8_t)(first + i)}, .width = 1, .height = 1};
        make_image(texts[(first + i) % THINGS], mean, vectors[i]);
    }
    return clipsearch_collection_put(collection, items, vectors[0], (size_t)count, NULL, &err) == CLIPSEARCH_OK;
}

static clipsearch_collection *new_collection(const char *name)
{
    clipsearch_collection *made = NULL;
    if (clipsearch_collection_ensure(g.db, name, g.encoder, CLIPSEARCH_COSINE, &made, &err) != CLIPSEARCH_OK)
        tap_note("%s: %s", name, err.message);
    return made;
}

/* ---- asking */

static clipsearch_part part_of_text(const char *text, double weight)
{
    clipsearch_part part;
    clipsearch_part_init(&part);
    part.text = text;
    part.weight = weight;
    return part;
}

static clipsearch_hits *ask_parts(clipsearch_collection *collection, const clipsearch_part *parts, size_t count,
                                  const clipsearch_calibration *calibration, float least)
{
    clipsearch_question question;
    clipsearch_question_init(&question);
    question.parts = parts;
    question.part_count = count;
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.calibration = calibration;
    options.min_relevance = least;
    clipsearch_hits *hits = NULL;
    if (clipsearch_ask(collection, g.session, &question, 1, 10, &options, &hits, &err) != CLIPSEARCH_OK)
        tap_note("%s", err.message);
    return hits;
}

static clipsearch_hits *ask(const char *text, const clipsearch_calibration *calibration, float least)
{
    const clipsearch_part part = part_of_text(text, 1);
    return ask_parts(g.collection, &part, 1, calibration, least);
}

static clipsearch_calibration *calibrate(const char *file)
{
    clipsearch_calibration *calibration = NULL;
    if (clipsearch_calibrate(g.collection, g.session, file, &calibration, &err) != CLIPSEARCH_OK)
        tap_note("%s", err.message);
    return calibration;
}

static int thing_of(const clipsearch_hit *hit)
{
    return atoi(strrchr(hit->path, '/') + 1) % THINGS;
}

/* ---- tests */

/* A calibration whose sentences are +1 and -1 times the first axis in turn, and whose images are 0.00, 0.01, ... of the
 * first axis. */
static clipsearch_calibration *known_calibration(size_t images)
{
    clipsearch_calibration *c = cs_calibration_make(2, images);
    for (size_t i = 0; i < CS_CALIBRATION_SENTENCES; i++)
        c->sentence[2 * i] = i % 2 ? 1 : -1;
    for (size_t i = 0; i < images; i++)
        c->image[2 * i] = (float)(images - 1 - i) / 100;
    c->nearest = 2;
    return c;
}

static void test_numbers(void)
{
    clipsearch_calibration *c = known_calibration(101);
    const float x[] = {1, 0}, y[] = {0, 1}, far[] = {3, 4};
    TAP_OK(fabs(cs_query_spread(c, x) - 0.34) < 1e-6, "from the median down to the score of 16 %%");
    TAP_OK(cs_query_spread(c, y) == 0, "no spread where all scores are equal");
    TAP_OK(fabs(cs_standing(c, x, 1, 0.25, far) - 0.6 / sqrt(0.25 * 0.6)) < 1e-6,
           "a standing, for an image of any length");
    TAP_OK(isnan(cs_standing(c, x, 1, 0, far)) && isnan(cs_standing(c, x, 1, 0.25, y)) &&
               isnan(cs_standing(c, x, 1, 0.25, (const float[]){0, 0})),
           "none without deviations, or for an image of zeros");
    for (size_t i = 0; i < CS_CALIBRATION_SENTENCES; i += 2)
        c->sentence[2 * i] = 0;
    TAP_OK(fabs(cs_standing(c, x, 1, 0.3, x) - 0.5 / sqrt(0.3 * 0.5)) < 1e-6 &&
               fabs(cs_standing(c, x, 0, 0.3, x) - 1 / sqrt(0.3 * 0.5)) < 1e-6,
           "less what it would be with the mean sentence, as often as texts are in the query");
    TAP_OK(isnan(cs_relevance(c, (double)NAN)) && cs_relevance(c, -9) >= 0 && cs_relevance(c, 99) <= 1 &&
               cs_relevance(c, 1) < 0.5F && cs_relevance(c, 2.5) > 0.5F && cs_relevance(c, 2.5) < cs_relevance(c, 2.6),
           "relevance is from 0 to 1, rises, and is 0.5 a little above the average sentence's");
    cs_calibration_free(&c);
    TAP_OK(!c, "it is freed");
    c = known_calibration(CS_CALIBRATION_LEAST);
    TAP_OK(fabs(cs_query_spread(c, x) - (0.045 - 0.0144)) < 1e-6, "the spread in the smallest sample");
    cs_calibration_free(&c);
}

/* The relevance of the first hit. */
static float best_relevance(const char *text, const clipsearch_calibration *calibration, int *thing)
{
    clipsearch_hits *hits = ask(text, calibration, 0);
    const clipsearch_hit *first = clipsearch_hits_get(hits, 0, 0);
    const float relevance = first ? first->relevance : -1;
    *thing = first ? thing_of(first) : -1;
    clipsearch_hits_free(&hits);
    return relevance;
}

static void test_things(void)
{
    clipsearch_calibration *calibration = calibrate(NULL);
    float there[THINGS], not_there[ABSENT];
    int thing, first = 0, relevant = 0, ordered = 0, right = 0, wrong = 0;
    for (int i = 0; i < THINGS; i++) {
        there[i] = best_relevance(things[i], calibration, &thing);
        first += thing == i;
        relevant += there[i] >= CLIPSEARCH_RELEVANT;
    }
    for (int i = 0; i < ABSENT; i++) {
        not_there[i] = best_relevance(absent[i], calibration, &thing);
        for (int j = 0; j < THINGS; j++)
            ordered += there[j] > not_there[i];
        tap_note("%s: %.2f", absent[i], (double)not_there[i]);
    }
    TAP_OK(first == THINGS && relevant == THINGS, "what is there is found and relevant (%d, %d of %d)", first, relevant,
           THINGS);
    TAP_OK(ordered >= THINGS * ABSENT * 9 / 10, "what is not there is less relevant: %d of %d pairs", ordered,
           THINGS * ABSENT);
    for (int i = 0; i < THINGS; i++) {
        clipsearch_hits *hits = ask(things[i], calibration, CLIPSEARCH_RELEVANT);
        for (size_t rank = 0; rank < clipsearch_hits_count(hits, 0); rank++)
            *(thing_of(clipsearch_hits_get(hits, 0, rank)) == i ? &right : &wrong) += 1;
        clipsearch_hits_free(&hits);
    }
    TAP_OK(right >= IMAGES * 8 / 10 && wrong <= right / 8, "nearly all of the images, and little else: %d of %d, %d",
           right, IMAGES, wrong);
    clipsearch_calibration_free(&calibration);
}

static void test_hits(void)
{
    clipsearch_calibration *calibration = calibrate(NULL);
    clipsearch_hits *plain = ask(things[0], NULL, 0), *rated = ask(things[0], calibration, 0);
    bool same = clipsearch_hits_count(plain, 0) == 10 && clipsearch_hits_count(rated, 0) == 10, none = true,
         sound = true;
    for (size_t i = 0; i < 10 && same; i++) {
        const clipsearch_hit *a = clipsearch_hits_get(plain, 0, i), *b = clipsearch_hits_get(rated, 0, i);
        same = a->id == b->id && a->score == b->score;
        none = none && isnan(a->relevance);
        sound = sound && b->relevance >= 0 && b->relevance <= 1;
    }
    TAP_OK(same, "relevance changes neither hits nor scores");
    TAP_OK(none, "without a calibration it is NaN");
    TAP_OK(sound, "with one it is a number");
    clipsearch_hits_free(&plain);
    clipsearch_hits_free(&rated);
    const clipsearch_part two[] = {part_of_text(things[0], 1), part_of_text(things[1], -0.3)};
    rated = ask_parts(g.collection, two, 2, calibration, CLIPSEARCH_RELEVANT);
    TAP_OK(clipsearch_hits_count(rated, 0) && thing_of(clipsearch_hits_get(rated, 0, 0)) == 0,
           "a question of two texts, one subtracted");
    clipsearch_hits_free(&rated);
    const clipsearch_part twice = part_of_text(things[0], 2);
    plain = ask(things[0], calibration, 0);
    rated = ask_parts(g.collection, &twice, 1, calibration, 0);
    TAP_OK(fabsf(clipsearch_hits_get(plain, 0, 0)->relevance - clipsearch_hits_get(rated, 0, 0)->relevance) < 1e-6F,
           "the weight of a single text does not matter");
    clipsearch_hits_free(&plain);
    clipsearch_hits_free(&rated);
    clipsearch_part like = part_of_text(NULL, 1);
    like.id = 1;
    rated = ask_parts(g.collection, &like, 1, calibration, 0);
    TAP_OK(clipsearch_hits_count(rated, 0) == 10 && isnan(clipsearch_hits_get(rated, 0, 0)->relevance),
           "a question with an image has none");
    clipsearch_hits_free(&rated);
    rated = ask_parts(g.collection, &like, 1, calibration, 0.01F);
    TAP_OK(rated && clipsearch_hits_count(rated, 0) == 0, "and nothing is left of it with min_relevance");
    clipsearch_hits_free(&rated);
    clipsearch_calibration_free(&calibration);
}

/* ---- the cache */

static bool is_same(const clipsearch_calibration *a, const clipsearch_calibration *b)
{
    return a && b && a->count == b->count && a->nearest == b->nearest && a->images == b->images &&
           memcmp(a->sentence, b->sentence, (CS_CALIBRATION_SENTENCES + a->images) * DIM * sizeof *a->sentence) == 0;
}

static void test_cache(void)
{
    clipsearch_calibration *made = calibrate(cache), *other = NULL;
    TAP_OK(made && access(cache, R_OK) == 0 && cs_calibration_read(cache, &other, &err) == CLIPSEARCH_OK &&
               is_same(made, other),
           "the calibration is stored: %s", err.message);
    other->nearest *= 2;
    TAP_OK(cs_calibration_write(cache, other, &err) == CLIPSEARCH_OK, "another number is written");
    clipsearch_calibration *read = calibrate(cache);
    TAP_OK(is_same(read, other), "and used");
    cs_calibration_free(&read);
    TAP_OK(put_images(g.collection, IMAGES, 6), "six images more: %s", err.message);
    read = calibrate(cache);
    TAP_OK(is_same(read, other), "a tenth of new images: it is still used");
    cs_calibration_free(&read);
    TAP_OK(put_images(g.collection, IMAGES + 6, 10), "ten more");
    read = calibrate(cache);
    TAP_OK(read && read->count == IMAGES + 16 && fabs(read->nearest / made->nearest - 1) < 0.2,
           "many new ones: it is made again");
    cs_calibration_free(&other);
    TAP_OK(cs_calibration_read(cache, &other, &err) == CLIPSEARCH_OK && is_same(read, other), "and stored");
    memset(other->fingerprint, 'f', 64);
    cs_calibration_write(cache, other, NULL);
    cs_calibration_free(&other);
    other = calibrate(cache);
    TAP_OK(is_same(other, read), "another encoder's file is not used");
    other->created--;
    other->nearest = 9;
    cs_calibration_write(cache, other, NULL);
    cs_calibration_free(&other);
    other = calibrate(cache);
    TAP_OK(is_same(other, read), "nor that of an older collection of the same name");
    cs_calibration_free(&other);
    other = calibrate("/nowhere/at/all");
    TAP_OK(is_same(other, read), "a file that cannot be written is no error");
    cs_calibration_free(&other);
    cs_calibration_free(&read);
    cs_calibration_free(&made);
}

/* Change each byte of the file in turn: it is refused, and made again. */
static void test_damage(void)
{
    static char bytes[1 << 20];
    FILE *in = fopen(cache, "rb");
    const size_t size = in ? fread(bytes, 1, sizeof bytes, in) : 0;
    if (in)
        fclose(in);
    size_t refused = 0, tried = 0;
    for (size_t at = 0; at < size; at += at < 128 ? 1 : 4999, tried++) {
        clipsearch_calibration *read = NULL;
        bytes[at] ^= 0x20;
        folder_write(&g.elsewhere, "damaged", bytes, size);
        bytes[at] ^= 0x20;
        refused +=
            cs_calibration_read(folder_path(&g.elsewhere, "damaged"), &read, &err) == CLIPSEARCH_E_FORMAT && !read;
        cs_calibration_free(&read);
    }
    TAP_OK(tried > 100 && refused == tried, "%zu of %zu changed bytes are noticed", refused, tried);
    refused = 0;
    for (size_t length = 0; length < 200; length++) {
        clipsearch_calibration *read = NULL;
        folder_write(&g.elsewhere, "damaged", bytes, length);
        refused +=
            cs_calibration_read(folder_path(&g.elsewhere, "damaged"), &read, &err) == CLIPSEARCH_E_FORMAT && !read;
    }
    TAP_OK(refused == 200, "and files cut short");
    folder_write(&g.elsewhere, "damaged", bytes, size / 2);
    clipsearch_calibration *made = calibrate(folder_path(&g.elsewhere, "damaged")), *read = NULL;
    TAP_OK(made && cs_calibration_read(folder_path(&g.elsewhere, "damaged"), &read, &err) == CLIPSEARCH_OK &&
               is_same(made, read),
           "a damaged file is replaced");
    cs_calibration_free(&made);
    cs_calibration_free(&read);
}

/* ---- errors */

static void is_refused(clipsearch_collection *collection, clipsearch_status expected, const char *message)
{
    clipsearch_calibration *calibration = (void *)&g;
    err.message[0] = '\0';
    clipsearch_status status = clipsearch_calibrate(collection, g.session, NULL, &calibration, &err);
    if (!TAP_OK(status == expected && !calibration && strstr(err.message, message), "%s", message))
        tap_note("status %d: %s", status, err.message);
    clipsearch_collection_close(&collection);
}

static void test_refused(void)
{
    is_refused(new_collection("empty"), CLIPSEARCH_E_UNSUPPORTED,
               "the collection empty has too few images for relevance (0); it takes 10");
    clipsearch_collection *few = new_collection("few");
    put_images(few, 0, 9);
    is_refused(few, CLIPSEARCH_E_UNSUPPORTED, "has too few images for relevance (9); it takes 10");
    few = new_collection("ten");
    put_images(few, 0, 10);
    clipsearch_calibration *calibration = NULL;
    TAP_OK(clipsearch_calibrate(few, g.session, NULL, &calibration, &err) == CLIPSEARCH_OK, "ten are enough: %s",
           err.message);
    clipsearch_calibration_free(&calibration);
    clipsearch_collection_close(&few);
    static float same[20][DIM];
    static clipsearch_item items[20];
    static char paths[20][32];
    for (int i = 0; i < 20; i++) {
        snprintf(paths[i], sizeof paths[i], "/same/%d.jpg", i);
        items[i] = (clipsearch_item){.path = paths[i], .width = 1, .height = 1};
        same[i][3] = 1;
    }
    clipsearch_collection *alike = new_collection("alike");
    clipsearch_collection_put(alike, items, same[0], 20, NULL, &err);
    is_refused(alike, CLIPSEARCH_E_UNSUPPORTED, "the images of the collection alike are all alike");
    TAP_OK(clipsearch_calibrate(NULL, g.session, NULL, &calibration, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_calibrate(g.collection, NULL, NULL, &calibration, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_calibrate(g.collection, g.session, NULL, NULL, &err) == CLIPSEARCH_E_ARGUMENT,
           "NULL");
    clipsearch_calibration_free(NULL);
    clipsearch_calibration_free(&calibration);
}

static void test_options(void)
{
    clipsearch_calibration *calibration = calibrate(NULL);
    const float wrong[] = {-0.1F, 1.1F, NAN, INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        clipsearch_hits *hits = ask("a dog", calibration, wrong[i]);
        TAP_OK(!hits && err.code == CLIPSEARCH_E_ARGUMENT && strstr(err.message, "0 to 1"), "%s", err.message);
    }
    clipsearch_hits *hits = ask("a dog", NULL, 0.5F);
    TAP_OK(!hits && err.code == CLIPSEARCH_E_ARGUMENT && strstr(err.message, "needs a calibration"), "%s", err.message);
    memset(calibration->fingerprint, 'f', 64);
    hits = ask("a dog", calibration, 0);
    TAP_OK(!hits && err.code == CLIPSEARCH_E_MISMATCH && strstr(err.message, "is for another encoder"), "%s",
           err.message);
    clipsearch_calibration_free(&calibration);
}

static void test_memory(void)
{
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    clipsearch_calibration *calibration = NULL;
    uint64_t n = 1;
    for (; status == CLIPSEARCH_E_MEMORY && n < 2000; n++) {
        cs_mem_fail_at(n);
        status = clipsearch_calibrate(g.collection, g.session, NULL, &calibration, &err);
        cs_mem_fail_at(0);
    }
    TAP_OK(status == CLIPSEARCH_OK && calibration && n > 10, "each of %d allocations of a calibration may fail: %s",
           (int)n - 2, status == CLIPSEARCH_OK ? "" : err.message);
    const clipsearch_part part = part_of_text("a dog", 1);
    clipsearch_hits *hits = NULL;
    for (n = 1; !hits && n < 2000; n++) {
        cs_mem_fail_at(n);
        hits = ask_parts(g.collection, &part, 1, calibration, 0.1F);
        cs_mem_fail_at(0);
    }
    TAP_OK(hits && n > 10, "and each of %d of a search", (int)n - 2);
    clipsearch_hits_free(&hits);
    clipsearch_calibration_free(&calibration);
}

int main(void)
{
    gallery_open(&g, true);
    snprintf(cache, sizeof cache, "%s", folder_path(&g.elsewhere, "calibration"));
    if (!TAP_OK(put_images(g.collection, 0, IMAGES), "%d images of %d things: %s", IMAGES, THINGS, err.message))
        return tap_done();
    test_numbers();
    test_things();
    test_hits();
    test_cache();
    test_damage();
    test_refused();
    test_options();
    test_memory();
    gallery_close(&g);
    return tap_done();
}
