/* SPDX-License-Identifier: MIT
 * test_hostile.c - databases edited by hand, cut short or overwritten: an error value, never a crash. */
#include "fixture.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DIM = 8,
    ITEMS = 400 /* so many that the file does not end with the page on which a table begins: that may be empty */
};

static clipsearch_error err;

static void fill(const char *path)
{
    cs_store *store = NULL;
    cs_store_collection c = fixture_collection("photos", DIM);
    if (cs_store_open(path, CLIPSEARCH_CREATE, &store, &err) || cs_store_create(store, &c, &err) ||
        cs_store_log_changes(store, &c, &err) || cs_store_begin(store, &err))
        return;
    for (uint64_t i = 1; i <= ITEMS; i++) {
        char name[16];
        float vector[DIM];
        snprintf(name, sizeof name, "/%d", (int)i);
        clipsearch_item item = fixture_item(name, i);
        fixture_vector(i, vector, DIM);
        cs_store_put(store, &c.identity, &item, vector, NULL, &err);
    }
    cs_store_commit(store, &err);
    cs_store_close(&store);
}

static bool pass_item(void *context, const clipsearch_item *item)
{
    (void)item;
    ++*(int *)context;
    return true;
}

static bool pass_collection(void *context, const cs_store_collection *collection)
{
    (void)collection;
    ++*(int *)context;
    return true;
}

static clipsearch_status pass_vector(void *context, int64_t id, const float *vector, clipsearch_error *error)
{
    (void)id;
    (void)vector;
    (void)error;
    ++*(int *)context;
    return CLIPSEARCH_OK;
}

/* What each of the readers says, worst last: every one must be OK or CLIPSEARCH_E_DATABASE. */
typedef struct verdicts {
    clipsearch_status open, find, each, all_items, by_hash, get, vector, vectors, changes;
} verdicts;

static verdicts read_everything(const char *path)
{
    verdicts v = {0};
    cs_store *store = NULL;
    cs_store_collection c;
    clipsearch_item item;
    float vector[CS_ITEM_DIM_MAX];
    bool found;
    int count = 0;
    v.open = cs_store_open(path, 0, &store, &err);
    if (v.open)
        return v;
    v.each = cs_store_each(store, pass_collection, &count, &err);
    v.find = cs_store_find(store, "photos", &c, &err);
    if (v.find) { /* what a caller would hold who opened it before the edit */
        c = fixture_collection("photos", DIM);
        c.identity.key = 1;
    }
    v.all_items = cs_store_each_item(store, &c.identity, NULL, pass_item, &count, &err);
    uint8_t hash[32] = {0};
    v.by_hash = cs_store_each_hash(store, &c.identity, hash, pass_item, &count, &err);
    v.get = cs_store_get(store, &c.identity, 7, &found, &item, &err);
    v.vector = cs_store_vector(store, &c.identity, 7, vector, &err);
    v.vectors = cs_store_each_vector(store, &c.identity, pass_vector, &count, &err);
    uint64_t changes;
    v.changes = cs_store_count_changes(store, &c.identity, 0, false, &changes, &err);
    cs_store_close(&store);
    return v;
}

static bool bad(clipsearch_status status)
{
    return status == CLIPSEARCH_E_DATABASE && err.message[0];
}

/* ---- edited rows */

typedef enum hit { COLLECTION, ITEM, VECTOR } hit;

