/* SPDX-License-Identifier: MIT
 * test_ask.c - questions by the public interface: vectors against sums worked out here, a question's own images, and
 * every error. */
#include "base/mem.h"
#include "support/gallery.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 512 };

static gallery g;
static clipsearch_error err;

static clipsearch_part part_of_text(const char *text, double weight)
{
    clipsearch_part part;
    clipsearch_part_init(&part);
    part.text = text;
    part.weight = weight;
    return part;
}

static clipsearch_part part_of_path(const char *path)
{
    clipsearch_part part;
    clipsearch_part_init(&part);
    part.path = path;
    return part;
}

static clipsearch_part part_of_id(int64_t id)
{
    clipsearch_part part;
    clipsearch_part_init(&part);
    part.id = id;
    return part;
}

static clipsearch_question question_of(const clipsearch_part *parts, size_t count)
{
    clipsearch_question question;
    clipsearch_question_init(&question);
    question.parts = parts;
    question.part_count = count;
    return question;
}

static void unit(double *vector)
{
    double squared = 0;
    for (int d = 0; d < DIM; d++)
        squared += vector[d] * vector[d];
    for (int d = 0; d < DIM; d++)
        vector[d] /= sqrt(squared);
}

/* 1.5 * a + b - 0.5 * c, brought to length 1, by the vectors of encode_texts. */
static void test_vectors(void)
{
    static float texts[3][DIM], got[2][DIM], image[DIM];
    static double sum[DIM];
    const char *const words[] = {"a dog", "the snow", "a man with a long beard and a red hat"};
    const double weights[] = {1.5, 1, -0.5};
    clipsearch_part parts[3];
    for (int i = 0; i < 3; i++)
        parts[i] = part_of_text(words[i], weights[i]);
    const clipsearch_part file = part_of_path(folder_path(&g.images, "a.png"));
    const clipsearch_question questions[] = {question_of(parts, 3), question_of(&file, 1)};
    TAP_OK(clipsearch_question_vectors(g.collection, g.session, questions, 2, got[0], &err) == CLIPSEARCH_OK &&
               clipsearch_encode_texts(g.session, words, 3, texts[0], &err) == CLIPSEARCH_OK &&
               clipsearch_encode_file(g.session, file.path, image, &err) == CLIPSEARCH_OK,
           "two questions, one of three texts %s", err.message);
    for (int d = 0; d < DIM; d++)
        for (int i = 0; i < 3; i++)
            sum[d] += weights[i] * texts[i][d];
    unit(sum);
    double worst = 0;
    for (int d = 0; d < DIM; d++)
        worst = fmax(worst, fabs(sum[d] - got[0][d]));
    TAP_OK(worst < 1e-6, "the sum worked out here (largest difference %.1e)", worst);
    TAP_OK(memcmp(image, got[1], sizeof image) == 0, "one image: the bits of encode_file");
    static float alone[DIM];
    TAP_OK(clipsearch_question_vectors(g.collection, g.session, questions, 1, alone, &err) == CLIPSEARCH_OK &&
               memcmp(alone, got[0], sizeof alone) == 0,
           "the same bits alone");
    static float stored[DIM];
    row a;
    gallery_row(&g, "a.png", &a);
    clipsearch_part id = part_of_id(a.id), vector = part_of_text(NULL, 1);
    vector.vector = a.vector;
    const clipsearch_part both[] = {id, vector};
    const clipsearch_question by_id = question_of(both, 2);
    TAP_OK(clipsearch_question_vectors(g.collection, NULL, &by_id, 1, stored, &err) == CLIPSEARCH_OK,
           "an item and a vector need no session");
    worst = 0;
    for (int d = 0; d < DIM; d++)
        worst = fmax(worst, fabs((double)stored[d] - a.vector[d]));
    TAP_OK(worst < 1e-6, "an item and its own vector are the item");
}

