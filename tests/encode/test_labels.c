/* SPDX-License-Identifier: MIT
 * test_labels.c - zero-shot classification: probabilities as by hand, templates, bad labels, stored vectors, and labels
 * written as attributes. */
#include "base/mem.h"
#include "support/gallery.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 512 };

static clipsearch_error err;
static gallery g;

static clipsearch_status open_labels(const char *const *labels, size_t count, const char *const *templates,
                                     size_t template_count, clipsearch_labels **opened)
{
    clipsearch_labels_options options;
    clipsearch_labels_options_init(&options);
    options.templates = templates;
    options.template_count = template_count;
    return clipsearch_labels_open(g.session, labels, count, &options, opened, &err);
}

static double dot(const float *a, const float *b)
{
    double sum = 0;
    for (int d = 0; d < DIM; d++)
        sum += (double)a[d] * b[d];
    return sum;
}

/* The vector of a label, made by hand: the mean of its vectors in the templates, of length 1. */
static void encode_label(const char *label, const char *const *templates, size_t count, float *vector)
{
    float one[DIM];
    memset(vector, 0, DIM * sizeof *vector);
    for (size_t t = 0; t < count; t++) {
        char prompt[200];
        const char *prompts[1] = {prompt}, *at = strstr(templates[t], "{}");
        snprintf(prompt, sizeof prompt, "%.*s%s%s", (int)(at - templates[t]), templates[t], label, at + 2);
        if (clipsearch_encode_texts(g.session, prompts, 1, one, &err) != CLIPSEARCH_OK)
            abort();
        for (int d = 0; d < DIM; d++)
            vector[d] += one[d];
    }
    const double norm = sqrt(dot(vector, vector));
    for (int d = 0; d < DIM; d++)
        vector[d] = (float)(vector[d] / norm);
}

static void test_probabilities(const char *const *templates, size_t count, const char *const *given, size_t given_count)
{
    static const char *const names[] = {"dog", "cat", "car", "bus"};
    static float labels[4][DIM], image[DIM], twice[DIM];
    clipsearch_encoder_info info;
    clipsearch_labels *opened = NULL;
    clipsearch_label_score best[4], same[4];
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(g.encoder, &info, NULL);
    for (size_t i = 0; i < 4; i++)
        encode_label(names[i], templates, count, labels[i]);
    bool ok = clipsearch_encode_file(g.session, gallery_example("yellow-bus-road.jpg"), image, &err) == CLIPSEARCH_OK &&
              open_labels(names, 4, given, given_count, &opened) == CLIPSEARCH_OK &&
              clipsearch_labels_rank(opened, image, 1, 4, best, &err) == CLIPSEARCH_OK;
    double sum = 0, total = 0, worst = 0;
    for (size_t i = 0; i < 4; i++)
        sum += exp(info.logit_scale * dot(labels[i], image));
    for (size_t i = 0; i < 4 && ok; i++) {
        const double score = dot(labels[best[i].label], image), expected = exp(info.logit_scale * score) / sum;
        worst = fmax(worst, fmax(fabs(score - best[i].score) * 10, fabs(expected - best[i].probability)));
        total += best[i].probability;
        ok = !i || best[i].score <= best[i - 1].score;
    }
    TAP_OK(ok && worst < 2e-5 && fabs(total - 1) < 1e-5, "%zu templates: probabilities as by hand, differing by %.1e",
           count, worst);
    TAP_OK(ok && best[0].label == 3, "the bus is a bus");
    for (int d = 0; d < DIM; d++)
        twice[d] = 2 * image[d];
    TAP_OK(ok && clipsearch_labels_rank(opened, twice, 1, 2, same, &err) == CLIPSEARCH_OK &&
               same[0].label == best[0].label && fabsf(same[0].probability - best[0].probability) < 1e-5f &&
               same[1].label == best[1].label,
           "the length of a vector does not matter, and k is how many are wanted");
    static const float lengths[] = {1e-12f, 1e-30f, 1e18f, 1e25f, 1e38f}; /* many have squares that are no floats */
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (int d = 0; d < DIM; d++)
            twice[d] = lengths[i] * image[d];
        TAP_OK(ok && clipsearch_labels_rank(opened, twice, 1, 2, same, &err) == CLIPSEARCH_OK &&
                   same[0].label == best[0].label && fabsf(same[0].probability - best[0].probability) < 1e-5f &&
                   fabsf(same[0].score - best[0].score) < 1e-6f,
               "nor does it at %g %s", (double)lengths[i], ok ? err.message : "");
    }
    clipsearch_labels_close(&opened);
}

