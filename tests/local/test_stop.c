/* SPDX-License-Identifier: MIT
 * test_stop.c - searches that are cancelled, or take longer than they may: by the graph, exact, with a filter, while
 * they wait for others; and that others notice nothing of it. */
#include "base/pool.h"
#include "support/gallery.h"
#include "support/index_fixture.h"
#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 6000, MANY = TAP_SLOW ? 500 : 1500, THREADS = 4, ROUNDS = 40, PROCESSORS = 256 };

static gallery g;
static clipsearch_collection *collection;
static float queries[MANY][INDEX_DIM];

/* A go_on that counts its calls and says no at one of them. */
typedef struct asked {
    unsigned calls, no_at; /* no_at 0: never */
} asked;

static bool go_on(void *context)
{
    asked *a = context;
    return ++a->calls != a->no_at;
}

static clipsearch_search_options limits(asked *a, double timeout)
{
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.timeout = timeout;
    options.go_on = a ? go_on : NULL;
    options.context = a;
    return options;
}

/* Whether two lists of hits are the same in every bit. */
static bool equal(const clipsearch_hits *a, const clipsearch_hits *b, size_t count)
{
    for (size_t q = 0; q < count; q++) {
        if (clipsearch_hits_count(a, q) != clipsearch_hits_count(b, q))
            return false;
        for (size_t i = 0; i < clipsearch_hits_count(a, q); i++) {
            const clipsearch_hit *x = clipsearch_hits_get(a, q, i), *y = clipsearch_hits_get(b, q, i);
            if (x->id != y->id || memcmp(&x->score, &y->score, sizeof x->score) != 0)
                return false;
        }
    }
    return true;
}

static void expect(const char *what, const clipsearch_search_options *options, size_t count, clipsearch_status wanted)
{
    clipsearch_error err = {0};
    clipsearch_hits *hits = NULL;
    const clipsearch_status status = clipsearch_search(collection, queries[0], count, 10, options, &hits, &err);
    TAP_OK(status == wanted && (status == CLIPSEARCH_OK) == (hits != NULL), "%s: %s %s", what,
           clipsearch_status_name(status), err.message);
    clipsearch_hits_free(&hits);
}

/* One way to search: cancelled at once, after a while, out of time, and left alone. */
static void test_way(const char *what, bool exact, const char *filter)
{
    char name[100];
    clipsearch_error err;
    clipsearch_hits *plain = NULL, *asked_hits = NULL;
    asked none = {0, 0}, first = {0, 1}, third = {0, 3};
    clipsearch_search_options options = limits(&none, 0);
    tap_note("%s", what);
    options.exact = exact;
    options.filter = filter;
    clipsearch_search_options unasked = options;
    unasked.go_on = NULL;
    TAP_OK(clipsearch_search(collection, queries[0], MANY, 10, &unasked, &plain, &err) == CLIPSEARCH_OK &&
               clipsearch_search(collection, queries[0], MANY, 10, &options, &asked_hits, &err) == CLIPSEARCH_OK &&
               equal(plain, asked_hits, MANY) && none.calls > 3,
           "%s: the same hits; it was asked %u times", what, none.calls);
    clipsearch_hits_free(&plain);
    clipsearch_hits_free(&asked_hits);
    options.context = &first;
    snprintf(name, sizeof name, "%s, cancelled at once", what);
    expect(name, &options, MANY, CLIPSEARCH_E_CANCELLED);
    TAP_OK(first.calls == 1, "and not asked again: %u", first.calls);
    options.context = &third;
    snprintf(name, sizeof name, "%s, cancelled after a while", what);
    expect(name, &options, MANY, CLIPSEARCH_E_CANCELLED);
    TAP_OK(third.calls == 3, "and not asked again: %u", third.calls);
    unasked.timeout = 0.005;
    snprintf(name, sizeof name, "%s, out of time", what);
    expect(name, &unasked, MANY, CLIPSEARCH_E_TIMEOUT);
    unasked.timeout = 1000;
    snprintf(name, sizeof name, "%s, with time enough", what);
    expect(name, &unasked, 1, CLIPSEARCH_OK);
}