/* The names of the hits, in their order, each followed by a blank. */
static const char *names(const clipsearch_hits *hits, size_t query)
{
    static char out[512];
    out[0] = '\0';
    for (size_t i = 0; i < clipsearch_hits_count(hits, query); i++)
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s ",
                 strrchr(clipsearch_hits_get(hits, query, i)->path, '/') + 1);
    return out;
}

/* Whether a question's hits have these names, in any order; `count` of them. */
static bool finds(const clipsearch_part *parts, size_t part_count, size_t k, bool with_self, size_t count,
                  const char *without)
{
    clipsearch_hits *hits = NULL;
    clipsearch_question question = question_of(parts, part_count);
    question.with_self = with_self;
    clipsearch_status status = clipsearch_ask(g.collection, g.session, &question, 1, k, NULL, &hits, &err);
    const char *found = names(hits, 0);
    const bool good =
        status == CLIPSEARCH_OK && clipsearch_hits_count(hits, 0) == count && !(without && strstr(found, without));
    if (!good)
        tap_note("found %s%s", found, status == CLIPSEARCH_OK ? "" : err.message);
    clipsearch_hits_free(&hits);
    return good;
}

/* a.png and its copy "copy.png" have one content; b.png, c.png and d.png are others. */
static void test_self(void)
{
    row a, b;
    gallery_row(&g, "a.png", &a);
    gallery_row(&g, "b.png", &b);
    const clipsearch_part file = part_of_path(folder_path(&g.images, "a.png")), like = part_of_id(a.id);
    TAP_OK(finds(&file, 1, 10, true, 5, NULL), "with itself");
    TAP_OK(finds(&file, 1, 10, false, 3, "a.png") && finds(&file, 1, 10, false, 3, "copy.png"),
           "without itself and its copy");
    TAP_OK(finds(&file, 1, 2, false, 2, "a.png"), "as many as were asked for all the same");
    TAP_OK(finds(&like, 1, 10, false, 3, "a.png") && finds(&like, 1, 10, false, 3, "copy.png"), "by its id");
    TAP_OK(finds(&like, 1, 10, true, 5, NULL), "by its id, with itself");
    const clipsearch_part two[] = {like, part_of_id(b.id)};
    TAP_OK(finds(two, 2, 10, false, 2, "b.png"), "without both of two");
    folder_copy(&g.elsewhere, "elsewhere.png", folder_path(&g.images, "a.png"));
    const clipsearch_part elsewhere = part_of_path(folder_path(&g.elsewhere, "elsewhere.png"));
    TAP_OK(finds(&elsewhere, 1, 10, false, 5, NULL), "a file elsewhere finds the items that have its content");
    FILE *in = fopen(folder_path(&g.images, "a.png"), "rb");
    static char bytes[1 << 16];
    clipsearch_part memory = part_of_path(NULL);
    memory.image = bytes;
    memory.image_size = in ? fread(bytes, 1, sizeof bytes, in) : 0;
    if (in)
        fclose(in);
    TAP_OK(finds(&memory, 1, 10, false, 5, NULL), "so do bytes in memory");
    const clipsearch_part text = part_of_text("a dog", 1);
    TAP_OK(finds(&text, 1, 10, false, 5, NULL), "a text has no images of its own");
    folder_copy(&g.images, "d.png", gallery_example("cat-snow.jpg")); /* after it was ingested */
    const clipsearch_part changed = part_of_path(folder_path(&g.images, "d.png"));
    TAP_OK(finds(&changed, 1, 10, false, 4, "d.png"), "the item at the file's path, though the file has changed");
}

