/* SPDX-License-Identifier: MIT
 * test_own_vectors.c - collections without a model: vectors that a program brings itself, by the public interface. */
#include "support/gallery.h"
#include "support/index_fixture.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIM = 3, LARGE = 6000 };

static clipsearch_error err;

static clipsearch_status ensure(clipsearch_database *db, const char *name, size_t dim, clipsearch_metric metric,
                                const char *model, const char *fingerprint, clipsearch_collection **c)
{
    clipsearch_vectors_options options;
    clipsearch_vectors_options_init(&options);
    options.dim = dim;
    options.metric = metric;
    options.model = model;
    options.fingerprint = fingerprint;
    return clipsearch_collection_ensure_vectors(db, name, &options, c, &err);
}

/* The ids of the hits of query 0 as "3 1 2". */
static const char *ids_of(const clipsearch_hits *hits)
{
    static char text[256];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < clipsearch_hits_count(hits, 0) && n < sizeof text - 24; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%lld", i ? " " : "",
                              (long long)clipsearch_hits_get(hits, 0, i)->id);
    return text;
}

static bool finds(clipsearch_collection *c, const float *query, const char *filter, const char *ids)
{
    clipsearch_hits *hits = NULL;
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.filter = filter;
    if (clipsearch_search(c, query, 1, 10, &options, &hits, &err) != CLIPSEARCH_OK)
        return false;
    const bool same = strcmp(ids_of(hits), ids) == 0;
    if (!same)
        tap_note("found %s", ids_of(hits));
    clipsearch_hits_free(&hits);
    return same;
}

static const char *path_of(clipsearch_collection *c, int64_t id)
{
    static char path[64];
    clipsearch_hits *hits = NULL;
    path[0] = '\0';
    if (clipsearch_get(c, &id, 1, &hits, &err) == CLIPSEARCH_OK && clipsearch_hits_count(hits, 0))
        snprintf(path, sizeof path, "%s", clipsearch_hits_get(hits, 0, 0)->path);
    clipsearch_hits_free(&hits);
    return path;
}

static void test_put(clipsearch_database *db)
{
    static const float vectors[4][DIM] = {{3, 0, 0}, {0, 0.5f, 0}, {0, 4, 3}, {1, 1, 0}};
    static const clipsearch_item items[3] = {{.path = "https://example.org/a.jpg", .attributes = "{\"price\": 3}"},
                                             {.path = "shoe 17"},
                                             {.id = 40, .attributes = "{\"price\": 9}"}};
    int64_t ids[3] = {0};
    float stored[3][DIM];
    clipsearch_collection *c = NULL;
    clipsearch_collection_info info;
    TAP_OK(ensure(db, "own", DIM, CLIPSEARCH_COSINE, NULL, NULL, &c) == CLIPSEARCH_OK, "made: %s", err.message);
    TAP_OK(clipsearch_collection_put_vectors(c, items, vectors[0], 3, ids, &err) == CLIPSEARCH_OK, "put: %s",
           err.message);
    TAP_OK(ids[0] == 1 && ids[1] == 2 && ids[2] == 40, "ids are given, or chosen");
    TAP_OK(strcmp(path_of(c, 1), "https://example.org/a.jpg") == 0 && strcmp(path_of(c, 2), "shoe 17") == 0,
           "a path is any name");
    TAP_OK(strcmp(path_of(c, 40), "#40") == 0, "without one it is made of the id: %s", path_of(c, 40));
    TAP_OK(clipsearch_collection_vectors(c, ids, 3, stored[0], &err) == CLIPSEARCH_OK && stored[0][0] == 1 &&
               stored[1][1] == 1 && fabsf(stored[2][1] - 0.8f) < 1e-6f && fabsf(stored[2][2] - 0.6f) < 1e-6f,
           "a cosine collection has vectors of length 1");
    TAP_OK(finds(c, vectors[3], NULL, "1 2 40"), "a search by vector");
    TAP_OK(finds(c, vectors[3], "price > 5", "40"), "with a filter");
    TAP_OK(clipsearch_collection_put_vectors(c, NULL, vectors[3], 1, ids, &err) == CLIPSEARCH_OK && ids[0] == 41 &&
               strcmp(path_of(c, 41), "#41") == 0,
           "no items at all: the next id, %lld", (long long)ids[0]);
    TAP_OK(clipsearch_collection_put_vectors(c, &(clipsearch_item){.id = 41}, vectors[0], 1, NULL, &err) ==
                   CLIPSEARCH_OK &&
               finds(c, vectors[0], NULL, "1 41 2 40"),
           "a put with the same id replaces");
    clipsearch_collection_info_init(&info);
    TAP_OK(clipsearch_collection_describe(c, &info, &err) == CLIPSEARCH_OK && info.dim == DIM && info.count == 4 &&
               !info.encoder[0] && !info.fingerprint[0],
           "its description names no model");

    clipsearch_part part;
    clipsearch_question question;
    clipsearch_hits *hits = NULL;
    clipsearch_part_init(&part);
    clipsearch_question_init(&question);
    part.id = 2;
    question.parts = &part;
    question.part_count = 1;
    TAP_OK(clipsearch_ask(c, NULL, &question, 1, 10, NULL, &hits, &err) == CLIPSEARCH_OK &&
               strcmp(ids_of(hits), "40 1 41") == 0,
           "a question by item finds all others, though the content of none is known: %s", ids_of(hits));
    clipsearch_hits_free(&hits);
    clipsearch_duplicates *duplicates = NULL;
    clipsearch_duplicates_options options;
    clipsearch_duplicates_options_init(&options);
    options.level = CLIPSEARCH_DUPLICATES_EXACT;
    TAP_OK(clipsearch_duplicates_find(c, &options, &duplicates, NULL, &err) == CLIPSEARCH_OK &&
               clipsearch_duplicates_groups(duplicates) == 0,
           "and none is an exact duplicate");
    clipsearch_duplicates_free(&duplicates);
    clipsearch_collection_close(&c);
}