/* The first exact search reads all vectors. One that is stopped meanwhile leaves nothing behind. */
static void test_reading(void)
{
    clipsearch_error err;
    clipsearch_hits *hits = NULL;
    clipsearch_collection *other = NULL;
    clipsearch_database *db = NULL;
    clipsearch_search_options options = limits(NULL, 0.002);
    options.exact = true;
    TAP_OK(clipsearch_database_open(folder_path(&g.elsewhere, "t.db"), 0, &db, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_open(db, "stop", NULL, &other, &err) == CLIPSEARCH_OK,
           "another handle: %s", err.message);
    const clipsearch_status status = clipsearch_search(other, queries[0], 1, 10, &options, &hits, &err);
    TAP_OK(status == CLIPSEARCH_E_TIMEOUT && !hits, "out of time while vectors are read: %s", err.message);
    options.timeout = 0;
    TAP_OK(clipsearch_search(other, queries[0], 1, 10, &options, &hits, &err) == CLIPSEARCH_OK &&
               clipsearch_hits_count(hits, 0) == 10,
           "the next search reads them");
    clipsearch_hits_free(&hits);
    clipsearch_collection_close(&other);
    clipsearch_database_close(&db);
}

/* ---- waiting for others */

static atomic_uint blocked;
static atomic_bool release_all;

/* Blocks when the search is on its way. */
static bool block(void *context)
{
    asked *a = context;
    if (++a->calls == 2) {
        atomic_fetch_add(&blocked, 1);
        while (!atomic_load(&release_all))
            usleep(1000);
    }
    return true;
}

static void *search_and_block(void *context)
{
    asked a = {0, 0};
    clipsearch_error err;
    clipsearch_hits *hits = NULL;
    clipsearch_search_options options = limits(&a, 0);
    options.go_on = block;
    clipsearch_search(collection, queries[0], MANY, 10, &options, &hits, &err);
    *(bool *)context = hits != NULL;
    clipsearch_hits_free(&hits);
    return NULL;
}

static void *search_exactly_and_block(void *context)
{
    asked a = {0, 0};
    clipsearch_error err;
    clipsearch_hits *hits = NULL;
    clipsearch_search_options options = limits(&a, 0);
    options.go_on = block;
    options.exact = true;
    clipsearch_search(context, queries[0], 1, 10, &options, &hits, &err);
    clipsearch_hits_free(&hits);
    return NULL;
}

/* A search reads all vectors for the first time, and takes long; others that want them too do not wait for ever. */
static void test_waiting_for_vectors(void)
{
    pthread_t thread;
    clipsearch_error err;
    clipsearch_collection *all = collection, *other = NULL;
    clipsearch_database *db = NULL;
    TAP_OK(clipsearch_database_open(folder_path(&g.elsewhere, "t.db"), 0, &db, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_open(db, "stop", NULL, &other, &err) == CLIPSEARCH_OK,
           "another handle");
    atomic_store(&blocked, 0);
    if (pthread_create(&thread, NULL, search_exactly_and_block, other) != 0)
        abort();
    while (atomic_load(&blocked) < 1)
        usleep(1000);
    collection = other;
    clipsearch_search_options options = limits(NULL, 0.05);
    options.exact = true;
    expect("waiting for vectors that another search reads, out of time", &options, 1, CLIPSEARCH_E_TIMEOUT);
    asked third = {0, 3};
    options = limits(&third, 0);
    options.exact = true;
    expect("waiting for them, cancelled", &options, 1, CLIPSEARCH_E_CANCELLED);
    collection = all;
    atomic_store(&release_all, true);
    pthread_join(thread, NULL);
    atomic_store(&release_all, false);
    atomic_store(&blocked, 0);
    clipsearch_collection_close(&other);
    clipsearch_database_close(&db);
}

/* As many searches by the graph run as there are processors; one more waits for its turn, but not for ever. */
static void test_turn(void)
{
    static pthread_t threads[PROCESSORS];
    static bool found[PROCESSORS];
    const unsigned count = cs_processors();
    if (count > PROCESSORS) {
        tap_skip("a search that waits for its turn", "too many processors");
        return;
    }
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, search_and_block, &found[i]) != 0)
            abort();
    while (atomic_load(&blocked) < count)
        usleep(1000);
    clipsearch_search_options options = limits(NULL, 0.05);
    expect("waiting for its turn, out of time", &options, 1, CLIPSEARCH_E_TIMEOUT);
    asked third = {0, 3};
    options = limits(&third, 0);
    expect("waiting for its turn, cancelled", &options, 1, CLIPSEARCH_E_CANCELLED);
    atomic_store(&release_all, true);
    bool all = true;
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        all = all && found[i];
    }
    TAP_OK(all, "the others end as if nothing were");
    options = limits(NULL, 1000);
    expect("and turns are given again", &options, 1, CLIPSEARCH_OK);
}

typedef struct scanner {
    unsigned number;
    unsigned good, stopped, wrong;
} scanner;

