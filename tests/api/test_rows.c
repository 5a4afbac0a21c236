/* SPDX-License-Identifier: MIT
 * test_rows.c - all items of a collection one after another or in pages, models found by their names, the version. */
#include "support/gallery.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIM = 2, ROWS = 1203 };

static clipsearch_error err;

/* What a walk saw. */
typedef struct seen {
    clipsearch_collection *collection;
    size_t count, with_vector, stop_at;
    int64_t last;
    bool ascending, right;
    int64_t removes; /* when this id is seen, the next is removed */
} seen;

static bool see(void *context, const clipsearch_hit *item, const float *vector)
{
    seen *s = context;
    char path[32];
    snprintf(path, sizeof path, "row %lld", (long long)item->id);
    s->ascending = (s->count == 0 || s->ascending) && item->id > s->last;
    s->last = item->id;
    s->count++;
    if (vector) {
        s->with_vector++;
        s->right = (s->with_vector == 1 || s->right) && vector[1] == (float)item->id && strcmp(item->path, path) == 0;
    }
    if (s->removes == item->id) {
        const int64_t next[2] = {item->id + 1, item->id + 600};
        clipsearch_collection_remove(s->collection, next, 2, NULL, &err);
    }
    return s->count != s->stop_at;
}

static bool fill(clipsearch_collection *c)
{
    static float vectors[ROWS][DIM];
    static char paths[ROWS][32], attributes[ROWS][32];
    static clipsearch_item items[ROWS];
    for (int i = 0; i < ROWS; i++) {
        vectors[i][1] = (float)(i + 1);
        snprintf(paths[i], sizeof paths[i], "row %d", i + 1);
        snprintf(attributes[i], sizeof attributes[i], "{\"n\": %d}", i + 1);
        items[i] = (clipsearch_item){.path = paths[i], .attributes = attributes[i]};
    }
    return clipsearch_collection_put_vectors(c, items, vectors[0], ROWS, NULL, &err) == CLIPSEARCH_OK;
}