/* `status` and part of the message. */
static void expect(clipsearch_status status, clipsearch_status expected, const char *words)
{
    TAP_OK(status == expected && strstr(err.message, words), "%s: %s", clipsearch_status_name(expected), err.message);
}

static void test_errors(clipsearch_database *db, const clipsearch_encoder *encoder)
{
    static const float zeros[DIM] = {0}, nan[DIM] = {0, NAN, 0}, one[DIM] = {1, 0, 0};
    clipsearch_collection *c = NULL, *other = NULL;
    clipsearch_vectors_options options;
    clipsearch_vectors_options_init(&options);
    expect(clipsearch_collection_ensure_vectors(db, "new", &options, &c, &err), CLIPSEARCH_E_ARGUMENT, "dim is 0");
    expect(ensure(db, "new", 5000, CLIPSEARCH_COSINE, NULL, NULL, &c), CLIPSEARCH_E_ARGUMENT, "5000");
    expect(ensure(db, "new", DIM, (clipsearch_metric)7, NULL, NULL, &c), CLIPSEARCH_E_ARGUMENT, "no metric 7");
    expect(ensure(db, "no name", DIM, CLIPSEARCH_COSINE, NULL, NULL, &c), CLIPSEARCH_E_ARGUMENT, "no name");
    char long_name[200];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    expect(ensure(db, "new", DIM, CLIPSEARCH_COSINE, long_name, NULL, &c), CLIPSEARCH_E_ARGUMENT, "model is longer");
    expect(ensure(db, "new", DIM, CLIPSEARCH_COSINE, NULL, long_name, &c), CLIPSEARCH_E_ARGUMENT,
           "fingerprint is longer");
    TAP_OK(ensure(db, "own", DIM, CLIPSEARCH_COSINE, "anything", NULL, &c) == CLIPSEARCH_OK, "opened again: %s",
           err.message);
    expect(ensure(db, "own", 4, CLIPSEARCH_COSINE, NULL, NULL, &other), CLIPSEARCH_E_MISMATCH,
           "of 3 numbers, not of 4");
    expect(ensure(db, "own", DIM, CLIPSEARCH_L2, NULL, NULL, &other), CLIPSEARCH_E_MISMATCH, "cosine, not by L2");
    expect(clipsearch_collection_put_vectors(c, NULL, zeros, 1, NULL, &err), CLIPSEARCH_E_ARGUMENT, "vector of zeros");
    expect(clipsearch_collection_put_vectors(c, NULL, nan, 1, NULL, &err), CLIPSEARCH_E_ARGUMENT,
           "element 1 of its vector");
    expect(clipsearch_collection_put_vectors(c, &(clipsearch_item){.path = ""}, one, 1, NULL, &err),
           CLIPSEARCH_E_ARGUMENT, "its path must have");
    expect(clipsearch_collection_put_vectors(c, &(clipsearch_item){.id = -3}, one, 1, NULL, &err),
           CLIPSEARCH_E_ARGUMENT, "-3 cannot be an id");
    expect(
        clipsearch_collection_put_vectors(c, &(clipsearch_item){.path = "x", .attributes = "[]"}, one, 1, NULL, &err),
        CLIPSEARCH_E_ARGUMENT, "not a JSON object");
    clipsearch_collection_close(&c);

    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(encoder, &info, NULL);
    TAP_OK(ensure(db, "wide", info.dim, CLIPSEARCH_COSINE, "clip", NULL, &c) == CLIPSEARCH_OK, "as wide as a model's");
    expect(clipsearch_collection_check_encoder(c, encoder, &err), CLIPSEARCH_E_MISMATCH, "without a model");
    expect(clipsearch_collection_open(db, "wide", encoder, &other, &err), CLIPSEARCH_E_MISMATCH, "without a model");
    expect(ensure(db, "wide", info.dim, CLIPSEARCH_COSINE, "siglip", NULL, &other), CLIPSEARCH_E_MISMATCH,
           "\"clip\", not of \"siglip\"");
    clipsearch_collection_close(&c);
    expect(clipsearch_collection_ensure(db, "photos", encoder, (clipsearch_metric)7, &c, &err), CLIPSEARCH_E_ARGUMENT,
           "clipsearch_collection_ensure: there is no metric 7");
    expect(clipsearch_collection_ensure_index(db, "photos", NULL, CLIPSEARCH_COSINE, NULL, &c, &err),
           CLIPSEARCH_E_ARGUMENT, "encoder is NULL");
    clipsearch_collection_ensure(db, "photos", encoder, CLIPSEARCH_COSINE, &c, &err);
    expect(ensure(db, "photos", info.dim, CLIPSEARCH_COSINE, NULL, NULL, &other), CLIPSEARCH_E_MISMATCH,
           "where these vectors come from");
    TAP_OK(ensure(db, "photos", info.dim, CLIPSEARCH_COSINE, NULL, info.fingerprint, &other) == CLIPSEARCH_OK,
           "with its encoder's fingerprint it is opened: %s", err.message);
    clipsearch_collection_close(&other);
    clipsearch_collection_close(&c);
}

