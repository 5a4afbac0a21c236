/* SPDX-License-Identifier: MIT
 * test_sources.c - the sources that are remembered, what is known of files, and the paths alone. */
#include "fixture.h"
#include "store/store.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

static clipsearch_error err;
static char seen[1024];

static clipsearch_status note_source(void *context, const cs_source_record *s, clipsearch_error *e)
{
    (void)context;
    (void)e;
    const size_t used = strlen(seen);
    snprintf(seen + used, sizeof seen - used, "%s<%s %s %zu %zu|", s->path, s->list, s->options_size ? s->options : "-",
             s->options_size, s->devices_size);
    return CLIPSEARCH_OK;
}

static const char *list(cs_store *store, const cs_store_collection *c)
{
    seen[0] = '\0';
    return cs_store_each_source(store, &c->identity, note_source, NULL, &err) == CLIPSEARCH_OK ? seen : err.message;
}

static bool remember(cs_store *store, const cs_store_collection *c, const char *name, const cs_source_record *sources,
                     size_t count)
{
    return cs_store_begin(store, &err) == CLIPSEARCH_OK &&
           cs_store_put_sources(store, &c->identity, name, sources, count, &err) == CLIPSEARCH_OK &&
           cs_store_commit(store, &err) == CLIPSEARCH_OK;
}

static void test_sources(cs_store *store, const cs_store_collection *c)
{
    const cs_source_record a = {.path = "/a", .options = "x=1\0y=2", .options_size = 8},
                           b = {.path = "/b\xff", .devices = "5=/b", .devices_size = 5},
                           again = {.path = "/a", .options = "z=3", .options_size = 4};
    TAP_OK(cs_store_put_sources(store, &c->identity, "", &a, 1, &err) == CLIPSEARCH_E_ARGUMENT,
           "outside a transaction: %s", err.message);
    TAP_OK(remember(store, c, "", &a, 1) && remember(store, c, "", &b, 1) &&
               strcmp(list(store, c), "/a< x=1 8 0|/b\xff< - 0 5|") == 0,
           "two sources: %s", seen);
    TAP_OK(remember(store, c, "", &again, 1) && strcmp(list(store, c), "/a< z=3 4 0|/b\xff< - 0 5|") == 0,
           "one takes the place of the one with its path: %s", seen);
    const cs_source_record listed[] = {a, again, b};
    TAP_OK(remember(store, c, "/l.yaml", listed, 3) && remember(store, c, "/l.yaml", listed + 1, 2) &&
               strcmp(list(store, c), "/a< z=3 4 0|/b\xff< - 0 5|/a</l.yaml z=3 4 0|/b\xff</l.yaml - 0 5|") == 0,
           "those of a list take the place of all of that list: %s", seen);
    uint64_t forgotten = 0;
    TAP_OK(cs_store_begin(store, &err) == CLIPSEARCH_OK &&
               cs_store_forget_sources(store, &c->identity, "/l.yaml", &forgotten, &err) == CLIPSEARCH_OK &&
               forgotten == 2 &&
               cs_store_forget_sources(store, &c->identity, "/none", &forgotten, &err) == CLIPSEARCH_OK &&
               forgotten == 0 && cs_store_commit(store, &err) == CLIPSEARCH_OK &&
               strcmp(list(store, c), "/a< z=3 4 0|/b\xff< - 0 5|") == 0,
           "a list is forgotten: %s", seen);
    const cs_source_record nothing = {.path = ""};
    TAP_OK(!remember(store, c, "", &nothing, 1), "no path: %s", err.message);
    cs_store_rollback(store);
}

static clipsearch_status note_id(void *context, int64_t id, clipsearch_error *e)
{
    (void)context;
    (void)e;
    const size_t used = strlen(seen);
    snprintf(seen + used, sizeof seen - used, "%d ", (int)id);
    return CLIPSEARCH_OK;
}

static clipsearch_status note_path(void *context, const char *path, clipsearch_error *e)
{
    (void)context;
    (void)e;
    const size_t used = strlen(seen);
    snprintf(seen + used, sizeof seen - used, "%s ", path);
    return CLIPSEARCH_OK;
}

static const char *gone(cs_store *store, const cs_store_collection *c)
{
    seen[0] = '\0';
    return cs_store_each_gone(store, &c->identity, false, note_id, NULL, &err) == CLIPSEARCH_OK ? seen : err.message;
}

static const char *paths(cs_store *store, const cs_store_collection *c, const char *root)
{
    seen[0] = '\0';
    return cs_store_each_path(store, &c->identity, root, note_path, NULL, &err) == CLIPSEARCH_OK ? seen : err.message;
}