/* Several questions of one call: each leaves out its own. */
static void test_several(void)
{
    const clipsearch_part a = part_of_path(folder_path(&g.images, "a.png")), text = part_of_text("a dog", 1),
                          b = part_of_path(folder_path(&g.images, "b.png"));
    const clipsearch_question questions[] = {question_of(&a, 1), question_of(&text, 1), question_of(&b, 1)};
    clipsearch_hits *hits = NULL;
    clipsearch_search_options options;
    clipsearch_search_stats stats;
    clipsearch_search_options_init(&options);
    clipsearch_search_stats_init(&stats);
    options.stats = &stats;
    TAP_OK(clipsearch_ask(g.collection, g.session, questions, 3, 4, &options, &hits, &err) == CLIPSEARCH_OK &&
               clipsearch_hits_count(hits, 0) == 3 && clipsearch_hits_count(hits, 1) == 4 &&
               clipsearch_hits_count(hits, 2) == 4 && !clipsearch_hits_get(hits, 3, 0) &&
               !strstr(names(hits, 2), "b.png"),
           "three questions: %s", err.message);
    TAP_OK(stats.encode_ms > 0 && stats.search_ms > 0 && stats.compared > 0, "and their times");
    bool ordered = true;
    for (size_t q = 0; q < 3; q++)
        for (size_t i = 1; i < clipsearch_hits_count(hits, q); i++)
            ordered = ordered && clipsearch_hits_get(hits, q, i - 1)->score >= clipsearch_hits_get(hits, q, i)->score;
    TAP_OK(ordered, "the nearest first");
    clipsearch_hits_free(&hits);
    TAP_OK(clipsearch_ask(g.collection, NULL, NULL, 0, 4, NULL, &hits, &err) == CLIPSEARCH_OK &&
               clipsearch_hits_count(hits, 0) == 0,
           "no questions");
    clipsearch_hits_free(&hits);
}

/* ---- errors */

static void is_refused(const clipsearch_part *parts, size_t count, clipsearch_session *session,
                       clipsearch_status expected, const char *message)
{
    clipsearch_hits *hits = (void *)&g;
    const clipsearch_question question = question_of(parts, count);
    err.message[0] = '\0';
    clipsearch_status status = clipsearch_ask(g.collection, session, &question, 1, 3, NULL, &hits, &err);
    if (!TAP_OK(status == expected && !hits && strstr(err.message, message), "%s", message))
        tap_note("status %d: %s", status, err.message);
}

