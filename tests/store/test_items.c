/* SPDX-License-Identifier: MIT
 * test_items.c - collections, items and vectors, put in and read back. */
#include "fixture.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 24 };

static cs_store *store;
static clipsearch_error err;

static bool begin(void)
{
    return cs_store_begin(store, &err) == CLIPSEARCH_OK;
}

static bool commit(void)
{
    return cs_store_commit(store, &err) == CLIPSEARCH_OK;
}

/* Put item number n in a transaction of its own; its id, or -1. */
static int64_t put(const cs_store_collection *collection, const char *path, uint64_t n, int64_t wanted_id)
{
    float vector[DIM];
    int64_t id = -1;
    clipsearch_item item = fixture_item(path, n);
    item.id = wanted_id;
    fixture_vector(n, vector, DIM);
    if (!begin())
        return -1;
    if (cs_store_put(store, &collection->identity, &item, vector, &id, &err)) {
        cs_store_rollback(store);
        return -1;
    }
    return commit() ? id : -1;
}

/* Whether the row `id` is item number n with this path and its vector. */
static bool holds(const cs_store_collection *collection, int64_t id, const char *path, uint64_t n)
{
    clipsearch_item item;
    float vector[DIM], expected[DIM];
    bool found = false;
    fixture_vector(n, expected, DIM);
    return cs_store_get(store, &collection->identity, id, &found, &item, &err) == CLIPSEARCH_OK && found &&
           item.id == id && fixture_is_item(&item, path, n) &&
           cs_store_vector(store, &collection->identity, id, vector, &err) == CLIPSEARCH_OK &&
           memcmp(vector, expected, sizeof vector) == 0;
}

static bool is_there(const cs_store_collection *collection, int64_t id)
{
    clipsearch_item item;
    bool found = false;
    return cs_store_get(store, &collection->identity, id, &found, &item, &err) == CLIPSEARCH_OK && found;
}

static cs_store_collection look(const char *name)
{
    cs_store_collection collection = {0};
    cs_store_find(store, name, &collection, &err);
    return collection;
}

/* ---- collections */

static bool note_name(void *context, const cs_store_collection *collection)
{
    char *names = context;
    strcat(strcat(names, collection->identity.name), " ");
    return strcmp(collection->identity.name, "stop") != 0;
}

