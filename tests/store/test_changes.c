/* SPDX-License-Identifier: MIT
 * test_changes.c - what has changed since an index file was written; files of schema version 1; vacuum and check. */
#include "fixture.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 6 };

static clipsearch_error err;

/* Ids as "1 2 3 ". */
static clipsearch_status add_id(void *context, int64_t id, clipsearch_error *error)
{
    char *text = context;
    (void)error;
    sprintf(text + strlen(text), "%d ", (int)id);
    return CLIPSEARCH_OK;
}

/* The same with "-" before what has been removed; "?" behind one with another vector than its own. */
static clipsearch_status add_vector(void *context, int64_t id, const float *vector, clipsearch_error *error)
{
    char *text = context;
    float expected[DIM];
    (void)error;
    fixture_vector((uint64_t)id, expected, DIM);
    sprintf(text + strlen(text), "%s%d%s ", vector ? "" : "-", (int)id,
            vector && memcmp(vector, expected, sizeof expected) != 0 ? "?" : "");
    return CLIPSEARCH_OK;
}

static const char *changes(cs_store *store, const cs_store_collection *c, uint64_t since)
{
    static char text[4096];
    uint64_t count = 0, spaces = 0;
    text[0] = '\0';
    if (cs_store_each_change(store, &c->identity, since, add_id, text, &err) ||
        cs_store_count_changes(store, &c->identity, since, false, &count, &err))
        return err.message;
    for (const char *at = text; *at; at++)
        spaces += *at == ' ';
    return spaces == count ? text : "the count is another";
}

static bool put(cs_store *store, const cs_store_collection *c, uint64_t n)
{
    char name[32];
    float vector[DIM];
    int64_t id;
    snprintf(name, sizeof name, "/pictures/%06d.jpg", (int)n);
    clipsearch_item item = fixture_item(name, n);
    fixture_vector(n, vector, DIM);
    return cs_store_put(store, &c->identity, &item, vector, &id, &err) == CLIPSEARCH_OK;
}

static bool refresh(cs_store *store, cs_store_collection *c)
{
    bool there = false;
    return cs_store_refresh(store, &c->identity, &c->state, &there, &err) == CLIPSEARCH_OK && there;
}