static void test_errors(void)
{
    static float zeros[DIM], bad[DIM] = {1, NAN}, one[DIM] = {1};
    const clipsearch_region region = {0, 0, 1000, 1000, false};
    clipsearch_part part = part_of_text(NULL, 1);
    is_refused(&part, 0, g.session, CLIPSEARCH_E_ARGUMENT, "query 1 has no parts");
    is_refused(&part, 1, g.session, CLIPSEARCH_E_ARGUMENT, "query 1: part 1 is empty; give it a text");
    part = part_of_text("  ", 1);
    is_refused(&part, 1, g.session, CLIPSEARCH_E_ARGUMENT, "query 1: part 1 is an empty text");
    part = part_of_text("dog", 1);
    is_refused(&part, 1, NULL, CLIPSEARCH_E_ARGUMENT, "there is no session");
    part.id = 3;
    is_refused(&part, 1, g.session, CLIPSEARCH_E_ARGUMENT, "has more than one of text, image, id and vector");
    const double wrong[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        part = part_of_text("dog", wrong[i]);
        is_refused(&part, 1, g.session, CLIPSEARCH_E_ARGUMENT, "part 1 has a weight that is not a finite number");
    }
    part = part_of_text("dog", 0);
    is_refused(&part, 1, g.session, CLIPSEARCH_E_ARGUMENT, "part 1 has the weight 0");
    part.weight = -1e300;
    is_refused(&part, 1, g.session, CLIPSEARCH_E_ARGUMENT, "part 1 has a weight whose size is not from 1e-9 to 1e9");
    part.weight = 1e-300;
    is_refused(&part, 1, g.session, CLIPSEARCH_E_ARGUMENT, "part 1 has a weight whose size is not from 1e-9 to 1e9");
    part = part_of_text("dog", 1);
    part.region = &region;
    is_refused(&part, 1, g.session, CLIPSEARCH_E_ARGUMENT, "part 1 has a region, but is no image");
    part = part_of_path(folder_path(&g.images, "a.png"));
    part.region = &region;
    is_refused(&part, 1, g.session, CLIPSEARCH_E_ARGUMENT, "which has 40 x 30 pixels");
    part = part_of_path("/none.jpg");
    is_refused(&part, 1, g.session, CLIPSEARCH_E_IO, "/none.jpg");
    part = part_of_id(-1);
    is_refused(&part, 1, g.session, CLIPSEARCH_E_ARGUMENT, "part 1 has an id below 1");
    part = part_of_id(999);
    is_refused(&part, 1, g.session, CLIPSEARCH_E_NOT_FOUND, "999");
    part = part_of_text(NULL, 1);
    part.vector = zeros;
    is_refused(&part, 1, NULL, CLIPSEARCH_E_ARGUMENT, "the vector of part 1 is all zeros");
    part.vector = bad;
    is_refused(&part, 1, NULL, CLIPSEARCH_E_ARGUMENT, "the vector of part 1 has a number that is not finite");
    part.vector = one;
    clipsearch_part opposite = part;
    opposite.weight = -1;
    is_refused((clipsearch_part[]){part, opposite}, 2, NULL, CLIPSEARCH_E_ARGUMENT,
               "query 1: its parts cancel one another");
    static clipsearch_part many[1001];
    for (int i = 0; i < 1001; i++)
        many[i] = part;
    is_refused(many, 1001, NULL, CLIPSEARCH_E_LIMIT, "query 1 has 1001 parts; 1 to 1000 are allowed");
    clipsearch_question named = question_of((clipsearch_part[]){part, opposite}, 2);
    named.name = "x - x";
    float vector[DIM];
    TAP_OK(clipsearch_question_vectors(g.collection, NULL, &named, 1, vector, &err) == CLIPSEARCH_E_ARGUMENT &&
               strncmp(err.message, "x - x: its parts", 16) == 0,
           "%s", err.message);
    clipsearch_hits *hits;
    TAP_OK(clipsearch_ask(NULL, NULL, &named, 1, 1, NULL, &hits, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_ask(g.collection, NULL, NULL, 1, 1, NULL, &hits, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_ask(g.collection, NULL, &named, 1, 1, NULL, NULL, &err) == CLIPSEARCH_E_ARGUMENT,
           "NULL");
    named = question_of(&part, 1);
    TAP_OK(clipsearch_ask(g.collection, NULL, &named, 1, 0, NULL, &hits, &err) == CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "k is 0"),
           "%s", err.message);
}

static void test_memory(void)
{
    const clipsearch_part parts[] = {part_of_text("a dog", 1), part_of_path(folder_path(&g.images, "a.png")),
                                     part_of_id(1)};
    const clipsearch_question question = question_of(parts, 3);
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    uint64_t n = 1;
    for (; status == CLIPSEARCH_E_MEMORY && n < 500; n++) {
        clipsearch_hits *hits = NULL;
        cs_mem_fail_at(n);
        status = clipsearch_ask(g.collection, g.session, &question, 1, 3, NULL, &hits, &err);
        cs_mem_fail_at(0);
        clipsearch_hits_free(&hits);
    }
    TAP_OK(status == CLIPSEARCH_OK && n > 10, "each of %d allocations may fail: %s", (int)n - 2, err.message);
}

int main(void)
{
    static const char *const images[] = {"a.png", "b.png", "c.png", "d.png"};
    gallery_open(&g, true);
    for (unsigned i = 0; i < 4; i++)
        gallery_image(&g, images[i], 10 + i);
    folder_copy(&g.images, "copy.png", folder_path(&g.images, "a.png"));
    gallery_ingest(&g, NULL);
    test_vectors();
    test_self();
    test_several();
    test_errors();
    test_memory();
    gallery_close(&g);
    return tap_done();
}