static void test_collections(void)
{
    char names[200] = "";
    cs_store_collection c = fixture_collection("photos", DIM), found;
    TAP_OK(cs_store_find(store, "photos", &found, &err) == CLIPSEARCH_E_NOT_FOUND && strstr(err.message, "ingest"),
           "none yet: %s", err.message);
    TAP_OK(cs_store_each(store, note_name, names, &err) == CLIPSEARCH_OK && !names[0], "a walk over none");
    TAP_OK(cs_store_create(store, &c, &err) == CLIPSEARCH_OK && c.identity.key > 0 && c.identity.created > 1500000000,
           "make one");
    TAP_OK(cs_store_create(store, &c, &err) == CLIPSEARCH_E_DATABASE && strstr(err.message, "photos"), "again: %s",
           err.message);
    TAP_OK(cs_store_find(store, "photos", &found, &err) == CLIPSEARCH_OK && memcmp(&found, &c, sizeof c) == 0,
           "found as it was made");
    static const char *const bad_names[] = {"", "a b", "a/b", "\xC3\xA9", "'; DROP TABLE items; --"};
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
        c = fixture_collection(bad_names[i], DIM);
        TAP_OK(cs_store_create(store, &c, &err) == CLIPSEARCH_E_ARGUMENT, "name: %s", err.message);
    }
    memset(c.identity.name, 'x', sizeof c.identity.name);
    TAP_OK(cs_store_create(store, &c, &err) == CLIPSEARCH_E_ARGUMENT, "65 letters: %s", err.message);
    c.identity.name[64] = '\0';
    TAP_OK(cs_store_create(store, &c, &err) == CLIPSEARCH_OK && look(c.identity.name).identity.dim == DIM,
           "64 letters are fine");
    TAP_OK(cs_store_drop(store, c.identity.name, &err) == CLIPSEARCH_OK, "and go again");
    memset(c.identity.encoder, 'x', sizeof c.identity.encoder);
    TAP_OK(cs_store_create(store, &c, &err) == CLIPSEARCH_E_ARGUMENT, "encoder: %s", err.message);
    static const size_t bad_dims[] = {0, 4097, SIZE_MAX};
    for (size_t i = 0; i < 3; i++) {
        c = fixture_collection("dims", bad_dims[i]);
        TAP_OK(cs_store_create(store, &c, &err) == CLIPSEARCH_E_ARGUMENT, "dim: %s", err.message);
    }
    c = fixture_collection("metric", 1);
    c.identity.metric = (clipsearch_metric)7;
    TAP_OK(cs_store_create(store, &c, &err) == CLIPSEARCH_E_ARGUMENT, "metric: %s", err.message);
    for (int metric = 0; metric < 3; metric++) {
        char name[8];
        snprintf(name, sizeof name, "m%d.-_", metric);
        c = fixture_collection(name, 4096);
        c.identity.metric = (clipsearch_metric)metric;
        TAP_OK(cs_store_create(store, &c, &err) == CLIPSEARCH_OK && (int)look(name).identity.metric == metric &&
                   look(name).identity.dim == 4096,
               "metric %d", metric);
    }
    TAP_OK(cs_store_each(store, note_name, names, &err) == CLIPSEARCH_OK &&
               strcmp(names, "m0.-_ m1.-_ m2.-_ photos ") == 0,
           "the walk goes by name: %s", names);
    TAP_OK(cs_store_find(store, "photo", &found, &err) == CLIPSEARCH_E_NOT_FOUND &&
               strstr(err.message, "m0.-_, m1.-_, m2.-_, photos"),
           "a wrong name: %s", err.message);
    TAP_OK(cs_store_drop(store, "photo", &err) == CLIPSEARCH_E_NOT_FOUND, "drop a wrong name: %s", err.message);
    for (int metric = 0; metric < 3; metric++) {
        snprintf(names, sizeof names, "m%d.-_", metric);
        cs_store_drop(store, names, &err);
    }
    names[0] = '\0';
    cs_store_each(store, note_name, names, &err);
    TAP_OK(strcmp(names, "photos ") == 0, "dropped");
    c = fixture_collection("stop", 1);
    cs_store_create(store, &c, &err);
    c = fixture_collection("zebra", 1);
    cs_store_create(store, &c, &err);
    names[0] = '\0';
    TAP_OK(cs_store_each(store, note_name, names, &err) == CLIPSEARCH_OK && strcmp(names, "photos stop ") == 0,
           "false ends the walk");
    cs_store_drop(store, "stop", &err);
    cs_store_drop(store, "zebra", &err);
}

/* ---- items */

