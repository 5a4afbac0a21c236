/* SPDX-License-Identifier: MIT
 * fixture.c - databases for the store's tests. */
#include "fixture.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];

const char *fixture_begin(void)
{
    /* in memory when there is such a place: thousands of files are made, and no test here cuts the power */
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%.30s/clipsearch-store-XXXXXX", base ? base : "/tmp");
    return mkdtemp(directory);
}

void fixture_end(void)
{
    DIR *dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(directory);
}

const char *fixture_path(const char *name)
{
    static char paths[64][400];
    static unsigned next;
    char *path = paths[next++ % 64];
    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

long fixture_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

bool fixture_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;
    bool done = sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK;
    if (!done)
        printf("# %s: %s\n", sql, message ? message : sqlite3_errmsg(db));
    sqlite3_free(message);
    return sqlite3_close(db) == SQLITE_OK && done;
}

const char *fixture_ask(const char *path, const char *sql)
{
    static char answer[200];
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    answer[0] = '\0';
    if (sqlite3_open(path, &db) == SQLITE_OK && sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL) {
        snprintf(answer, sizeof answer, "%s", (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return answer;
}

cs_store_collection fixture_collection(const char *name, size_t dim)
{
    cs_store_collection collection = {.identity = {.dim = dim, .metric = CLIPSEARCH_COSINE}};
    snprintf(collection.identity.name, sizeof collection.identity.name, "%s", name);
    snprintf(collection.identity.encoder, sizeof collection.identity.encoder, "test encoder");
    snprintf(collection.identity.fingerprint, sizeof collection.identity.fingerprint, "0123abcd");
    snprintf(collection.identity.preprocessing, sizeof collection.identity.preprocessing, "resize 224");
    return collection;
}

static uint64_t mix(uint64_t n, uint64_t salt)
{
    uint64_t x = (n + salt * 1000003 + 1) * 0x9E3779B97F4A7C15u;
    x ^= x >> 29;
    x *= 0xBF58476D1CE4E5B9u;
    return x ^ x >> 32;
}

static const char *const attributes[] = {"{}", "{\"price\":1.5}", "{\"name\":\"\xC3\xA9t\xC3\xA9\"}",
                                         "{ \"a\" : [1, 2, {\"b\": null}] }"};

clipsearch_item fixture_item(const char *path, uint64_t n)
{
    clipsearch_item item = {.path = path,
                            .size = mix(n, 1) >> 1,
                            .mtime_ns = (int64_t)mix(n, 2),
                            .width = (uint32_t)mix(n, 3),
                            .height = (uint32_t)mix(n, 4),
                            .attributes = attributes[n % 4]};
    for (uint64_t i = 0; i < 32; i++)
        item.hash[i] = (uint8_t)mix(n, 10 + i);
    return item;
}

void fixture_vector(uint64_t n, float *vector, size_t dim)
{
    for (size_t i = 0; i < dim; i++)
        vector[i] = (float)(mix(n, 100 + i) % 2001) / 1000 - 1;
}

bool fixture_is_item(const clipsearch_item *item, const char *path, uint64_t n)
{
    clipsearch_item expected = fixture_item(path, n);
    return strcmp(item->path, path) == 0 && item->size == expected.size && item->mtime_ns == expected.mtime_ns &&
           item->width == expected.width && item->height == expected.height &&
           memcmp(item->hash, expected.hash, 32) == 0 && strcmp(item->attributes, expected.attributes) == 0;
}