/* Items without paths are new ones, also where another item has the name that the next id gives: after a merge. */
static void test_names_taken(clipsearch_database *db)
{
    static const float vectors[4][DIM] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 0}};
    static const clipsearch_item items[2] = {{.path = "#2", .attributes = "{\"kept\": true}"}, {.path = "#4"}};
    clipsearch_collection *c = NULL;
    int64_t ids[2] = {0};
    TAP_OK(ensure(db, "taken", DIM, CLIPSEARCH_COSINE, NULL, NULL, &c) == CLIPSEARCH_OK &&
               clipsearch_collection_put_vectors(c, &items[0], vectors[0], 1, NULL, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_put_vectors(c, NULL, vectors[1], 1, ids, &err) == CLIPSEARCH_OK,
           "an item that is called #2: %s", err.message);
    TAP_OK(ids[0] == 3 && finds(c, vectors[0], NULL, "1 3") && finds(c, vectors[0], "kept", "1"),
           "the next one does not replace it: id %lld", (long long)ids[0]);
    TAP_OK(clipsearch_collection_put_vectors(c, &items[1], vectors[2], 1, ids, &err) == CLIPSEARCH_OK && ids[0] == 4 &&
               clipsearch_collection_put_vectors(c, NULL, vectors[2], 2, ids, &err) == CLIPSEARCH_OK && ids[0] == 5 &&
               ids[1] == 6,
           "and others follow: %lld, %lld", (long long)ids[0], (long long)ids[1]);
    clipsearch_collection_close(&c);
}

/* Vectors so long that the scores of two would be infinite, or no number. */
static void test_length(clipsearch_database *db, clipsearch_metric metric, const char *name)
{
    static const float huge[2][DIM] = {{3e38f, 3e38f, 0}, {3e38f, -3e38f, 0}}, longest[2][DIM] = {{1e18f}, {-1e18f}};
    clipsearch_collection *c = NULL;
    clipsearch_hits *hits = NULL;
    TAP_OK(ensure(db, name, DIM, metric, NULL, NULL, &c) == CLIPSEARCH_OK, "made: %s", err.message);
    if (metric == CLIPSEARCH_COSINE) {
        TAP_OK(clipsearch_collection_put_vectors(c, NULL, huge[0], 2, NULL, &err) == CLIPSEARCH_OK &&
                   finds(c, huge[1], NULL, "2 1"),
               "a cosine has no length: %s", err.message);
    } else {
        expect(clipsearch_collection_put_vectors(c, NULL, huge[0], 2, NULL, &err), CLIPSEARCH_E_ARGUMENT,
               "has length 4.24e+38; the limit is 1.15e+18");
        TAP_OK(clipsearch_collection_put_vectors(c, NULL, longest[0], 2, NULL, &err) == CLIPSEARCH_OK &&
                   finds(c, longest[1], NULL, "2 1"),
               "below the limit all are found: %s", err.message);
        expect(clipsearch_search(c, huge[1], 1, 10, NULL, &hits, &err), CLIPSEARCH_E_ARGUMENT,
               "query 0: a vector of length 4.24e+38; the limit is 1.15e+18");
        TAP_OK(clipsearch_search(c, longest[1], 1, 10, NULL, &hits, &err) == CLIPSEARCH_OK &&
                   isfinite(clipsearch_hits_get(hits, 0, 1)->score),
               "and have a score");
        clipsearch_hits_free(&hits);
    }
    clipsearch_collection_close(&c);
}