static void test_put(void)
{
    cs_store_collection c = look("photos");
    TAP_OK(put(&c, "/a", 1, 0) == 1 && put(&c, "/b", 2, 0) == 2, "ids begin at 1");
    TAP_OK(holds(&c, 1, "/a", 1) && holds(&c, 2, "/b", 2), "read back, every field and the vector");
    TAP_OK(put(&c, "/a", 3, 0) == 1 && holds(&c, 1, "/a", 3), "the same path replaces and keeps its id");
    TAP_OK(put(&c, "/c", 4, 10) == 10 && holds(&c, 10, "/c", 4), "a given id");
    TAP_OK(put(&c, "/d", 5, 0) == 11, "the next free one is behind it");
    TAP_OK(put(&c, "/e", 6, 2) == 2 && holds(&c, 2, "/e", 6), "a given id that is taken replaces that row");
    clipsearch_item item;
    bool found = true;
    TAP_OK(cs_store_get_path(store, &c.identity, "/b", &found, &item, &err) == CLIPSEARCH_OK && !found,
           "the old path is gone");
    TAP_OK(cs_store_get_path(store, &c.identity, "/e", &found, &item, &err) == CLIPSEARCH_OK && found && item.id == 2 &&
               fixture_is_item(&item, "/e", 6),
           "found by the new one");
    TAP_OK(put(&c, "/a", 7, 10) == 1 && holds(&c, 1, "/a", 7) && holds(&c, 10, "/c", 4),
           "a path that is there keeps its id though another is given");
    TAP_OK(look("photos").state.count == 4, "four items");

    bool removed = false;
    begin();
    TAP_OK(cs_store_remove(store, &c.identity, 11, &removed, &err) == CLIPSEARCH_OK && removed, "remove");
    TAP_OK(cs_store_remove(store, &c.identity, 11, &removed, &err) == CLIPSEARCH_OK && !removed, "remove what is gone");
    commit();
    TAP_OK(!is_there(&c, 11) && look("photos").state.count == 3, "removed");
    float vector[DIM];
    TAP_OK(cs_store_vector(store, &c.identity, 11, vector, &err) == CLIPSEARCH_E_NOT_FOUND, "its vector: %s",
           err.message);
    TAP_OK(put(&c, "/d", 5, 0) == 12, "its id is not given again");
    TAP_OK(put(&c, "/top", 8, INT64_MAX - 1) == INT64_MAX - 1, "the greatest id");
    TAP_OK(put(&c, "/over", 9, 0) == -1 && err.code == CLIPSEARCH_E_DATABASE, "then none is left: %s", err.message);
    TAP_OK(!is_there(&c, INT64_MAX) && look("photos").state.count == 5, "and nothing of it was stored");

    cs_store_collection other = fixture_collection("other", DIM);
    cs_store_create(store, &other, &err);
    TAP_OK(put(&other, "/a", 20, 0) == 1 && holds(&other, 1, "/a", 20) && holds(&c, 1, "/a", 7),
           "collections have their own ids and paths");
    TAP_OK(cs_store_drop(store, "other", &err) == CLIPSEARCH_OK && !is_there(&other, 1) && holds(&c, 1, "/a", 7),
           "dropping one leaves the other");
    TAP_OK(put(&other, "/a", 20, 0) == -1 && err.code == CLIPSEARCH_E_NOT_FOUND, "put into a dropped one: %s",
           err.message);
    cs_store_drop(store, "photos", &err);
    TAP_OK(strcmp(fixture_ask(cs_store_path(store), "SELECT (SELECT count(*) FROM items) || ' ' || "
                                                    "(SELECT count(*) FROM vectors)"),
                  "0 0") == 0,
           "rows and vectors of a dropped collection are gone");
}

