/* SPDX-License-Identifier: MIT
 * test_parquet_write.c - items written as Parquet: our own reader, which is tested with other writers' files, finds the
 * same; several groups of rows; each allocation fails. Prints TAP; with an argument, writes such a file for others to
 * read, with its rows as lines of JSON beside it. */
#include "base/mem.h"
#include "exchange/item_row.h"
#include "exchange/parquet_write.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 150000, FEW = 300 };

/* Item number `i`: nulls in runs and alone, odd bytes, numbers of every size. */
static clipsearch_hit make_item(size_t i, char path[64], char attributes[128])
{
    clipsearch_hit item = {.id = (int64_t)i + 1,
                           .size = i * i * i,
                           .mtime_ns = (int64_t)(i % 3) * 1719858605000000001 - 5,
                           .width = i % 5 ? (uint32_t)i : UINT32_MAX,
                           .height = 7,
                           .gone = i % 7 == 0,
                           .path = path,
                           .attributes = attributes};
    snprintf(path, 64, i % 100 == 3 ? "/a/\xff%zu.jpg" : "/a/\xc3\xa4 \"%zu\".jpg", i);
    snprintf(attributes, 128, i % 2 ? "{}" : "{\"n\":%zu,\"text\":\"say \\\"x\\\"\",\"list\":[1,{\"a\":null}]}", i);
    if (i % 50 > 20)
        for (size_t b = 0; b < sizeof item.hash; b++)
            item.hash[b] = (uint8_t)(i + b);
    return item;
}

static clipsearch_status write_items(const char *path, size_t count, clipsearch_error *err)
{
    char name[64], attributes[128];
    cs_parquet_writer *writer = NULL;
    FILE *stream = fopen(path, "wb");
    if (!stream)
        abort();
    clipsearch_status status = cs_parquet_writer_open(stream, &writer, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        const clipsearch_hit item = make_item(i, name, attributes);
        status = cs_parquet_writer_add(writer, &item, err);
    }
    if (status == CLIPSEARCH_OK)
        status = cs_parquet_writer_finish(writer, err);
    cs_parquet_writer_close(&writer);
    fclose(stream);
    return status;
}

/* Whether the item that a row gives is the one that was written. */
static bool is_item(const cs_row *row, size_t number)
{
    clipsearch_error err;
    clipsearch_item read;
    char name[64], attributes[128];
    cs_buf path = cs_buf_make(1000), text = cs_buf_make(1000);
    const clipsearch_hit item = make_item(number, name, attributes);
    const bool same = cs_item_from_row(row, NULL, &path, &text, &read, &err) == CLIPSEARCH_OK &&
                      strcmp(read.path, item.path) == 0 && strcmp(read.attributes, item.attributes) == 0 &&
                      read.size == item.size && read.mtime_ns == item.mtime_ns && read.width == item.width &&
                      read.height == item.height && memcmp(read.hash, item.hash, sizeof item.hash) == 0;
    cs_buf_free(&path);
    cs_buf_free(&text);
    return same;
}

static void test_count(const char *path, size_t count)
{
    clipsearch_error err = {0};
    cs_rows *rows = NULL;
    cs_row row;
    size_t read = 0;
    bool more = true, same = true;
    const clipsearch_status written = write_items(path, count, &err);
    clipsearch_status status = written == CLIPSEARCH_OK ? cs_rows_open(path, &rows, &err) : written;
    while (status == CLIPSEARCH_OK && more) {
        status = cs_rows_next(rows, &row, &more, &err);
        if (status == CLIPSEARCH_OK && more)
            same = is_item(&row, read++) && same;
    }
    TAP_OK(status == CLIPSEARCH_OK && same && read == count && !*cs_rows_left_out(rows), "%zu of %zu rows: %s", read,
           count, err.message);
    cs_rows_close(&rows);
}

static void test_memory(const char *path)
{
    size_t failures = 0, others = 0;
    for (size_t at = 1;; at++) {
        clipsearch_error err = {0};
        cs_mem_fail_at(at);
        const clipsearch_status status = write_items(path, FEW, &err);
        cs_mem_fail_at(0);
        if (status == CLIPSEARCH_OK)
            break;
        failures += status == CLIPSEARCH_E_MEMORY;
        others += status != CLIPSEARCH_E_MEMORY;
    }
    TAP_OK(failures > 10 && !others, "each allocation fails once: %zu errors of memory, %zu others", failures, others);
}

/* For a test in Python. */
static int write_for_others(const char *directory)
{
    char path[4096], name[64], attributes[128];
    clipsearch_error err;
    cs_buf line = cs_buf_make(1 << 20);
    snprintf(path, sizeof path, "%s/items.jsonl", directory);
    FILE *lines = fopen(path, "w");
    for (size_t i = 0; i < MANY && lines; i++) {
        const clipsearch_hit item = make_item(i, name, attributes);
        cs_buf_clear(&line);
        cs_put_item_row(&line, &item);
        fwrite(line.data, 1, line.len, lines);
    }
    cs_buf_free(&line);
    snprintf(path, sizeof path, "%s/items.parquet", directory);
    return lines && fclose(lines) == 0 && write_items(path, MANY, &err) == CLIPSEARCH_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return write_for_others(argv[1]);
    char path[] = "/tmp/clipsearch-test-XXXXXX.parquet";
    const int file = mkstemps(path, 8);
    if (file < 0)
        abort();
    close(file);
    test_count(path, 0);
    test_count(path, 1);
    test_count(path, FEW);
    test_count(path, MANY);
    test_memory(path);
    remove(path);
    return tap_done();
}