static void test_log(void)
{
    cs_store *store = NULL, *other = NULL;
    cs_store_collection c = fixture_collection("photos", DIM);
    snprintf(c.identity.codes, sizeof c.identity.codes, "f16");
    c.identity.m = 24;
    c.identity.ef_construction = 99;
    c.identity.ef = 17;
    bool good = cs_store_open(fixture_path("log.db"), CLIPSEARCH_CREATE, &store, &err) == CLIPSEARCH_OK &&
                cs_store_create(store, &c, &err) == CLIPSEARCH_OK &&
                cs_store_find(store, "photos", &c, &err) == CLIPSEARCH_OK;
    TAP_OK(good && strcmp(c.identity.codes, "f16") == 0 && c.identity.m == 24 && c.identity.ef_construction == 99 &&
               c.identity.ef == 17 && !c.state.logging && c.state.index_owner == 0,
           "what an index should be is kept with the collection %s", err.message);
    good = cs_store_begin(store, &err) == CLIPSEARCH_OK;
    for (uint64_t n = 1; n <= 20; n++)
        good = good && put(store, &c, n);
    good = good && cs_store_commit(store, &err) == CLIPSEARCH_OK && refresh(store, &c);
    TAP_OK(good && c.state.count == 20 && c.state.generation == 1 && !*changes(store, &c, 0),
           "nothing is noted before it is asked");
    good = cs_store_log_changes(store, &c, &err) == CLIPSEARCH_OK;
    TAP_OK(good && c.state.logging && c.state.log_from == 1, "asked for: noted from generation %d on",
           (int)c.state.log_from);
    good = cs_store_begin(store, &err) == CLIPSEARCH_OK && put(store, &c, 3) && put(store, &c, 21) &&
           cs_store_remove(store, &c.identity, 5, NULL, &err) == CLIPSEARCH_OK &&
           cs_store_remove(store, &c.identity, 500, NULL, &err) == CLIPSEARCH_OK &&
           cs_store_commit(store, &err) == CLIPSEARCH_OK;
    TAP_OK(good && refresh(store, &c) && c.state.generation == 2 && c.state.count == 20 &&
               strcmp(changes(store, &c, 1), "3 5 21 ") == 0,
           "put, replaced and removed: %s", changes(store, &c, 1));
    good = cs_store_begin(store, &err) == CLIPSEARCH_OK && put(store, &c, 7) && put(store, &c, 3);
    cs_store_rollback(store);
    TAP_OK(good && refresh(store, &c) && c.state.generation == 2 && strcmp(changes(store, &c, 1), "3 5 21 ") == 0,
           "what is rolled back is not noted");
    uint64_t present = 0;
    char now[64] = "";
    good = cs_store_count_changes(store, &c.identity, 1, true, &present, &err) == CLIPSEARCH_OK && present == 2 &&
           cs_store_each_changed_vector(store, &c.identity, 1, add_vector, now, &err) == CLIPSEARCH_OK;
    TAP_OK(good && strcmp(now, "3 -5 21 ") == 0, "with what is there of them now: %s", now);
    cs_filter_tree *filter = NULL, *none = NULL;
    uint64_t removed = 0;
    good = cs_filter_parse("id in [8, 9, 900]", &filter, NULL, &err) == CLIPSEARCH_OK &&
           cs_filter_parse("id == 900", &none, NULL, &err) == CLIPSEARCH_OK &&
           cs_store_begin(store, &err) == CLIPSEARCH_OK &&
           cs_store_remove_where(store, &c.identity, none, &removed, &err) == CLIPSEARCH_OK && removed == 0 &&
           cs_store_commit(store, &err) == CLIPSEARCH_OK && refresh(store, &c);
    TAP_OK(good && c.state.generation == 2, "removing nothing by a filter is no change");
    good = cs_store_begin(store, &err) == CLIPSEARCH_OK &&
           cs_store_remove_where(store, &c.identity, filter, &removed, &err) == CLIPSEARCH_OK && removed == 2 &&
           put(store, &c, 5) && cs_store_commit(store, &err) == CLIPSEARCH_OK && refresh(store, &c);
    TAP_OK(good && c.state.generation == 3 && strcmp(changes(store, &c, 1), "3 5 8 9 21 22 ") == 0 &&
               strcmp(changes(store, &c, 2), "8 9 22 ") == 0,
           "by a filter too: %s", changes(store, &c, 2));
    clipsearch_item item = fixture_item("/pictures/000010.jpg", 1000);
    good = cs_store_begin(store, &err) == CLIPSEARCH_OK &&
           cs_store_update(store, &c.identity, 10, &item, &err) == CLIPSEARCH_OK &&
           cs_store_commit(store, &err) == CLIPSEARCH_OK && refresh(store, &c);
    TAP_OK(good && c.state.generation == 4 && !*changes(store, &c, 3), "a change of attributes leaves the vector");
    good = cs_store_open(fixture_path("log.db"), 0, &other, &err) == CLIPSEARCH_OK;
    bool began = false, again = true;
    good = good && cs_store_begin_read(store, &began, &err) == CLIPSEARCH_OK && began && refresh(store, &c) &&
           cs_store_begin_read(store, &again, &err) == CLIPSEARCH_OK && !again;
    good = good && cs_store_begin(other, &err) == CLIPSEARCH_OK && put(other, &c, 30) &&
           cs_store_record_index(other, &c.identity, 0xfedcba9876543210, 2, &err) == CLIPSEARCH_OK &&
           cs_store_commit(other, &err) == CLIPSEARCH_OK;
    TAP_OK(good && strcmp(changes(store, &c, 1), "3 5 8 9 21 22 ") == 0 && refresh(store, &c) &&
               c.state.generation == 4,
           "while reading, all is as it was %s", err.message);
    cs_store_end_read(store);
    TAP_OK(refresh(store, &c) && c.state.generation == 5 && c.state.index_owner == 0xfedcba9876543210 &&
               c.state.log_from == 2 && strcmp(changes(store, &c, c.state.log_from), "8 9 22 23 ") == 0,
           "a checkpoint forgets what the file has, and no more: %s", changes(store, &c, c.state.log_from));
    int64_t ids[8];
    float vectors[8 * DIM], expected[DIM];
    size_t count = 0;
    good = cs_store_vectors_after(store, &c.identity, 5, 4, ids, vectors, &count, &err) == CLIPSEARCH_OK;
    fixture_vector(6, expected, DIM);
    TAP_OK(good && count == 4 && ids[0] == 6 && ids[1] == 7 && ids[2] == 10 && ids[3] == 11 &&
               memcmp(vectors, expected, sizeof expected) == 0,
           "vectors in lots");
    good = cs_store_vectors_after(store, &c.identity, 22, 4, ids, vectors, &count, &err) == CLIPSEARCH_OK && count == 1;
    TAP_OK(good && cs_store_vectors_after(store, &c.identity, 23, 4, ids, vectors, &count, &err) == CLIPSEARCH_OK &&
               count == 0,
           "the last lot, and none behind it");
    good = cs_store_begin(store, &err) == CLIPSEARCH_OK &&
           cs_store_record_index(store, &c.identity, 0, 0, &err) == CLIPSEARCH_OK && put(store, &c, 40) &&
           cs_store_commit(store, &err) == CLIPSEARCH_OK && refresh(store, &c);
    TAP_OK(good && !c.state.logging && c.state.index_owner == 0 && !*changes(store, &c, 0),
           "no file any more: nothing is noted");
    good = cs_store_drop(store, "photos", &err) == CLIPSEARCH_OK;
    bool there = true, exists = true;
    TAP_OK(good && cs_store_exists(store, &c.identity, &exists, &err) == CLIPSEARCH_OK && !exists &&
               cs_store_refresh(store, &c.identity, &c.state, &there, &err) == CLIPSEARCH_OK && !there &&
               strcmp(fixture_ask(fixture_path("log.db"), "SELECT count(*) FROM changes"), "0") == 0,
           "a dropped collection's changes go with it");
    cs_filter_free(&filter);
    cs_filter_free(&none);
    cs_store_close(&other);
    cs_store_close(&store);
}

