/* SPDX-License-Identifier: MIT
 * fuzz_rows.c - a database whose rows another program wrote, with values of any type and any bytes: collections, items,
 * vectors, and the sources that are remembered. Everything that reads such rows is called.
 *
 * The input says of one value after the other what it is: a byte below 128, the usual value; else a type, and with a
 * text or blob its length in one byte and its bytes. Behind the end of the input all values are the usual ones. */
#include "base/item_limits.h"
#include "ingest/item_attributes.h"
#include "ingest/remembered.h"
#include "store/schema.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DIM = 3, ITEMS = 2, SOURCES = 3, STEPS = 3 };

static char directory[] = "/tmp/clipsearch-fuzz.XXXXXX", path[sizeof directory + 8];
static sqlite3 *raw;            /* the other program */
static clipsearch_database *db; /* ours */

typedef struct input {
    const uint8_t *at, *end;
} input;

static uint8_t next_byte(input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "fuzz_rows: %s: %s\n", what, raw ? sqlite3_errmsg(raw) : "");
        abort();
    }
}

/* ---- the database */

static void run_sql(const char *sql)
{
    must(sqlite3_exec(raw, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

/* The other program opens the database; it does not mind what is checked. */
static void open_raw(void)
{
    must(sqlite3_open(path, &raw) == SQLITE_OK, path);
    run_sql("PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF");
}

/* Let the tables hold values of any type, as one that edits the file's pages can. They were checked when we opened the
 * file. */
static void loosen_tables(void)
{
    run_sql("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
            " replace(replace(sql, ') STRICT, WITHOUT', ') WITHOUT'), ') STRICT', ')'); PRAGMA schema_version = 1000");
    sqlite3_close(raw);
    open_raw();
}

static void clean_up(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal", ".photos.hnsw"};
    clipsearch_database_close(&db);
    sqlite3_close(raw);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char name[sizeof path + 16];
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    rmdir(directory);
}

static void set_up(void)
{
    clipsearch_error err;
    must(mkdtemp(directory) != NULL, directory);
    snprintf(path, sizeof path, "%s/t.db", directory);
    atexit(clean_up);
    open_raw();
    run_sql("PRAGMA journal_mode = WAL");
    for (size_t i = 0; i < STEPS; i++)
        run_sql(cs_store_steps[i]);
    run_sql("PRAGMA wal_checkpoint(TRUNCATE)");
    must(clipsearch_database_open(path, CLIPSEARCH_READ_ONLY, &db, &err) == CLIPSEARCH_OK, err.message);
    loosen_tables();
}

/* ---- values of a row */

static void bind_usual_blob(sqlite3_stmt *statement, int number, const void *bytes, size_t size)
{
    sqlite3_bind_blob(statement, number, bytes, (int)size, SQLITE_TRANSIENT);
}

/* Bind what the input says. False: it says that the value is the usual one. */
static bool bind_odd(input *in, sqlite3_stmt *statement, int number)
{
    enum { NOTHING, INTEGER, REAL, TEXT, BLOB, KINDS };
    const uint8_t kind = next_byte(in);
    const size_t left = (size_t)(in->end - in->at);
    if (kind < 128)
        return false;
    int64_t integer = 0;
    double real = 0;
    size_t length = next_byte(in);
    length = length < left ? length : left ? left - 1 : 0;
    switch (kind % KINDS) {
    case NOTHING:
        sqlite3_bind_null(statement, number);
        break;
    case INTEGER:
        memcpy(&integer, in->at, length < sizeof integer ? length : sizeof integer);
        sqlite3_bind_int64(statement, number, integer);
        break;
    case REAL:
        memcpy(&real, in->at, length < sizeof real ? length : sizeof real);
        sqlite3_bind_double(statement, number, real);
        break;
    case TEXT:
        sqlite3_bind_text(statement, number, (const char *)in->at, (int)length, SQLITE_TRANSIENT);
        break;
    default:
        bind_usual_blob(statement, number, length ? in->at : (const uint8_t *)"", length);
        break;
    }
    in->at += length;
    return true;
}

static void bind_text(input *in, sqlite3_stmt *statement, int number, const char *usual)
{
    if (!bind_odd(in, statement, number))
        sqlite3_bind_text(statement, number, usual, -1, SQLITE_TRANSIENT);
}

static void bind_integer(input *in, sqlite3_stmt *statement, int number, int64_t usual)
{
    if (!bind_odd(in, statement, number))
        sqlite3_bind_int64(statement, number, usual);
}

static void bind_blob(input *in, sqlite3_stmt *statement, int number, const void *usual, size_t size)
{
    if (!bind_odd(in, statement, number))
        bind_usual_blob(statement, number, usual, size);
}

static sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *statement = NULL;
    must(sqlite3_prepare_v2(raw, sql, -1, &statement, NULL) == SQLITE_OK, sql);
    return statement;
}

/* NOT NULL and UNIQUE may refuse the row; then there is none. */
static void insert(sqlite3_stmt *statement)
{
    sqlite3_step(statement);
    sqlite3_finalize(statement);
}

static void insert_collection(input *in)
{
    static int64_t generation;
    sqlite3_stmt *row = prepare("INSERT INTO collections(key, name, encoder, fingerprint, preprocessing, dim, metric,"
                                " created, generation, next_id, codes, m, ef_construction, ef, index_owner, index_next,"
                                " log_from) VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
                                " ?16)");
    static const char *const texts[] = {"photos", "model", "fingerprint", "preprocessing"};
    for (int i = 0; i < 4; i++)
        bind_text(in, row, 1 + i, texts[i]);
    bind_integer(in, row, 5, DIM);
    bind_text(in, row, 6, "cosine");
    bind_integer(in, row, 7, 1700000000);
    bind_integer(in, row, 8, ++generation);
    bind_integer(in, row, 9, 100);
    bind_text(in, row, 10, "");
    for (int i = 11; i <= 15; i++)
        bind_integer(in, row, i, 0);
    if (!bind_odd(in, row, 16))
        sqlite3_bind_null(row, 16);
    insert(row);
}

static void insert_item(input *in, int64_t number)
{
    static const char *const attributes[] = {"{\"price\":10,\"label\":\"dog\", \"camera\":\"Nikon\"}", "{}"};
    static const float vector[DIM] = {0.6F, 0.8F, 0};
    char name[16];
    snprintf(name, sizeof name, "/a/%d.jpg", (int)number);
    sqlite3_stmt *row = prepare("INSERT INTO items(key, collection, id, path, size, mtime_ns, hash, width, height,"
                                " attributes, ctime_ns, gone_since) VALUES(?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
                                " ?11)");
    sqlite3_bind_int64(row, 1, number);
    bind_integer(in, row, 2, number);
    bind_blob(in, row, 3, name, strlen(name));
    bind_integer(in, row, 4, 1000);
    bind_integer(in, row, 5, INT64_C(1700000000000000000));
    bind_blob(in, row, 6, "0123456789abcdef0123456789abcdef", 32);
    bind_integer(in, row, 7, 640);
    bind_integer(in, row, 8, 480);
    bind_text(in, row, 9, attributes[number % 2]);
    bind_integer(in, row, 10, 0);
    bind_integer(in, row, 11, 0);
    insert(row);
    row = prepare("INSERT INTO vectors(key, vector) VALUES(?1, ?2)");
    sqlite3_bind_int64(row, 1, number);
    bind_blob(in, row, 2, vector, sizeof vector);
    insert(row);
}

static void insert_source(input *in, size_t number)
{
    static const char options[] = "include=*.jpg\0exclude=old\0hidden=yes\0max_pixels=1000";
    static const char devices[] = "2049=/a\0"
                                  "64769=/a/b";
    sqlite3_stmt *row =
        prepare("INSERT INTO sources(collection, path, list, options, devices) VALUES(1, ?1, ?2, ?3, ?4)");
    bind_blob(in, row, 1, number ? "/b" : "/a", 2);
    bind_blob(in, row, 2, number == 2 ? "/list.yaml" : "", number == 2 ? 10 : 0);
    bind_blob(in, row, 3, options, number ? sizeof options : 0);
    bind_blob(in, row, 4, devices, number ? sizeof devices : 0);
    insert(row);
}

static void write_rows(input *in)
{
    run_sql("BEGIN; DELETE FROM sources; DELETE FROM changes; DELETE FROM vectors; DELETE FROM items;"
            "DELETE FROM collections");
    insert_collection(in);
    for (int64_t i = 1; i <= ITEMS; i++)
        insert_item(in, i);
    for (size_t i = 0; i < SOURCES; i++)
        insert_source(in, i);
    run_sql("COMMIT");
}

/* ---- reading them */

/* Every byte of a string can be read. */
static void use(const char *text)
{
    static volatile size_t longest;
    const size_t size = text ? strlen(text) : 0;
    if (size > longest)
        longest = size;
}

static bool on_collection(void *context, const clipsearch_collection_info *info)
{
    (void)context;
    use(info->name);
    use(info->encoder);
    use(info->preprocessing);
    if (!info->name[0] || info->dim == 0)
        abort();
    return true;
}

/* Returns how many there are. */
static size_t read_sources(clipsearch_collection *collection)
{
    clipsearch_error err;
    cs_remembered remembered = {0};
    if (cs_remembered_read(&remembered, collection, &err) != CLIPSEARCH_OK)
        must(err.message[0] != '\0', "an error without words");
    for (size_t i = 0; i < remembered.count; i++) {
        const cs_remembered_source *one = &remembered.sources[i];
        const clipsearch_source *source = &one->source;
        must(source->path && source->path[0], "a source without a path");
        use(one->list);
        use(one->metadata);
        use(source->attributes);
        use(source->attributes_csv);
        use(source->csv_key);
        for (size_t k = 0; k < source->include_count; k++)
            use(source->include[k]);
        for (size_t k = 0; k < source->exclude_count; k++)
            use(source->exclude[k]);
        for (size_t k = 0; k < one->devices.count; k++)
            must(one->devices.items[k].path[0] == '/', "a device without a directory");
        /* what was read is written again, and is the same when it is read once more */
        cs_buf text = cs_buf_make(1 << 20);
        cs_devices again = {0};
        must(cs_devices_write(&one->devices, &text) &&
                 cs_devices_read(&again, text.data, text.len, &err) == CLIPSEARCH_OK &&
                 again.count == one->devices.count,
             "devices");
        cs_devices_free(&again);
        cs_buf_free(&text);
    }
    const size_t count = remembered.count;
    cs_remembered_free(&remembered);
    return count;
}

static size_t use_hits(clipsearch_hits *hits)
{
    const size_t count = clipsearch_hits_count(hits, 0);
    for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, i);
        cs_buf user = cs_buf_make(1 << 20), file = cs_buf_make(1 << 20);
        must(hit->path[0] && hit->attributes, "a hit without a path or attributes");
        use(hit->path);
        cs_item_attributes_user(hit->attributes, &user);
        cs_item_attributes_file(hit->attributes, UINT32_MAX, &file);
        cs_buf_free(&user);
        cs_buf_free(&file);
    }
    clipsearch_hits_free(&hits);
    return count;
}