static void test_refused_items(void)
{
    cs_store_collection c = fixture_collection("refused", DIM);
    cs_store_create(store, &c, &err);
    put(&c, "/a", 1, 0);
    put(&c, "/b", 2, 0);
    float vector[DIM] = {0};
    char *longer = calloc(CS_ITEM_ATTRIBUTES_MAX + 8, 1), *good_attributes = calloc(CS_ITEM_ATTRIBUTES_MAX + 1, 1);
    memset(longer, 'x', CS_ITEM_ATTRIBUTES_MAX + 4);
    memset(good_attributes, ' ', CS_ITEM_ATTRIBUTES_MAX);
    memcpy(good_attributes, "{}", 2);
    clipsearch_item items[12];
    for (int i = 0; i < 12; i++)
        items[i] = fixture_item("/a", 9);
    items[0].path = NULL;
    items[0].id = -7;
    items[1].path = "";
    items[2].path = longer;
    items[3].attributes = NULL;
    items[4].attributes = "[1]";
    items[5].attributes = "{\"a\":}";
    items[6].attributes = longer;
    items[7].attributes = "";
    items[8].id = -1;
    items[9].id = INT64_MAX;
    items[10].size = (uint64_t)INT64_MAX + 1;
    items[11].attributes = "null";
    int64_t id;
    begin();
    for (int i = 0; i < 12; i++)
        TAP_OK(cs_store_put(store, &c.identity, &items[i], vector, &id, &err) == CLIPSEARCH_E_ARGUMENT, "put: %.200s",
               err.message);
    clipsearch_item item = fixture_item("/a", 9);
    for (int i = 0; i < 3; i++) {
        vector[DIM - 1] = (float[]){NAN, INFINITY, -INFINITY}[i];
        TAP_OK(cs_store_put(store, &c.identity, &item, vector, &id, &err) == CLIPSEARCH_E_ARGUMENT &&
                   strstr(err.message, "/a"),
               "put: %s", err.message);
    }
    TAP_OK(commit() && look("refused").state.count == 2 && look("refused").state.generation == 2 &&
               holds(&c, 1, "/a", 1),
           "what was refused changed nothing");
    fixture_vector(9, vector, DIM);
    begin();
    item.path = NULL;
    item.id = 0;
    TAP_OK(cs_store_put(store, &c.identity, &item, vector, &id, &err) == CLIPSEARCH_OK && id == 3 &&
               holds(&c, 3, "#3", 9),
           "an item without a path is named after its id");
    item.id = 70;
    TAP_OK(cs_store_put(store, &c.identity, &item, vector, &id, &err) == CLIPSEARCH_OK && id == 70 &&
               holds(&c, 70, "#70", 9) && commit(),
           "also after one that is given");
    item = fixture_item("/a", 9);
    vector[DIM - 1] = 0;
    TAP_OK(cs_store_put(store, &c.identity, &item, vector, &id, &err) == CLIPSEARCH_E_ARGUMENT, "put: %s", err.message);
    TAP_OK(cs_store_update(store, &c.identity, 1, &item, &err) == CLIPSEARCH_E_ARGUMENT, "update: %s", err.message);
    TAP_OK(cs_store_remove(store, &c.identity, 1, NULL, &err) == CLIPSEARCH_E_ARGUMENT, "remove: %s", err.message);
    TAP_OK(cs_store_commit(store, &err) == CLIPSEARCH_E_DATABASE, "commit: %s", err.message);
    begin();
    TAP_OK(cs_store_begin(store, &err) == CLIPSEARCH_E_ARGUMENT, "begin: %s", err.message);
    item.attributes = good_attributes;
    longer[CS_ITEM_PATH_MAX] = '\0';
    item.path = longer;
    bool found = false;
    TAP_OK(cs_store_put(store, &c.identity, &item, vector, &id, &err) == CLIPSEARCH_OK && commit() &&
               cs_store_get_path(store, &c.identity, longer, &found, &item, &err) == CLIPSEARCH_OK && found &&
               strlen(item.path) == CS_ITEM_PATH_MAX && strlen(item.attributes) == CS_ITEM_ATTRIBUTES_MAX,
           "the longest path and attributes");
    cs_store_rollback(store);
    cs_store_rollback(store);
    free(longer);
    free(good_attributes);
    cs_store_drop(store, "refused", &err);
}

static void test_update(void)
{
    cs_store_collection c = fixture_collection("update", DIM);
    cs_store_create(store, &c, &err);
    put(&c, "/old", 1, 0);
    put(&c, "/other", 2, 0);
    clipsearch_item item = fixture_item("/new", 5);
    float vector[DIM], expected[DIM];
    bool found = false;
    fixture_vector(1, expected, DIM);
    item.id = 77;
    begin();
    TAP_OK(cs_store_update(store, &c.identity, 1, &item, &err) == CLIPSEARCH_OK, "update");
    commit();
    TAP_OK(cs_store_get(store, &c.identity, 1, &found, &item, &err) == CLIPSEARCH_OK && found &&
               fixture_is_item(&item, "/new", 5) &&
               cs_store_vector(store, &c.identity, 1, vector, &err) == CLIPSEARCH_OK &&
               memcmp(vector, expected, sizeof vector) == 0,
           "all changed but the vector");
    item = fixture_item("/other", 6);
    begin();
    TAP_OK(cs_store_update(store, &c.identity, 1, &item, &err) == CLIPSEARCH_E_ARGUMENT, "to a path that is taken: %s",
           err.message);
    TAP_OK(cs_store_update(store, &c.identity, 3, &item, &err) == CLIPSEARCH_E_NOT_FOUND, "of no item: %s",
           err.message);
    item.attributes = "3";
    TAP_OK(cs_store_update(store, &c.identity, 2, &item, &err) == CLIPSEARCH_E_ARGUMENT, "to no object: %s",
           err.message);
    uint64_t before = look("update").state.generation;
    TAP_OK(commit() && look("update").state.generation == before && holds(&c, 2, "/other", 2),
           "refused, nothing changed");
    cs_store_drop(store, "update", &err);
}