static void test_examples(void)
{
    static const struct {
        const char *file, *label;
    } cases[] = {{"white-dog-grass.jpg", "dog"},  {"cat-snow.jpg", "cat"},       {"red-car-white.jpg", "car"},
                 {"fish-sea.jpg", "fish"},        {"house-snow.jpg", "house"},   {"two-bananas.jpg", "banana"},
                 {"penguin-snow.jpg", "penguin"}, {"rocket-black.jpg", "rocket"}};
    const char *names[8];
    clipsearch_labels *opened = NULL;
    for (size_t i = 0; i < 8; i++)
        names[i] = cases[i].label;
    size_t right = 0;
    if (open_labels(names, 8, NULL, 0, &opened) == CLIPSEARCH_OK)
        for (size_t i = 0; i < 8; i++) {
            float image[DIM];
            clipsearch_label_score best;
            right += clipsearch_encode_file(g.session, gallery_example(cases[i].file), image, &err) == CLIPSEARCH_OK &&
                     clipsearch_labels_rank(opened, image, 1, 1, &best, &err) == CLIPSEARCH_OK && best.label == i;
        }
    TAP_OK(right == 8, "%zu of 8 example images get their labels", right);
    clipsearch_labels_close(&opened);
}

static bool is_refused(clipsearch_status status, const char *const *labels, size_t count, const char *template,
                       const char *message)
{
    clipsearch_labels *opened = NULL;
    const clipsearch_status got = open_labels(labels, count, template ? &template : NULL, template != NULL, &opened);
    const bool refused = got == status && !opened && strstr(err.message, message);
    if (!refused)
        tap_note("%d: %s", (int)got, err.message);
    clipsearch_labels_close(&opened);
    return refused;
}