/* Vectors that were made elsewhere, with a model that is here too. */
static void test_fingerprint(clipsearch_database *db, const clipsearch_encoder *encoder, clipsearch_session *session)
{
    clipsearch_collection *c = NULL;
    clipsearch_encoder_info info;
    clipsearch_hits *hits = NULL;
    float vectors[2][4096];
    static const char *const texts[] = {"a white dog", "a red car"};
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(encoder, &info, NULL);
    clipsearch_encode_texts(session, texts, 2, vectors[0], &err);
    memmove(vectors[1], vectors[0] + info.dim, info.dim * sizeof(float));
    TAP_OK(ensure(db, "known", info.dim, CLIPSEARCH_COSINE, info.name, info.fingerprint, &c) == CLIPSEARCH_OK &&
               clipsearch_collection_put_vectors(c, NULL, vectors[0], 1, NULL, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_put_vectors(c, NULL, vectors[1], 1, NULL, &err) == CLIPSEARCH_OK,
           "vectors with a model's fingerprint: %s", err.message);
    clipsearch_part part;
    clipsearch_question question;
    clipsearch_part_init(&part);
    clipsearch_question_init(&question);
    part.text = texts[1];
    question.parts = &part;
    question.part_count = 1;
    TAP_OK(clipsearch_ask(c, session, &question, 1, 1, NULL, &hits, &err) == CLIPSEARCH_OK &&
               strcmp(ids_of(hits), "2") == 0,
           "are found by text: %s", ids_of(hits));
    clipsearch_hits_free(&hits);
    clipsearch_collection_close(&c);
    expect(ensure(db, "known", info.dim, CLIPSEARCH_COSINE, NULL, "abc", &c), CLIPSEARCH_E_MISMATCH,
           "not with the encoder without a name (abc)");
}

/* So many that there is an index file. */
static void test_index(clipsearch_database *db, clipsearch_metric metric, const char *name)
{
    static float vectors[LARGE][INDEX_DIM];
    float query[INDEX_DIM];
    clipsearch_collection *c = NULL;
    clipsearch_collection_info info;
    clipsearch_check_report report;
    clipsearch_search_stats stats;
    clipsearch_search_options options;
    clipsearch_hits *hits = NULL;
    clipsearch_collection_info_init(&info);
    clipsearch_check_report_init(&report);
    clipsearch_search_stats_init(&stats);
    clipsearch_search_options_init(&options);
    options.stats = &stats;
    for (uint64_t i = 0; i < LARGE; i++) {
        index_vector(i, 0, vectors[i]);
        for (size_t d = 0; d < INDEX_DIM && metric == CLIPSEARCH_COSINE; d++)
            vectors[i][d] *= (float)(1 + i % 7);
    }
    index_vector(17, 0, query);
    TAP_OK(ensure(db, name, INDEX_DIM, metric, NULL, NULL, &c) == CLIPSEARCH_OK &&
               clipsearch_collection_put_vectors(c, NULL, vectors[0], LARGE, NULL, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_describe(c, &info, &err) == CLIPSEARCH_OK && info.indexed,
           "%s: %d vectors with an index file: %s", name, LARGE, err.message);
    TAP_OK(clipsearch_search(c, query, 1, 5, &options, &hits, &err) == CLIPSEARCH_OK &&
               stats.graph + stats.scanned == 1 && clipsearch_hits_get(hits, 0, 0)->id == 18,
           "searched by it");
    clipsearch_hits_free(&hits);
    TAP_OK(clipsearch_collection_remove_where(c, "id > 3000", NULL, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_put_vectors(c, &(clipsearch_item){.id = 18}, vectors[0], 1, NULL, &err) ==
                   CLIPSEARCH_OK &&
               clipsearch_search(c, query, 1, 5, NULL, &hits, &err) == CLIPSEARCH_OK &&
               clipsearch_hits_get(hits, 0, 0)->id != 18,
           "changes are seen: %s", err.message);
    clipsearch_hits_free(&hits);
    clipsearch_checkpoint_options checkpoint;
    clipsearch_checkpoint_options_init(&checkpoint);
    checkpoint.vacuum = true;
    TAP_OK(clipsearch_collection_checkpoint(c, &checkpoint, &err) == CLIPSEARCH_OK &&
               clipsearch_database_vacuum(db, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_check(c, 20, &report, &err) == CLIPSEARCH_OK && report.images == 3000 &&
               report.recall > 0.9,
           "vacuum and check: recall %.3f %s", report.recall, report.why);
    clipsearch_collection_close(&c);
}

/* A database belongs to the file that was opened, also when the program changes its working directory and a file of the
 * same name lies there. */
/* Two vectors that somebody forgot to scale. */
static void test_outliers(clipsearch_database *db, clipsearch_metric metric, const char *name)
{
    enum { COUNT = 3000, NUMBERS = 16 };
    float *vectors = malloc(sizeof(float) * COUNT * NUMBERS);
    clipsearch_collection *c = NULL;
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    uint64_t seed = 7;
    if (!vectors)
        abort();
    for (size_t i = 0; i < COUNT * NUMBERS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        vectors[i] = (float)(seed >> 40) / (float)(1 << 23) - 1;
        if (i / NUMBERS == 5 || i / NUMBERS == 1700)
            vectors[i] *= 1e6f;
    }
    TAP_OK(ensure(db, name, NUMBERS, metric, NULL, NULL, &c) == CLIPSEARCH_OK &&
               clipsearch_collection_put_vectors(c, NULL, vectors, COUNT, NULL, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_checkpoint(c, NULL, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_check(c, 0, &report, &err) == CLIPSEARCH_OK && report.recall > 0.99 &&
               report.unreachable == 0,
           "%s: two vectors a million times as long as the others do not spoil the index: recall %.3f %s", name,
           report.recall, err.message);
    clipsearch_collection_close(&c);
    free(vectors);
}

static void test_working_directory(void)
{
    folder here, there;
    clipsearch_database *db = NULL, *other = NULL;
    clipsearch_collection *c = NULL;
    folder_make(&here);
    folder_make(&there);
    char *before = getcwd(NULL, 0);
    TAP_OK(
        before && chdir(there.path) == 0 &&
            clipsearch_database_open("own.db", CLIPSEARCH_CREATE, &other, &err) == CLIPSEARCH_OK &&
            ensure(other, "moved", DIM, CLIPSEARCH_COSINE, NULL, NULL, &c) == CLIPSEARCH_OK && chdir(here.path) == 0 &&
            clipsearch_database_open("own.db", CLIPSEARCH_CREATE, &db, &err) == CLIPSEARCH_OK && chdir(there.path) == 0,
        "the working directory changes after a database was opened");
    clipsearch_collection_close(&c);
    test_index(db, CLIPSEARCH_COSINE, "moved");
    TAP_OK(access(folder_path(&here, "own.db.moved.hnsw"), F_OK) == 0 &&
               access(folder_path(&there, "own.db.moved.hnsw"), F_OK) != 0,
           "the index file lies beside the database");
    clipsearch_database_close(&db);
    clipsearch_database_close(&other);
    TAP_OK(before && chdir(before) == 0, "and back");
    free(before);
    folder_remove(&here);
    folder_remove(&there);
}

int main(void)
{
    gallery g;
    clipsearch_database *memory = NULL;
    gallery_open(&g, true);
    test_put(g.db);
    test_errors(g.db, g.encoder);
    test_fingerprint(g.db, g.encoder, g.session);
    test_names_taken(g.db);
    test_length(g.db, CLIPSEARCH_COSINE, "long-cosine");
    test_length(g.db, CLIPSEARCH_L2, "long-l2");
    test_length(g.db, CLIPSEARCH_IP, "long-ip");
    test_index(g.db, CLIPSEARCH_COSINE, "cosine");
    test_index(g.db, CLIPSEARCH_L2, "l2");
    test_outliers(g.db, CLIPSEARCH_L2, "outliers-l2");
    test_outliers(g.db, CLIPSEARCH_IP, "outliers-ip");
    test_working_directory();
    TAP_OK(clipsearch_database_open(":memory:", CLIPSEARCH_CREATE, &memory, &err) == CLIPSEARCH_OK, "in memory");
    test_put(memory);
    clipsearch_database_close(&memory);
    gallery_close(&g);
    return tap_done();
}