/* Returns how many all these calls found. */
static size_t read_items(clipsearch_collection *collection)
{
    size_t found = 0;
    static const char *const filters[] = {NULL, "price < 100 or label == \"dog\" or camera like \"N%\"",
                                          "mtime >= \"2020-01-01\" and name != \"x\" and path under \"/a\""};
    static const int64_t ids[] = {1, 2, 3};
    static const float query[CS_ITEM_DIM_MAX] = {1};
    clipsearch_error err;
    clipsearch_hits *hits;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        clipsearch_list_options options;
        clipsearch_list_options_init(&options);
        options.filter = filters[i];
        options.gone = true;
        if (clipsearch_list(collection, &options, &hits, &err) == CLIPSEARCH_OK)
            found += use_hits(hits);
    }
    if (clipsearch_get(collection, ids, 3, &hits, &err) == CLIPSEARCH_OK)
        found += use_hits(hits);
    if (clipsearch_search(collection, query, 1, 5, NULL, &hits, &err) == CLIPSEARCH_OK)
        found += use_hits(hits);
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, data + size};
    clipsearch_collection *collection = NULL;
    clipsearch_error err;
    if (!raw)
        set_up();
    if (size > 1 << 12)
        return 0;
    write_rows(&in);
    clipsearch_database_collections(db, on_collection, NULL, &err);
    if (clipsearch_collection_open(db, "photos", NULL, &collection, &err) != CLIPSEARCH_OK)
        return 0;
    const size_t sources = read_sources(collection), found = read_items(collection);
    /* lists of all, by two filters, by number, and a search: one of the two items has a price */
    must(size || (sources == SOURCES && found == 5 * ITEMS - 1), "usual values are not read");
    clipsearch_collection_close(&collection);
    return 0;
}
