/* SPDX-License-Identifier: MIT
 * put_not_finite.c - stores vectors and searches for some that hold a NaN or an infinity. Usage: put_not_finite ADDRESS
 *
 * Prints a line for each call: "stored", "found", or "refused: " and why. test_misbehaving.py is the server, and counts
 * what arrives. */
#include <clipsearch.h>

#include <math.h>
#include <stdio.h>

enum { DIM = 3 };

static void say(clipsearch_status status, const char *done, const clipsearch_error *why)
{
    if (status == CLIPSEARCH_OK)
        puts(done);
    else
        printf("%s: %s\n", status == CLIPSEARCH_E_ARGUMENT ? "refused" : "failed", why->message);
}

static void put(clipsearch_collection *collection, float value)
{
    clipsearch_error why;
    const clipsearch_item items[2] = {{.path = "/a.jpg"}, {.path = "/b.jpg"}};
    const float vectors[2 * DIM] = {1, 0, 0, 0, value, 0};
    say(clipsearch_collection_put_vectors(collection, items, vectors, 2, NULL, &why), "stored", &why);
}

static void search(clipsearch_collection *collection, bool exact)
{
    clipsearch_error why;
    clipsearch_hits *hits = NULL;
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.exact = exact;
    const float queries[2 * DIM] = {1, 0, 0, 0, NAN, 0};
    say(clipsearch_search(collection, queries, 2, 5, &options, &hits, &why), "found", &why);
    clipsearch_hits_free(&hits);
}

int main(int argc, char **argv)
{
    clipsearch_error why;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_vectors_options options;
    clipsearch_vectors_options_init(&options);
    options.dim = DIM;
    clipsearch_status status = argc == 2 ? clipsearch_database_open(argv[1], 0, &db, &why) : CLIPSEARCH_E_ARGUMENT;
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_ensure_vectors(db, "photos", &options, &collection, &why);
    if (status == CLIPSEARCH_OK) {
        put(collection, NAN);
        put(collection, INFINITY);
        search(collection, false);
        search(collection, true);
        put(collection, 1);
    } else if (argc == 2) {
        say(status, "", &why);
    }
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    return status != CLIPSEARCH_OK;
}