static void test_generation(void)
{
    cs_store_collection c = fixture_collection("counted", DIM);
    cs_store_create(store, &c, &err);
    float vector[DIM] = {0};
    int64_t id;
    TAP_OK(look("counted").state.generation == 0 && look("counted").state.count == 0, "generation 0");
    begin();
    for (uint64_t i = 0; i < 40; i++) {
        char path[16];
        snprintf(path, sizeof path, "/%d", (int)i);
        clipsearch_item item = fixture_item(path, i);
        cs_store_put(store, &c.identity, &item, vector, &id, &err);
    }
    commit();
    TAP_OK(look("counted").state.generation == 1 && look("counted").state.count == 40,
           "a transaction of 40 raises it once");
    begin();
    commit();
    TAP_OK(look("counted").state.generation == 1, "an empty one not");
    begin();
    cs_store_remove(store, &c.identity, 1000, NULL, &err);
    commit();
    TAP_OK(look("counted").state.generation == 1, "removing nothing neither");
    begin();
    cs_store_remove(store, &c.identity, 1, NULL, &err);
    cs_store_rollback(store);
    TAP_OK(look("counted").state.generation == 1 && look("counted").state.count == 40, "nor what is rolled back");
    begin();
    cs_store_remove(store, &c.identity, 1, NULL, &err);
    commit();
    TAP_OK(look("counted").state.generation == 2 && look("counted").state.count == 39, "removing one does");
    clipsearch_item item = fixture_item("/moved", 3);
    begin();
    cs_store_update(store, &c.identity, 2, &item, &err);
    commit();
    TAP_OK(look("counted").state.generation == 3, "an update does");
    begin();
    item.attributes = "[]";
    cs_store_put(store, &c.identity, &item, vector, &id, &err);
    item.attributes = "{}";
    TAP_OK(cs_store_put(store, &c.identity, &item, vector, &id, &err) == CLIPSEARCH_OK && commit() &&
               look("counted").state.generation == 4,
           "a refused put before a good one hides nothing");
    cs_store_drop(store, "counted", &err);
}

/* ---- paths */

typedef struct walk {
    char paths[3000];
    int64_t last_id, count, stop_after;
    cs_store_collection *collection;
} walk;

static bool note_path(void *context, const clipsearch_item *item)
{
    walk *w = context;
    strcat(strcat(w->paths, item->path), "|");
    w->count++;
    return w->count != w->stop_after;
}

static const char *below(const cs_store_collection *c, const char *root)
{
    static walk w;
    memset(&w, 0, sizeof w);
    return cs_store_each_item(store, &c->identity, root, note_path, &w, &err) == CLIPSEARCH_OK ? w.paths : err.message;
}

/* All single bytes but NUL and '/', and sequences that are no UTF-8. */
static void test_odd_paths(void)
{
    cs_store_collection c = fixture_collection("bytes", DIM);
    cs_store_create(store, &c, &err);
    static const char *const odd[] = {"/\xFF\xFE/\x80", "/\xC0\xAF", "/\xED\xA0\x80",    "/'\"\\;--\n", "/%_*?[a]",
                                      "relative",       " ",         "/\xF0\x9F\x90\x95"};
    enum { ODD = sizeof odd / sizeof *odd };
    bool pass = true;
    for (int byte = 1; byte < 256; byte++) {
        char path[] = {'/', 'b', (char)byte, '\0'};
        pass = pass && put(&c, path, (uint64_t)byte, byte) == byte;
    }
    for (int i = 0; i < ODD; i++)
        pass = pass && put(&c, odd[i], (uint64_t)(1000 + i), 1000 + i) == 1000 + i;
    for (int byte = 1; byte < 256; byte++) {
        char path[] = {'/', 'b', (char)byte, '\0'};
        clipsearch_item item;
        bool found = false;
        pass = pass && holds(&c, byte, path, (uint64_t)byte);
        pass = pass && cs_store_get_path(store, &c.identity, path, &found, &item, &err) == CLIPSEARCH_OK && found &&
               item.id == byte;
    }
    for (int i = 0; i < ODD; i++)
        pass = pass && holds(&c, 1000 + i, odd[i], (uint64_t)(1000 + i));
    TAP_OK(pass && look("bytes").state.count == 255 + ODD, "paths of any bytes");
    TAP_OK(strcmp(below(&c, "/\xFF\xFE"), "/\xFF\xFE/\x80|") == 0, "below a root of such bytes");
    cs_store_drop(store, "bytes", &err);
}