/* ---- version 1 */

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1 << 16, 1);
    if (!file || !text || fread(text, 1, (1 << 16) - 1, file) == 0) {
        printf("Bail out! %s cannot be read\n", path);
        exit(1);
    }
    fclose(file);
    return text;
}

static bool is_as_it_was(cs_store *store, int version)
{
    cs_store_collection photos, other;
    if (cs_store_find(store, "photos", &photos, &err) || cs_store_find(store, "other", &other, &err))
        return false;
    /* the program of version 2 has removed item 9 */
    const uint64_t last = version >= 2 ? 8 : 9, changes = version >= 2 ? 2 : 1;
    bool same = photos.state.count == last - 1 && photos.identity.dim == DIM && photos.state.generation == changes &&
                !photos.state.logging && !photos.identity.codes[0] && photos.identity.m == 0 &&
                !photos.identity.model_path[0] && photos.identity.encoding == 0 && other.state.count == 1 &&
                other.identity.metric == CLIPSEARCH_L2;
    for (uint64_t n = 1; n <= 9 && same; n++) {
        char name[32];
        float vector[DIM], expected[DIM];
        clipsearch_item item;
        bool found;
        snprintf(name, sizeof name, "/pictures/%06d.jpg", (int)n);
        fixture_vector(n, expected, DIM);
        same = cs_store_get(store, &photos.identity, (int64_t)n, &found, &item, &err) == CLIPSEARCH_OK &&
               found == (n != 4 && n <= last);
        if (found)
            same = same && fixture_is_item(&item, name, n) &&
                   cs_store_vector(store, &photos.identity, (int64_t)n, vector, &err) == CLIPSEARCH_OK &&
                   memcmp(vector, expected, sizeof vector) == 0;
    }
    return same;
}