static void test_edits(void)
{
    static const struct {
        hit where;
        const char *sql;
    } cases[] = {
        {VECTOR, "UPDATE vectors SET vector = x'00' WHERE key = 7"},
        {VECTOR, "UPDATE vectors SET vector = x'' WHERE key = 7"},
        {VECTOR, "UPDATE vectors SET vector = zeroblob(36) WHERE key = 7"},
        {VECTOR, "UPDATE vectors SET vector = zeroblob(3000000) WHERE key = 7"},
        {VECTOR, "UPDATE vectors SET vector = zeroblob(100000000) WHERE key = 7"},
        {VECTOR, "UPDATE vectors SET vector = x'0000c07f00000000000000000000000000000000000000000000000000000000' "
                 "WHERE key = 7"}, /* NaN */
        {VECTOR, "UPDATE vectors SET vector = x'00000000000000000000000000000000000000000000000000000000000080ff' "
                 "WHERE key = 7"}, /* -infinity */
        {VECTOR, "DELETE FROM vectors WHERE key = 7"},
        {VECTOR, "DROP TABLE vectors; CREATE TABLE vectors(key INTEGER PRIMARY KEY, vector ANY) STRICT;"
                 " INSERT INTO vectors SELECT key, 'text' FROM items"},
        {VECTOR, "DROP TABLE vectors; CREATE TABLE vectors(key INTEGER PRIMARY KEY, vector ANY) STRICT;"
                 " INSERT INTO vectors SELECT key, NULL FROM items"},
        {ITEM, "UPDATE items SET size = -1 WHERE id = 7"},
        {ITEM, "UPDATE items SET width = -5 WHERE id = 7"},
        {ITEM, "UPDATE items SET height = 4294967296 WHERE id = 7"},
        {ITEM, "UPDATE items SET hash = x'00' WHERE id = 7"},
        {ITEM, "UPDATE items SET path = x'' WHERE id = 7"},
        {ITEM, "UPDATE items SET path = x'2f610062' WHERE id = 7"}, /* a NUL inside */
        {ITEM, "UPDATE items SET path = zeroblob(70000) WHERE id = 7"},
        {ITEM, "UPDATE items SET path = CAST(replace(hex(zeroblob(40000)), '0', 'x') AS BLOB) WHERE id = 7"},
        {ITEM, "UPDATE items SET attributes = '' WHERE id = 7"},
        {ITEM, "UPDATE items SET attributes = '[]' WHERE id = 7"},
        {ITEM, "UPDATE items SET attributes = '{' WHERE id = 7"},
        {ITEM, "UPDATE items SET attributes = '{}' || char(0) || 'x' WHERE id = 7"},
        {ITEM, "UPDATE items SET attributes = '{' || replace(hex(zeroblob(600000)), '0', ' ') || '}' WHERE id = 7"},
        {ITEM,
         "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(replace(sql, 'BLOB NOT NULL', 'ANY'),"
         " 'INTEGER NOT NULL CHECK(size >= 0)', 'ANY') WHERE name = 'items'; PRAGMA writable_schema = RESET;"
         " UPDATE items SET path = NULL, size = 'big' WHERE id = 7"},
        {COLLECTION, "UPDATE collections SET dim = 0"},
        {COLLECTION, "UPDATE collections SET dim = -8"},
        {COLLECTION, "UPDATE collections SET dim = 1000000000"},
        {COLLECTION, "UPDATE collections SET dim = 9223372036854775807"},
        {COLLECTION, "UPDATE collections SET metric = 'euclid'"},
        {COLLECTION, "UPDATE collections SET metric = 'cosine-and-more'"},
        {COLLECTION, "UPDATE collections SET generation = -1"},
        {COLLECTION, "UPDATE collections SET encoder = replace(hex(zeroblob(100)), '0', 'x')"},
        {COLLECTION, "UPDATE collections SET fingerprint = 'a' || char(0)"},
        {COLLECTION, "INSERT INTO collections(name, encoder, fingerprint, preprocessing, dim, metric, created)"
                     " VALUES('../../etc', 'e', 'f', 'p', 8, 'cosine', 0); UPDATE collections SET dim = 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[20], sql[1000];
        snprintf(name, sizeof name, "edit%zu.db", i);
        const char *path = fixture_path(name);
        fill(path);
        snprintf(sql, sizeof sql, "PRAGMA ignore_check_constraints = 1; %s", cases[i].sql);
        if (!TAP_OK(fixture_sql(path, sql), "edit %.60s", cases[i].sql))
            continue;
        verdicts v = read_everything(path);
        bool pass = !v.open;
        if (cases[i].where == COLLECTION)
            pass = pass && bad(v.find) && bad(v.each);
        else if (cases[i].where == ITEM)
            pass = pass && !v.find && bad(v.all_items) && bad(v.get) && !v.vector && !v.vectors;
        else
            pass = pass && !v.find && !v.all_items && !v.get && bad(v.vector) && bad(v.vectors);
        TAP_OK(pass, "%s", err.message);
    }
}

/* A walk meets ids that cannot be, and rows of another program's hand without next_id. */
static void test_ids(void)
{
    const char *path = fixture_path("ids.db");
    cs_store *store = NULL;
    cs_store_collection c;
    int64_t id = 0;
    float vector[DIM] = {1};
    clipsearch_item item = fixture_item("/new", 1);
    fill(path);
    fixture_sql(path, "UPDATE collections SET next_id = 3");
    bool pass = !cs_store_open(path, 0, &store, &err) && !cs_store_find(store, "photos", &c, &err) &&
                !cs_store_begin(store, &err) && !cs_store_put(store, &c.identity, &item, vector, &id, &err) &&
                !cs_store_commit(store, &err);
    cs_store_close(&store);
    TAP_OK(pass && id == ITEMS + 1, "a next_id set back gives no id twice (%lld)", (long long)id);
    fixture_sql(path, "PRAGMA ignore_check_constraints = 1; UPDATE items SET id = -9 WHERE id = 7");
    verdicts v = read_everything(path);
    TAP_OK(bad(v.all_items) && bad(v.vectors), "a negative id: %s", err.message);
}

/* ---- damaged files */

static char *load(const char *path, size_t *size)
{
    *size = (size_t)fixture_size(path);
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(*size);
    if (!file || !bytes || fread(bytes, 1, *size, file) != *size)
        *size = 0;
    if (file)
        fclose(file);
    return bytes;
}

static void save(const char *path, const char *bytes, size_t size)
{
    char beside[500];
    static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
    for (int i = 0; i < 3; i++) {
        snprintf(beside, sizeof beside, "%s%s", path, suffixes[i]);
        unlink(beside);
    }
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size)
        printf("# cannot write %s\n", path);
    if (file)
        fclose(file);
}