/* Exact searches, of which every second one is cancelled at some moment. Scans of several threads are made together. */
static void *scan(void *context)
{
    scanner *s = context;
    clipsearch_error err;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const float *query = queries[s->number * ROUNDS + round];
        asked a = {0, round % 2 ? round % 8 / 2 + 1 : 0};
        clipsearch_hits *hits = NULL, *right = NULL;
        clipsearch_search_options options = limits(&a, 0), unasked = limits(NULL, 0);
        options.exact = unasked.exact = true;
        const clipsearch_status status = clipsearch_search(collection, query, 8, 10, &options, &hits, &err);
        if (status == CLIPSEARCH_E_CANCELLED && a.no_at && !hits)
            s->stopped++;
        else if (status == CLIPSEARCH_OK &&
                 clipsearch_search(collection, query, 8, 10, &unasked, &right, &err) == CLIPSEARCH_OK &&
                 equal(hits, right, 8))
            s->good++;
        else
            s->wrong++;
        clipsearch_hits_free(&hits);
        clipsearch_hits_free(&right);
    }
    return NULL;
}

static void test_together(void)
{
    pthread_t threads[THREADS];
    scanner scanners[THREADS] = {{0}};
    unsigned good = 0, stopped = 0, wrong = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        scanners[i].number = i;
        if (pthread_create(&threads[i], NULL, scan, &scanners[i]) != 0)
            abort();
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        good += scanners[i].good;
        stopped += scanners[i].stopped;
        wrong += scanners[i].wrong;
    }
    TAP_OK(wrong == 0 && stopped >= THREADS && good >= THREADS * ROUNDS / 2,
           "scans of several threads: %u right, %u cancelled, %u wrong", good, stopped, wrong);
}

static void test_questions(void)
{
    static clipsearch_part parts[400];
    clipsearch_error err;
    clipsearch_hits *hits = NULL;
    clipsearch_question question;
    asked third = {0, 3};
    clipsearch_search_options options = limits(&third, 0);
    clipsearch_question_init(&question);
    for (size_t i = 0; i < 400; i++) {
        clipsearch_part_init(&parts[i]);
        parts[i].text = "a white dog in the snow, seen from above";
    }
    question.parts = parts;
    question.part_count = 400;
    gallery_image(&g, "one.png", 1);
    TAP_OK(gallery_ingest(&g, NULL) == CLIPSEARCH_OK, "an image: %s", g.err.message);
    TAP_OK(clipsearch_ask(g.collection, g.session, &question, 1, 1, &options, &hits, &err) == CLIPSEARCH_E_CANCELLED &&
               !hits && third.calls == 3,
           "a question is cancelled while its texts are encoded: %s", err.message);
    options = limits(NULL, 1e-6);
    TAP_OK(clipsearch_ask(g.collection, g.session, &question, 1, 1, &options, &hits, &err) == CLIPSEARCH_E_TIMEOUT,
           "or out of time: %s", err.message);
    options = limits(NULL, -1);
    TAP_OK(clipsearch_ask(g.collection, g.session, &question, 1, 1, &options, &hits, &err) == CLIPSEARCH_E_ARGUMENT,
           "a timeout below 0 is none: %s", err.message);
    asked never = {0, 0};
    options = limits(&never, 1000);
    TAP_OK(clipsearch_ask(g.collection, g.session, &question, 1, 1, &options, &hits, &err) == CLIPSEARCH_OK &&
               clipsearch_hits_count(hits, 0) == 1,
           "and one that goes on is answered: %s", err.message);
    clipsearch_hits_free(&hits);
}

int main(void)
{
    clipsearch_vectors_options options;
    clipsearch_error err;
    gallery_open(&g, true);
    clipsearch_vectors_options_init(&options);
    options.dim = INDEX_DIM;
    for (uint64_t i = 0; i < MANY; i++)
        index_vector(i * 7, 0, queries[i]);
    TAP_OK(clipsearch_collection_ensure_vectors(g.db, "stop", &options, &collection, &err) == CLIPSEARCH_OK &&
               index_put(collection, 0, COUNT, 0, &err) &&
               clipsearch_collection_checkpoint(collection, NULL, &err) == CLIPSEARCH_OK,
           "%d vectors: %s", COUNT, err.message);
    test_reading();
    test_way("by the graph", false, NULL);
    test_way("exact", true, NULL);
    test_way("exact, with a filter", true, "n % 2 == 0");
    test_waiting_for_vectors();
    test_turn();
    test_together();
    test_questions();
    clipsearch_collection_close(&collection);
    gallery_close(&g);
    return tap_done();
}