static void test_files(cs_store *store, cs_store_collection *c)
{
    static const char *const names[] = {"/a/1", "/a/2", "/ab", "/a", "/b/x"};
    const float vector[4] = {1};
    bool good = cs_store_begin(store, &err) == CLIPSEARCH_OK, found, marked = false, again = true;
    for (size_t i = 0; i < 5 && good; i++) {
        const clipsearch_item item = fixture_item(names[i], i + 1);
        good = cs_store_put(store, &c->identity, &item, vector, NULL, &err) == CLIPSEARCH_OK;
    }
    const cs_item_file file = {.ctime_ns = -5, .gone_since = 0};
    good = good && cs_store_set_file(store, &c->identity, 2, &file, &found, &err) == CLIPSEARCH_OK && found &&
           cs_store_mark_gone(store, &c->identity, 2, 77, &marked, &err) == CLIPSEARCH_OK && marked &&
           cs_store_mark_gone(store, &c->identity, 2, 78, &again, &err) == CLIPSEARCH_OK && !again &&
           cs_store_mark_gone(store, &c->identity, 4, 79, &marked, &err) == CLIPSEARCH_OK &&
           cs_store_set_file(store, &c->identity, 99, &file, &found, &err) == CLIPSEARCH_OK && !found &&
           cs_store_commit(store, &err) == CLIPSEARCH_OK;
    clipsearch_item item;
    TAP_OK(good && cs_store_get(store, &c->identity, 2, &found, &item, &err) == CLIPSEARCH_OK &&
               cs_store_item_file(store)->ctime_ns == -5 && cs_store_item_file(store)->gone_since == 77,
           "a file is noted as gone once, its time stays: %s", err.message);
    cs_store_collection now;
    TAP_OK(cs_store_find(store, "photos", &now, &err) == CLIPSEARCH_OK && now.state.gone == 2 && now.state.count == 5 &&
               strcmp(gone(store, c), "2 4 ") == 0,
           "two are gone: %s", seen);
    TAP_OK(strcmp(paths(store, c, "/a"), "/a /a/1 /a/2 ") == 0, "paths below a root: %s", seen);
    TAP_OK(strcmp(paths(store, c, NULL), "/a /a/1 /a/2 /ab /b/x ") == 0, "all paths: %s", seen);
    item = fixture_item("/a/2", 2);
    TAP_OK(cs_store_begin(store, &err) == CLIPSEARCH_OK &&
               cs_store_update(store, &c->identity, 2, &item, &err) == CLIPSEARCH_OK &&
               cs_store_commit(store, &err) == CLIPSEARCH_OK && strcmp(gone(store, c), "4 ") == 0,
           "an item that is changed is not gone: %s", seen);
}

/* What another program wrote. */
static void test_hostile(const char *path, const cs_store_collection *c)
{
    static const char *const rows[] = {
        "INSERT INTO sources(collection, path, list, options, devices) VALUES(1, x'2f', x'', x'61', x'')",
        "INSERT INTO sources(collection, path, list, options, devices) VALUES(1, x'2f00', x'', x'', x'')",
        "INSERT INTO sources(collection, path, list, options, devices) VALUES(1, x'2f', x'2f00', x'', x'')",
        "INSERT INTO sources(collection, path, list, options, devices) VALUES(1, x'2f', x'', x'', x'2f')",
        "UPDATE items SET gone_since = -1 WHERE id = 1"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cs_store *store = NULL;
        clipsearch_item item;
        bool found;
        fixture_sql(path, "DELETE FROM sources");
        bool made =
            fixture_sql(path, rows[i]) && cs_store_open(path, CLIPSEARCH_READ_ONLY, &store, &err) == CLIPSEARCH_OK;
        clipsearch_status status = !made   ? CLIPSEARCH_OK
                                   : i < 4 ? cs_store_each_source(store, &c->identity, note_source, NULL, &err)
                                           : cs_store_get(store, &c->identity, 1, &found, &item, &err);
        TAP_OK(status == CLIPSEARCH_E_DATABASE, "refused: %s", err.message);
        cs_store_close(&store);
    }
}

int main(void)
{
    if (!fixture_begin())
        return 1;
    const char *path = fixture_path("sources.db");
    cs_store *store = NULL;
    cs_store_collection c = fixture_collection("photos", 4);
    if (cs_store_open(path, CLIPSEARCH_CREATE, &store, &err) || cs_store_create(store, &c, &err))
        printf("Bail out! %s\n", err.message);
    test_sources(store, &c);
    test_files(store, &c);
    cs_store_close(&store);
    test_hostile(path, &c);
    fixture_end();
    return tap_done();
}