static bool ok_or_bad(clipsearch_status status)
{
    return status == CLIPSEARCH_OK || status == CLIPSEARCH_E_DATABASE;
}

static bool all_ok_or_bad(verdicts v)
{
    return ok_or_bad(v.open) && (ok_or_bad(v.find) || v.find == CLIPSEARCH_E_NOT_FOUND) && ok_or_bad(v.each) &&
           ok_or_bad(v.all_items) && ok_or_bad(v.by_hash) && ok_or_bad(v.get) &&
           (ok_or_bad(v.vector) || v.vector == CLIPSEARCH_E_NOT_FOUND) && ok_or_bad(v.vectors) && ok_or_bad(v.changes);
}

static bool any_bad(verdicts v)
{
    return v.open || v.find || v.each || v.all_items || v.by_hash || v.get || v.vector || v.vectors || v.changes;
}

static void test_truncated(void)
{
    const char *path = fixture_path("cut.db");
    size_t size;
    fill(path);
    char *bytes = load(path, &size);
    bool pass = size > 100000, noticed = true;
    for (size_t left = 1; left < size && pass; left += left < 200 ? 1 : 4093) {
        save(path, bytes, left);
        verdicts v = read_everything(path);
        pass = all_ok_or_bad(v);
        noticed = noticed && any_bad(v);
    }
    TAP_OK(pass && noticed, "a file cut anywhere is an error: %s", err.message);
    free(bytes);
}

static void test_overwritten(void)
{
    const char *path = fixture_path("garbled.db");
    size_t size;
    fill(path);
    char *bytes = load(path, &size), *copy = malloc(size);
    uint64_t seed = 1;
    bool pass = true;
    int errors = 0;
    for (int round = 0; round < 300 && pass; round++) {
        memcpy(copy, bytes, size);
        for (int i = 0; i < (round % 2 ? 1 : 60); i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            size_t at = (seed >> 20) % size;
            if (round % 3 == 0) /* where it hurts: the beginning of a page */
                at = at / 16384 * 16384 + (seed >> 45) % 64;
            copy[at] = (char)(seed >> 56);
        }
        save(path, copy, size);
        verdicts v = read_everything(path);
        errors += any_bad(v);
        pass = all_ok_or_bad(v);
    }
    TAP_OK(pass && errors > 50, "300 files with wrong bytes, %d of them noticed: %s", errors, err.message);
    free(bytes);
    free(copy);
}

int main(void)
{
    if (!fixture_begin())
        return 1;
    test_edits();
    test_ids();
    test_truncated();
    test_overwritten();
    fixture_end();
    return tap_done();
}