static void test_bad(void)
{
    static char longest[20001], wordy[401];
    static const char *const good[] = {"dog", "cat"}, *const empty[] = {"dog", ""}, *const blank[] = {" \t", "dog"},
                             *const twice[] = {"dog", "cat", "dog"}, *const null[] = {"dog", NULL};
    memset(longest, 'a', 20000);
    for (size_t i = 0; i < 400; i += 4)
        memcpy(wordy + i, "dog ", 4);
    const char *const too_long[] = {"cat", longest}, *const too_wordy[] = {"cat", wordy};
    TAP_OK(is_refused(CLIPSEARCH_E_ARGUMENT, good, 0, NULL, "there is no label"), "no label");
    TAP_OK(is_refused(CLIPSEARCH_E_ARGUMENT, good, 1, NULL, "only one label"), "one label");
    TAP_OK(is_refused(CLIPSEARCH_E_ARGUMENT, empty, 2, NULL, "label 2 is empty"), "an empty label");
    TAP_OK(is_refused(CLIPSEARCH_E_ARGUMENT, blank, 2, NULL, "label 1 is empty"), "a label of spaces");
    TAP_OK(is_refused(CLIPSEARCH_E_ARGUMENT, null, 2, NULL, "label 2 is NULL"), "a label that is NULL");
    TAP_OK(is_refused(CLIPSEARCH_E_ARGUMENT, twice, 3, NULL, "\"dog\" is given twice"), "a label twice");
    TAP_OK(is_refused(CLIPSEARCH_E_LIMIT, too_long, 2, NULL, "label 2 has more than 10000 bytes"), "20,000 bytes");
    TAP_OK(is_refused(CLIPSEARCH_E_LIMIT, too_wordy, 2, NULL, "than the 32 tokens that the model reads"),
           "more than the model reads");
    TAP_OK(is_refused(CLIPSEARCH_E_ARGUMENT, good, 2, "a photo", "must have {} once"), "a template without a place");
    TAP_OK(is_refused(CLIPSEARCH_E_ARGUMENT, good, 2, "{} and {}", "must have {} once"), "a template with two");
    clipsearch_encoder_options options;
    clipsearch_encoder_options_init(&options);
    options.towers = CLIPSEARCH_IMAGE_TOWER;
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    clipsearch_labels *opened = NULL;
    TAP_OK(clipsearch_encoder_open(gallery_model(), &options, &encoder, &err) == CLIPSEARCH_OK &&
               clipsearch_session_open(encoder, NULL, &session, &err) == CLIPSEARCH_OK &&
               clipsearch_labels_open(session, good, 2, NULL, &opened, &err) == CLIPSEARCH_E_ARGUMENT && !opened,
           "an encoder without its text tower: %s", err.message);
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    float zeros[DIM] = {0};
    clipsearch_label_score best[3];
    TAP_OK(open_labels(good, 2, NULL, 0, &opened) == CLIPSEARCH_OK &&
               clipsearch_labels_rank(opened, zeros, 1, 1, best, &err) == CLIPSEARCH_E_ARGUMENT,
           "a vector of zeros: %s", err.message);
    zeros[7] = NAN;
    TAP_OK(clipsearch_labels_rank(opened, zeros, 1, 1, best, &err) == CLIPSEARCH_E_ARGUMENT, "a NaN");
    zeros[7] = 1;
    TAP_OK(clipsearch_labels_rank(opened, zeros, 1, 0, best, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_labels_rank(opened, zeros, 1, 3, best, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_labels_rank(NULL, zeros, 1, 1, best, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_labels_rank(opened, zeros, 1, 2, best, &err) == CLIPSEARCH_OK,
           "labels that are not there");
    clipsearch_labels_close(&opened);
}

static void test_many(void)
{
    enum { MANY = 2000 };
    static char texts[MANY][16];
    static const char *labels[MANY];
    static clipsearch_label_score best[MANY], few[40];
    float image[DIM];
    clipsearch_labels *opened = NULL;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof texts[i], "thing %zu", i);
        labels[i] = i == 1321 ? "red bus" : texts[i];
    }
    bool ok = open_labels(labels, MANY, NULL, 0, &opened) == CLIPSEARCH_OK &&
              clipsearch_encode_file(g.session, gallery_example("red-bus-blue.jpg"), image, &err) == CLIPSEARCH_OK &&
              clipsearch_labels_rank(opened, image, 1, MANY, best, &err) == CLIPSEARCH_OK;
    double sum = 0;
    for (size_t i = 0; i < MANY && ok; i++)
        sum += best[i].probability;
    TAP_OK(ok && best[0].label == 1321 && fabs(sum - 1) < 1e-4, "2,000 labels: %s", ok ? "the right one" : err.message);
    for (size_t k = 1; k <= 40 && ok; k++)
        ok = clipsearch_labels_rank(opened, image, 1, k, few, &err) == CLIPSEARCH_OK &&
             memcmp(few, best, k * sizeof *few) == 0;
    TAP_OK(ok, "the first of them are the same for every k");
    clipsearch_labels_close(&opened);
}

static void test_memory(void)
{
    static const char *const names[] = {"dog", "cat", "car"};
    clipsearch_labels *opened = NULL;
    clipsearch_label_score best[3];
    float image[DIM] = {1};
    uint64_t n = 0;
    clipsearch_status status;
    do {
        cs_mem_fail_at(++n);
        status = open_labels(names, 3, NULL, 0, &opened);
        if (status == CLIPSEARCH_OK)
            status = clipsearch_labels_rank(opened, image, 1, 3, best, &err);
        clipsearch_labels_close(&opened);
    } while (status == CLIPSEARCH_E_MEMORY && n < 1000);
    cs_mem_fail_at(0);
    TAP_OK(status == CLIPSEARCH_OK && n > 5, "each of %llu allocations fails once", (unsigned long long)n - 1);
}

/* ---------------------------------------------------------------- stored vectors and attributes */

static bool attributes_are(const char *name, const char *want)
{
    row r;
    const bool same = gallery_row(&g, name, &r) && strcmp(r.attributes, want) == 0;
    if (!same)
        tap_note("%s: %s", name, r.attributes);
    return same;
}

static size_t matching(const char *filter)
{
    clipsearch_hits *hits = NULL;
    if (clipsearch_query(g.collection, filter, SIZE_MAX, 0, &hits, &err) != CLIPSEARCH_OK)
        tap_note("%s", err.message);
    const size_t count = clipsearch_hits_count(hits, 0);
    clipsearch_hits_free(&hits);
    return count;
}

static void test_collection(void)
{
    float stored[2][DIM], again[DIM];
    row a, b;
    gallery_image(&g, "a.png", 1);
    gallery_image(&g, "b.png", 2);
    bool ok = gallery_ingest(&g, NULL) == CLIPSEARCH_OK && gallery_row(&g, "a.png", &a) && gallery_row(&g, "b.png", &b);
    const int64_t ids[] = {b.id, a.id}, none[] = {a.id, 999};
    TAP_OK(ok && clipsearch_collection_vectors(g.collection, ids, 2, stored[0], &err) == CLIPSEARCH_OK &&
               memcmp(stored[0], b.vector, sizeof stored[0]) == 0 &&
               memcmp(stored[1], a.vector, sizeof stored[1]) == 0 &&
               clipsearch_encode_file(g.session, folder_path(&g.images, "a.png"), again, &err) == CLIPSEARCH_OK &&
               memcmp(again, stored[1], sizeof again) == 0,
           "stored vectors are those of the files %s", err.message);
    TAP_OK(clipsearch_collection_vectors(g.collection, none, 2, stored[0], &err) == CLIPSEARCH_E_NOT_FOUND,
           "an id that is not there: %s", err.message);
    const char *const first[] = {"{\"animal\":\"dog\",\"animal_probability\":0.75}",
                                 "{\"animal\":\"c\\u00e4t\",\"x\":[1,{}]}"};
    TAP_OK(clipsearch_collection_merge_attributes(g.collection, ids, first, 2, &err) == CLIPSEARCH_OK &&
               attributes_are("b.png", first[0]) && attributes_are("a.png", first[1]),
           "attributes are stored %s", err.message);
    TAP_OK(matching("animal == \"dog\" and animal_probability > 0.7") == 1 && matching("animal == \"dog\"") == 1 &&
               matching("animal_probability > 0.8") == 0,
           "and filters use them");
    const char *const second[] = {"{\"animal\":null,\"y\":2}", "{}"};
    TAP_OK(clipsearch_collection_merge_attributes(g.collection, ids, second, 2, &err) == CLIPSEARCH_OK &&
               attributes_are("b.png", "{\"animal_probability\":0.75,\"y\":2}"),
           "a null removes one, and the others stay");
    const char *const bad[] = {"{\"z\":1}", "[1]"}, *const broken[] = {"{\"z\":1}", "{"};
    TAP_OK(clipsearch_collection_merge_attributes(g.collection, ids, bad, 2, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_collection_merge_attributes(g.collection, ids, broken, 2, &err) == CLIPSEARCH_E_ARGUMENT &&
               matching("z is not null") == 0,
           "no object: nothing is changed: %s", err.message);
    const char *const other[] = {"{\"z\":1}", "{\"z\":2}"};
    TAP_OK(clipsearch_collection_merge_attributes(g.collection, none, other, 2, &err) == CLIPSEARCH_OK &&
               matching("z is not null") == 1,
           "an id that is not there is ignored");
    char *huge = malloc(1100000);
    memset(huge, 'a', 1100000);
    memcpy(huge, "{\"h\":\"", 6);
    strcpy(huge + 1099990, "\"}");
    const char *const large[] = {huge};
    TAP_OK(clipsearch_collection_merge_attributes(g.collection, ids, large, 1, &err) == CLIPSEARCH_E_ARGUMENT &&
               matching("h is not null") == 0,
           "attributes that would be too large: %s", err.message);
    free(huge);
    TAP_OK(gallery_row(&g, "b.png", &b) && memcmp(b.vector, stored[0], sizeof again) != 0 && gallery_count(&g) == 2 &&
               gallery_ingest(&g, NULL) == CLIPSEARCH_OK && g.report.unchanged == 2,
           "the items are as they were");
}

int main(void)
{
    gallery_open(&g, true);
    static const char *const photo[] = {"a photo of a {}."}, *const three[] = {"{}", "a big {}", "the {} there"};
    test_probabilities(photo, 1, NULL, 0);
    test_probabilities(three, 3, three, 3);
    test_examples();
    test_bad();
    test_many();
    test_memory();
    test_collection();
    gallery_close(&g);
    return tap_done();
}