static void test_each(clipsearch_collection *c)
{
    clipsearch_each_options options;
    clipsearch_each_options_init(&options);
    seen s = {.collection = c};
    TAP_OK(clipsearch_collection_each(c, NULL, see, &s, &err) == CLIPSEARCH_OK && s.count == ROWS && s.ascending &&
               !s.with_vector,
           "all rows: %zu", s.count);
    options.vectors = true;
    options.filter = "n > 600 and n <= 603";
    s = (seen){.collection = c};
    TAP_OK(clipsearch_collection_each(c, &options, see, &s, &err) == CLIPSEARCH_OK && s.count == 3 && s.right,
           "with their vectors and a filter: %zu", s.count);
    options.filter = NULL;
    options.after = 1000;
    s = (seen){.collection = c, .stop_at = 5};
    TAP_OK(clipsearch_collection_each(c, &options, see, &s, &err) == CLIPSEARCH_OK && s.count == 5 && s.last == 1005 &&
               s.right,
           "after an id, until it is enough: %zu to %lld", s.count, (long long)s.last);
    options.filter = "n >";
    TAP_OK(clipsearch_collection_each(c, &options, see, &s, &err) == CLIPSEARCH_E_ARGUMENT, "a filter that is none: %s",
           err.message);
    options.filter = NULL;
    options.after = 0;
    s = (seen){.collection = c, .removes = 10};
    TAP_OK(clipsearch_collection_each(c, &options, see, &s, &err) == CLIPSEARCH_OK && s.right &&
               (s.count == ROWS - 1 || s.count == ROWS - 2),
           "rows that are removed on the way: %zu", s.count);
    clipsearch_list_options list;
    clipsearch_hits *hits = NULL;
    clipsearch_list_options_init(&list);
    list.limit = 100;
    size_t pages = 0, rows = 0;
    do {
        clipsearch_hits_free(&hits);
        if (clipsearch_list(c, &list, &hits, &err) != CLIPSEARCH_OK || !clipsearch_hits_count(hits, 0))
            break;
        const clipsearch_hit *last = clipsearch_hits_get(hits, 0, clipsearch_hits_count(hits, 0) - 1);
        list.after = last->id;
        rows += clipsearch_hits_count(hits, 0);
        pages++;
    } while (pages < 100);
    clipsearch_hits_free(&hits);
    TAP_OK(rows == ROWS - 2 && pages == 13, "in pages: %zu rows in %zu", rows, pages);
    TAP_OK(clipsearch_collection_each(NULL, NULL, see, &s, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_collection_each(c, NULL, NULL, &s, &err) == CLIPSEARCH_E_ARGUMENT,
           "arguments that must not be NULL");
}

static void test_models(const folder *data)
{
    char path[CLIPSEARCH_PATH_SIZE], real[CLIPSEARCH_PATH_SIZE];
    static const char *const no_names[] = {"", ".", "..", "a/b", "/etc"};
    clipsearch_encoder *encoder = NULL;
    setenv("XDG_DATA_HOME", data->path, 1);
    folder_write_text(data, "clipsearch/models/some file", "");
    mkdir(folder_path(data, "clipsearch/models/mine"), 0700);
    TAP_OK(symlink(gallery_model(), folder_path(data, "clipsearch/models/default")) == 0 &&
               clipsearch_model_find("default", path, &err) == CLIPSEARCH_OK && realpath(gallery_model(), real) &&
               strcmp(path, real) == 0,
           "a model among the user's: %s", path);
    TAP_OK(clipsearch_encoder_open(path, NULL, &encoder, &err) == CLIPSEARCH_OK, "can be opened");
    clipsearch_encoder_close(&encoder);
    TAP_OK(clipsearch_model_find("mine", path, &err) == CLIPSEARCH_OK &&
               strcmp(path, folder_path(data, "clipsearch/models/mine")) == 0,
           "whatever it is called");
    TAP_OK(clipsearch_model_find("nosuch", path, &err) == CLIPSEARCH_E_NOT_FOUND && !path[0] &&
               strstr(err.message, "no model \"nosuch\"") &&
               strstr(err.message, folder_path(data, "clipsearch/models/nosuch")),
           "one that is not there: %s", err.message);
    TAP_OK(!strstr(err.message, "/../"), "the places are named as one would write them");
    TAP_OK(clipsearch_model_find("some file", path, &err) == CLIPSEARCH_E_NOT_FOUND, "a file is none");
    bool refused = true;
    for (size_t i = 0; i < sizeof no_names / sizeof *no_names; i++)
        refused = refused && clipsearch_model_find(no_names[i], path, &err) == CLIPSEARCH_E_ARGUMENT;
    TAP_OK(refused && clipsearch_model_find(NULL, path, &err) == CLIPSEARCH_E_ARGUMENT &&
               clipsearch_model_find("default", NULL, &err) == CLIPSEARCH_E_ARGUMENT,
           "a path is no name: %s", err.message);
}

int main(void)
{
    folder data;
    clipsearch_database *db = NULL;
    clipsearch_collection *c = NULL;
    clipsearch_vectors_options options;
    clipsearch_vectors_options_init(&options);
    options.dim = DIM;
    options.metric = CLIPSEARCH_L2;
    folder_make(&data);
    TAP_OK(clipsearch_database_open(":memory:", CLIPSEARCH_CREATE, &db, &err) == CLIPSEARCH_OK &&
               clipsearch_collection_ensure_vectors(db, "rows", &options, &c, &err) == CLIPSEARCH_OK && fill(c),
           "%d rows: %s", ROWS, err.message);
    test_each(c);
    clipsearch_collection_close(&c);
    clipsearch_database_close(&db);
    test_models(&data);
    TAP_OK(clipsearch_version_number() == CLIPSEARCH_VERSION_NUMBER && CLIPSEARCH_VERSION_NUMBER >= 200 &&
               strcmp(clipsearch_version(), CLIPSEARCH_VERSION) == 0,
           "version %d", clipsearch_version_number());
    folder_remove(&data);
    return tap_done();
}