static void test_prefix_walk(void)
{
    cs_store_collection c = fixture_collection("tree", DIM);
    cs_store_create(store, &c, &err);
    static const char *const paths[] = {"/a/b",    "/a/b/1",  "/a/b/sub/2", "/a/b!x",       "/a/b.jpg", "/a/b0",
                                        "/a/bc/3", "/a",      "/a/b//4",    "/a%/5",        "/a_/6",    "/ab/7",
                                        "/A/b/8",  "/\xFF/9", "/\xFF",      "/\xFF\xFF/10", "rel/11",   "/a/b/\xFF"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        put(&c, paths[i], i, 0);
    static const struct {
        const char *root, *expected;
    } cases[] = {
        {"/a/b", "/a/b|/a/b//4|/a/b/1|/a/b/sub/2|/a/b/\xFF|"},
        {"/a/b/", "/a/b|/a/b//4|/a/b/1|/a/b/sub/2|/a/b/\xFF|"},
        {"/a/b/sub", "/a/b/sub/2|"},
        {"/a/b/1", "/a/b/1|"},
        {"/a%", "/a%/5|"},
        {"/a_", "/a_/6|"},
        {"/\xFF", "/\xFF|/\xFF/9|"},
        {"/\xFF\xFF", "/\xFF\xFF/10|"},
        {"/none", ""},
        {"rel", "rel/11|"},
        {"/A", "/A/b/8|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        TAP_OK(strcmp(below(&c, cases[i].root), cases[i].expected) == 0, "below root %zu", i);
    const char *all = "/A/b/8|/a|/a%/5|/a/b|/a/b!x|/a/b.jpg|/a/b//4|/a/b/1|/a/b/sub/2|/a/b/\xFF|/a/b0|/a/bc/3|/a_/6|"
                      "/ab/7|/\xFF|/\xFF/9|/\xFF\xFF/10|";
    TAP_OK(strcmp(below(&c, "/"), all) == 0, "below / are all absolute paths, bytewise");
    char with_relative[400];
    snprintf(with_relative, sizeof with_relative, "%srel/11|", all);
    TAP_OK(strcmp(below(&c, NULL), with_relative) == 0, "all of them");
    walk w = {.stop_after = 3};
    TAP_OK(cs_store_each_item(store, &c.identity, NULL, note_path, &w, &err) == CLIPSEARCH_OK && w.count == 3,
           "false ends the walk");
    char longer[70000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    TAP_OK(strcmp(below(&c, longer), "") == 0, "no path is below a root too long to be one");
    cs_store_drop(store, "tree", &err);
}

/* ---- walks inside walks */

static bool look_inside(void *context, const clipsearch_item *item)
{
    walk *w = context;
    clipsearch_item other;
    bool found = false;
    w->last_id = item->id;
    if (cs_store_get(store, &w->collection->identity, item->id % 3 + 1, &found, &other, &err) == CLIPSEARCH_OK && found)
        w->count++;
    if (cs_store_each_item(store, &w->collection->identity, NULL, note_path, w, &err) == CLIPSEARCH_E_ARGUMENT)
        w->stop_after++;
    return true;
}

static void test_hash_and_nesting(void)
{
    cs_store_collection c = fixture_collection("copies", DIM);
    cs_store_create(store, &c, &err);
    float vector[DIM] = {0};
    int64_t id;
    begin();
    for (int i = 0; i < 3; i++) {
        clipsearch_item item = fixture_item((const char *[]){"/z", "/y", "/x"}[i], (uint64_t)i);
        memset(item.hash, i == 1 ? 0xEE : 0x00, 32);
        cs_store_put(store, &c.identity, &item, vector, &id, &err);
    }
    commit();
    uint8_t hash[32] = {0};
    walk w = {0};
    TAP_OK(cs_store_each_hash(store, &c.identity, hash, note_path, &w, &err) == CLIPSEARCH_OK &&
               strcmp(w.paths, "/z|/x|") == 0,
           "items with one content, by id: %s", w.paths);
    hash[31] = 1;
    w = (walk){0};
    TAP_OK(cs_store_each_hash(store, &c.identity, hash, note_path, &w, &err) == CLIPSEARCH_OK && w.count == 0,
           "and with none");
    w = (walk){.collection = &c};
    TAP_OK(cs_store_each_item(store, &c.identity, NULL, look_inside, &w, &err) == CLIPSEARCH_OK && w.count == 3 &&
               w.stop_after == 3,
           "looking up inside a walk works, the same walk again is refused: %s", err.message);
    w = (walk){0};
    TAP_OK(cs_store_each_item(store, &c.identity, NULL, note_path, &w, &err) == CLIPSEARCH_OK && w.count == 3,
           "and the walk works afterwards");
    cs_store_drop(store, "copies", &err);
}

/* ---- vectors */

typedef struct vector_walk {
    int64_t last_id;
    int count;
    bool pass;
} vector_walk;

static clipsearch_status check_vector(void *context, int64_t id, const float *vector, clipsearch_error *error)
{
    vector_walk *w = context;
    float expected[4096];
    fixture_vector((uint64_t)id, expected, 4096);
    w->pass = w->pass && id > w->last_id && memcmp(vector, expected, sizeof expected) == 0;
    w->last_id = id;
    if (++w->count == 7)
        return cs_fail(error, CLIPSEARCH_E_CANCELLED, "seven");
    return CLIPSEARCH_OK;
}

static void test_vectors(void)
{
    cs_store_collection c = fixture_collection("vectors", 4096);
    cs_store_create(store, &c, &err);
    static float vector[4096];
    static const int64_t ids[] = {5, 3, 900, 1, 40, 2};
    int64_t id;
    begin();
    for (size_t i = 0; i < 6; i++) {
        char path[16];
        snprintf(path, sizeof path, "/%zu", i);
        clipsearch_item item = fixture_item(path, i);
        item.id = ids[i];
        fixture_vector((uint64_t)ids[i], vector, 4096);
        cs_store_put(store, &c.identity, &item, vector, &id, &err);
    }
    commit();
    vector_walk w = {.pass = true};
    TAP_OK(cs_store_each_vector(store, &c.identity, check_vector, &w, &err) == CLIPSEARCH_OK && w.pass && w.count == 6,
           "every vector of 4096, by id");
    clipsearch_item item = fixture_item("/more", 1);
    begin();
    item.id = 1000;
    fixture_vector(1000, vector, 4096);
    cs_store_put(store, &c.identity, &item, vector, &id, &err);
    item.path = "/yet more";
    item.id = 1001;
    cs_store_put(store, &c.identity, &item, vector, &id, &err);
    commit();
    w = (vector_walk){.pass = true};
    TAP_OK(cs_store_each_vector(store, &c.identity, check_vector, &w, &err) == CLIPSEARCH_E_CANCELLED && w.count == 7 &&
               strcmp(err.message, "seven") == 0,
           "the callback's error ends the walk");
    cs_store_drop(store, "vectors", &err);
}

int main(void)
{
    if (!fixture_begin() || cs_store_open(fixture_path("a.db"), CLIPSEARCH_CREATE, &store, &err)) {
        printf("Bail out! %s\n", err.message);
        return 1;
    }
    test_collections();
    test_put();
    test_refused_items();
    test_update();
    test_generation();
    test_odd_paths();
    test_prefix_walk();
    test_hash_and_nesting();
    test_vectors();
    cs_store_close(&store);
    TAP_OK(store == NULL, "closed");
    cs_store_close(&store);
    cs_store_close(NULL);
    TAP_OK(strcmp(fixture_ask(fixture_path("a.db"), "PRAGMA integrity_check"), "ok") == 0, "integrity");
    fixture_end();
    return tap_done();
}