static void test_version(int version)
{
    static const unsigned ways[] = {0, CLIPSEARCH_CREATE, CLIPSEARCH_READ_ONLY};
    char source[4096], own[4];
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    snprintf(source, sizeof source, "%s/tests/data/schema-%d/photos.sql", root ? root : ".", version);
    snprintf(own, sizeof own, "%d", version);
    char *sql = read_text(source);
    for (int way = 0; way < 3; way++) {
        char name[20];
        cs_store *store = NULL;
        cs_item_file file = {.ctime_ns = 7, .gone_since = 8};
        snprintf(name, sizeof name, "v%d-%d.db", version, way);
        const char *path = fixture_path(name);
        bool good = fixture_sql(path, sql) && strcmp(fixture_ask(path, "PRAGMA user_version"), own) == 0 &&
                    cs_store_open(path, ways[way], &store, &err) == CLIPSEARCH_OK && is_as_it_was(store, version);
        if (good)
            file = *cs_store_item_file(store);
        TAP_OK(good && strcmp(fixture_ask(path, "PRAGMA user_version"), "5") == 0 &&
                   !*fixture_ask(path, "SELECT 1 FROM remodels") &&
                   !*fixture_ask(path, "SELECT 1 FROM collections WHERE precisions <> 0"),
               "schema version %d opened with flags %u: brought up to date, all is there %s", version, ways[way],
               err.message);
        TAP_OK(good && !file.ctime_ns && !file.gone_since && !*fixture_ask(path, "SELECT 1 FROM sources"),
               "nothing is known of its files, and no source is remembered");
        TAP_OK((cs_store_begin(store, &err) == CLIPSEARCH_OK) == (ways[way] != CLIPSEARCH_READ_ONLY),
               "and it is written to as the flags say");
        cs_store_close(&store);
    }
    free(sql);
}

/* ---- vacuum */

static bool holds(const char *path, const char *suffix, const float *vector)
{
    char name[500];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *file = fopen(name, "rb");
    char *bytes = calloc(1 << 22, 1);
    size_t size = file && bytes ? fread(bytes, 1, 1 << 22, file) : 0;
    bool found = size && memmem(bytes, size, vector, DIM * sizeof *vector);
    if (file)
        fclose(file);
    free(bytes);
    return found;
}

static void test_vacuum(void)
{
    const char *path = fixture_path("vacuum.db");
    cs_store *store = NULL, *reader = NULL;
    cs_store_collection c = fixture_collection("photos", DIM);
    float vector[DIM], kept[DIM];
    bool began;
    bool good = cs_store_open(path, CLIPSEARCH_CREATE, &store, &err) == CLIPSEARCH_OK &&
                cs_store_create(store, &c, &err) == CLIPSEARCH_OK && cs_store_begin(store, &err) == CLIPSEARCH_OK;
    for (uint64_t n = 1; n <= 2000; n++)
        good = good && put(store, &c, n);
    good = good && cs_store_commit(store, &err) == CLIPSEARCH_OK && cs_store_begin(store, &err) == CLIPSEARCH_OK;
    for (int64_t id = 1; id <= 1500; id++)
        good = good && cs_store_remove(store, &c.identity, id, NULL, &err) == CLIPSEARCH_OK;
    good = good && cs_store_commit(store, &err) == CLIPSEARCH_OK;
    fixture_vector(1234, vector, DIM);
    fixture_vector(1999, kept, DIM);
    TAP_OK(good && (holds(path, "", vector) || holds(path, "-wal", vector)),
           "a removed vector's bytes are there still");
    good = cs_store_open(path, CLIPSEARCH_READ_ONLY, &reader, &err) == CLIPSEARCH_OK &&
           cs_store_begin_read(reader, &began, &err) == CLIPSEARCH_OK &&
           cs_store_find(reader, "photos", &c, &err) == CLIPSEARCH_OK;
    cs_store_set_timeout(store, 50);
    TAP_OK(good && cs_store_vacuum(store, &err) == CLIPSEARCH_E_DATABASE, "while another reads: %s", err.message);
    cs_store_end_read(reader);
    TAP_OK(cs_store_vacuum(reader, &err) == CLIPSEARCH_E_ARGUMENT, "read-only: %s", err.message);
    cs_store_close(&reader);
    good = cs_store_vacuum(store, &err) == CLIPSEARCH_OK && cs_store_check(store, &err) == CLIPSEARCH_OK;
    TAP_OK(good && !holds(path, "", vector) && !holds(path, "-wal", vector) && holds(path, "", kept),
           "after a vacuum they are not, neither in the file nor in its log %s", err.message);
    TAP_OK(cs_store_find(store, "photos", &c, &err) == CLIPSEARCH_OK && c.state.count == 500,
           "the others are all there");
    cs_store_close(&store);
}

int main(void)
{
    if (!fixture_begin())
        return 1;
    test_log();
    test_version(1);
    test_version(2);
    test_version(3);
    test_version(4);
    test_vacuum();
    fixture_end();
    return tap_done();
}
