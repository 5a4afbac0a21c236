/* SPDX-License-Identifier: MIT
 * test_rows.c - tables: Parquet as pyarrow and fastparquet write it, JSON lines, CSV; damaged files; each allocation
 * fails; items from rows. */
#include "base/buf.h"
#include "base/decimal.h"
#include "base/file.h"
#include "base/item_limits.h"
#include "base/mem.h"
#include "base/replace.h"
#include "exchange/item_row.h"
#include "exchange/rows.h"
#include "exchange/snappy.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *data_path(const char *name)
{
    cs_buf path = cs_buf_make(4096);
    cs_buf_printf(&path, "%s/tests/data/vectors/%s", getenv("CLIPSEARCH_SOURCE_ROOT"), name);
    return cs_buf_detach(&path);
}

static const cs_field *find(const cs_row *row, const char *name)
{
    for (size_t i = 0; i < row->count; i++)
        if (row->fields[i].kind != CS_FIELD_NULL && strcmp(row->fields[i].name, name) == 0)
            return &row->fields[i];
    return NULL;
}

static size_t count_values(const cs_row *row)
{
    size_t count = 0;
    for (size_t i = 0; i < row->count; i++)
        count += row->fields[i].kind != CS_FIELD_NULL;
    return count;
}

/* Equal texts; or numbers that are the same, a float written with fewer digits than the double of its value. */
static bool same_field(const cs_field *a, const cs_field *b)
{
    double x, y;
    char one[64], two[64];
    if (a->kind != b->kind)
        return false;
    if (a->length == b->length && memcmp(a->text, b->text, a->length) == 0)
        return true;
    if (a->kind != CS_FIELD_JSON || a->length >= sizeof one || b->length >= sizeof two)
        return false;
    cs_format(one, sizeof one, "%.*s", (int)a->length, a->text);
    cs_format(two, sizeof two, "%.*s", (int)b->length, b->text);
    return cs_read_double(one, &x) && cs_read_double(two, &y) &&
           (x == y || (strcmp(a->name, "small") == 0 && (float)x == (float)y));
}

static bool same_row(const cs_row *a, const cs_row *b)
{
    for (size_t i = 0; i < b->count; i++) {
        const cs_field *other = find(a, b->fields[i].name);
        if (!other || !same_field(other, &b->fields[i]))
            return false;
    }
    return count_values(a) == count_values(b);
}

/* The number of rows if both tables have the same ones; -1 at the first difference. */
static long compare_tables(const char *left, const char *right, clipsearch_error *err)
{
    char *paths[] = {data_path(left), data_path(right)};
    cs_rows *a = NULL, *b = NULL;
    long count = 0;
    bool same = cs_rows_open(paths[0], &a, err) == CLIPSEARCH_OK && cs_rows_open(paths[1], &b, err) == CLIPSEARCH_OK;
    for (bool more = same; same && more;) {
        cs_row x, y;
        bool other = false;
        same = cs_rows_next(a, &x, &more, err) == CLIPSEARCH_OK && cs_rows_next(b, &y, &other, err) == CLIPSEARCH_OK &&
               more == other && (!more || same_row(&x, &y));
        count += more;
    }
    if (!same)
        tap_note("row %ld: %s", count, err->message);
    cs_rows_close(&a);
    cs_rows_close(&b);
    cs_free(paths[0]);
    cs_free(paths[1]);
    return same ? count : -1;
}

static void test_parquet(void)
{
    static const struct {
        const char *name;
        long rows;
    } tables[] = {{"snappy", 60}, {"plain", 60}, {"version2", 60},    {"version2-plain", 60}, {"groups", 60},
                  {"pages", 400}, {"empty", 0},  {"fastparquet", 60}, {"nested", 9}};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        clipsearch_error err = {0};
        char parquet[64], lines[64];
        cs_format(parquet, sizeof parquet, "%s.parquet", tables[i].name);
        cs_format(lines, sizeof lines, "%s.jsonl", tables[i].name);
        const long rows = compare_tables(parquet, lines, &err);
        TAP_OK(rows == tables[i].rows, "%s has the rows that went in (%ld)", parquet, rows);
    }
    clipsearch_error err = {0};
    cs_rows *rows;
    char *path = data_path("nested.parquet");
    TAP_OK(cs_rows_open(path, &rows, &err) == CLIPSEARCH_OK && strcmp(cs_rows_left_out(rows), "tags, box, raw") == 0,
           "columns of lists, structs and bytes are named, the index of pandas is not %s", err.message);
    cs_rows_close(&rows);
    cs_free(path);
}

static void test_refused(void)
{
    static const char *const names[] = {"gzip.parquet", "zstd.parquet"}, *const words[] = {"gzip", "Zstandard"};
    for (size_t i = 0; i < 2; i++) {
        clipsearch_error err = {0};
        cs_rows *rows;
        char *path = data_path(names[i]);
        TAP_OK(cs_rows_open(path, &rows, &err) == CLIPSEARCH_E_UNSUPPORTED && !rows && strstr(err.message, words[i]) &&
                   strstr(err.message, "to_json"),
               "%s: %s", names[i], err.message);
        cs_free(path);
    }
}

static void test_name_twice(void)
{
    char *path = data_path("plain.parquet");
    cs_buf file = cs_buf_make(1 << 20);
    cs_rows *rows;
    clipsearch_error err = {0};
    if (cs_file_read(path, &file, NULL, &err) != CLIPSEARCH_OK)
        abort();
    for (size_t i = 0; i + 5 <= file.len; i++)
        if (memcmp(file.data + i, "width", 5) == 0)
            memcpy(file.data + i, "small", 5);
    TAP_OK(cs_parquet_parse(file.data, file.len, "twice.parquet", &rows, &err) == CLIPSEARCH_E_FORMAT && !rows &&
               strcmp(err.message, "twice.parquet: two columns have the name small") == 0,
           "a column name twice: %s", err.message);
    cs_rows_close(&rows);
    cs_buf_free(&file);
    cs_free(path);
}

/* Read all rows; the status that ends it. */
static clipsearch_status read_all(const uint8_t *bytes, size_t size, size_t *count, clipsearch_error *err)
{
    cs_rows *rows;
    cs_row row;
    bool more = true;
    *count = 0;
    clipsearch_status status = cs_parquet_parse(bytes, size, "damaged", &rows, err);
    while (status == CLIPSEARCH_OK && more && *count < 100000) {
        status = cs_rows_next(rows, &row, &more, err);
        *count += more;
        for (size_t i = 0; i < row.count && more; i++)
            for (size_t c = 0; c < row.fields[i].length; c++)
                if (row.fields[i].text[c] == '\0') /* every byte is read */
                    status = CLIPSEARCH_E_DATABASE;
    }
    cs_rows_close(&rows);
    return status;
}

static void test_damage(void)
{
    static const char *const names[] = {"snappy.parquet", "version2-plain.parquet", "pages.parquet", "nested.parquet"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        char *path = data_path(names[n]);
        cs_buf file = cs_buf_make(1 << 20);
        clipsearch_error err;
        size_t count, refused = 0, internal = 0, changed = 0;
        if (cs_file_read(path, &file, NULL, &err) != CLIPSEARCH_OK)
            abort();
        uint8_t *bytes = (uint8_t *)file.data;
        const size_t step = 1 + file.len / 400;
        size_t cuts = 0;
        for (size_t cut = 0; cut < file.len; cut += step, cuts++)
            refused += read_all(bytes, cut, &count, &err) != CLIPSEARCH_OK;
        TAP_OK(refused == cuts, "%s: shorter files are refused (%zu of %zu)", names[n], refused, cuts);
        for (size_t at = 0; at < file.len; at += at + 700 < file.len ? step : 1) /* the description is at the end */
            for (int bit = 0; bit < 8; bit += 3) {
                bytes[at] ^= (uint8_t)(1u << bit);
                clipsearch_status status = read_all(bytes, file.len, &count, &err);
                internal += status == CLIPSEARCH_E_DATABASE;
                changed++;
                bytes[at] ^= (uint8_t)(1u << bit);
            }
        TAP_OK(internal == 0, "%s: %zu damaged files are refused or read", names[n], changed);
        cs_buf_free(&file);
        cs_free(path);
    }
}

static void test_memory(void)
{
    char *path = data_path("pages.parquet");
    cs_buf file = cs_buf_make(1 << 20);
    clipsearch_error err;
    if (cs_file_read(path, &file, NULL, &err) != CLIPSEARCH_OK)
        abort();
    size_t failures = 0, others = 0, count = 0;
    for (uint64_t at = 1;; at++) {
        cs_mem_fail_at(at);
        clipsearch_status status = read_all((const uint8_t *)file.data, file.len, &count, &err);
        cs_mem_fail_at(0);
        if (status == CLIPSEARCH_OK && count == 400 && at > 10)
            break;
        failures += status == CLIPSEARCH_E_MEMORY;
        others += status != CLIPSEARCH_E_MEMORY && status != CLIPSEARCH_OK;
        if (at > 100000)
            break;
    }
    TAP_OK(failures > 5 && !others, "each allocation fails once: %zu errors of memory, %zu others", failures, others);
    cs_buf_free(&file);
    cs_free(path);
}

/* A table with `text` in a new file that ends in `ending`. */
static clipsearch_status open_text(const char *text, const char *ending, cs_rows **rows, clipsearch_error *err)
{
    char path[64] = "/tmp/clipsearch-rows.XXXXXX";
    const int fd = mkstemp(path);
    if (fd < 0)
        abort();
    close(fd);
    unlink(path);
    strcat(path, ending);
    *rows = NULL;
    clipsearch_status status = cs_replace_file(path, text, strlen(text), err);
    if (status == CLIPSEARCH_OK)
        status = cs_rows_open(path, rows, err);
    unlink(path);
    return status;
}

static bool field_is(const cs_row *row, const char *name, cs_field_kind kind, const char *text)
{
    const cs_field *field = find(row, name);
    return field && field->kind == kind && field->length == strlen(text) &&
           memcmp(field->text, text, field->length) == 0;
}

static void test_lines(void)
{
    cs_rows *rows;
    cs_row row = {0};
    bool more = false;
    clipsearch_error err = {0};
    TAP_OK(open_text(
               "\n{\"a\":\"x\\u00e9\",\"b\":-1.50e3 ,\"c\":[1,\"]\\\"\",{\"d\":{}}],\"n\":null,\"t\":true}\r\n  \n{}",
               ".jsonl", &rows, &err) == CLIPSEARCH_OK &&
               cs_rows_next(rows, &row, &more, &err) == CLIPSEARCH_OK && more &&
               field_is(&row, "a", CS_FIELD_TEXT, "x\xc3\xa9") && field_is(&row, "b", CS_FIELD_JSON, "-1.50e3") &&
               field_is(&row, "c", CS_FIELD_JSON, "[1,\"]\\\"\",{\"d\":{}}]") &&
               field_is(&row, "t", CS_FIELD_JSON, "true") && !find(&row, "n") && row.count == 5,
           "a JSON line: %s", err.message);
    TAP_OK(cs_rows_next(rows, &row, &more, &err) == CLIPSEARCH_OK && more && row.count == 0 &&
               cs_rows_next(rows, &row, &more, &err) == CLIPSEARCH_OK && !more,
           "blank lines are no rows, and the last needs no end");
    cs_rows_close(&rows);
    TAP_OK(open_text("\xEF\xBB\xBF{\"a\":1}\n", ".jsonl", &rows, &err) == CLIPSEARCH_OK &&
               cs_rows_next(rows, &row, &more, &err) == CLIPSEARCH_OK && more &&
               field_is(&row, "a", CS_FIELD_JSON, "1"),
           "a byte order mark is no part of the first line");
    cs_rows_close(&rows);
    static const char *const wrong[][2] = {{"{\"a\":1}\n{\"a\":", "line 2"},
                                           {"[1]\n", "must be a JSON object, not an array"},
                                           {"{\"a\":1,\"a\":2}\n", "line 1"},
                                           {"{\"a\":\"\\u0000\"}\n", "NUL"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        clipsearch_status status = open_text(wrong[i][0], ".jsonl", &rows, &err);
        for (more = true; status == CLIPSEARCH_OK && more;)
            status = cs_rows_next(rows, &row, &more, &err);
        TAP_OK(status == CLIPSEARCH_E_FORMAT && strstr(err.message, wrong[i][1]), "%s", err.message);
        cs_rows_close(&rows);
    }
}

static void test_csv(void)
{
    cs_rows *rows;
    cs_row row = {0};
    bool more = false;
    clipsearch_error err = {0};
    TAP_OK(open_text("path,n,zip,x,empty\n\"a,\"\"b\",-1.5,01234,1.,\n", ".CSV", &rows, &err) == CLIPSEARCH_OK &&
               cs_rows_next(rows, &row, &more, &err) == CLIPSEARCH_OK && more &&
               field_is(&row, "path", CS_FIELD_TEXT, "a,\"b") && field_is(&row, "n", CS_FIELD_JSON, "-1.5") &&
               field_is(&row, "zip", CS_FIELD_TEXT, "01234") && field_is(&row, "x", CS_FIELD_TEXT, "1.") &&
               !find(&row, "empty"),
           "CSV: texts, and what JSON writes as a number: %s", err.message);
    TAP_OK(cs_rows_next(rows, &row, &more, &err) == CLIPSEARCH_OK && !more, "and its end");
    cs_rows_close(&rows);
}

/* The item of the row `line`; its attributes are compared with `attributes`. */
static bool item_is(const char *line, const char *path_field, const char *path, const char *attributes,
                    clipsearch_item *item)
{
    cs_rows *rows;
    cs_row row;
    bool more;
    clipsearch_error err = {0};
    cs_buf buffers[] = {cs_buf_make(1 << 17), cs_buf_make(128 << 20)};
    bool same = open_text(line, ".jsonl", &rows, &err) == CLIPSEARCH_OK &&
                cs_rows_next(rows, &row, &more, &err) == CLIPSEARCH_OK && more &&
                cs_item_from_row(&row, path_field, &buffers[0], &buffers[1], item, &err) == CLIPSEARCH_OK &&
                strcmp(item->path, path) == 0 && strcmp(item->attributes, attributes) == 0;
    if (!same)
        tap_note("%s; %s", err.message, item->attributes ? item->attributes : "");
    item->path = item->attributes = NULL;
    cs_rows_close(&rows);
    cs_buf_free(&buffers[0]);
    cs_buf_free(&buffers[1]);
    return same;
}

static void test_items(void)
{
    clipsearch_item item;
    TAP_OK(item_is("{\"image_path\":\"a.jpg\",\"caption\":\"x\",\"width\":20,\"height\":-1,\"sha256\":"
                   "\"00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\"}",
                   NULL, "a.jpg", "{\"caption\":\"x\",\"height\":-1}", &item) &&
               item.width == 20 && item.height == 0 && item.hash[1] == 0x11 && item.hash[31] == 0xff,
           "fields of the item, and the others as attributes");
    TAP_OK(item_is("{\"id\":3,\"path\":\"/a\",\"size\":5,\"mtime_ns\":-7,\"width\":1,\"height\":2,\"gone\":true,"
                   "\"attributes\":{\"k\":[1],\"id\":9},\"k\":2,\"more\":3}",
                   NULL, "/a", "{\"k\":[1],\"id\":9,\"more\":3}", &item) &&
               item.id == 0 && item.size == 5 && item.mtime_ns == -7,
           "a row of ours: its attributes, and what was added");
    TAP_OK(
        item_is("{\"path\":null,\"path_b64\":\"L2H/\",\"mtime_ns\":1,\"attributes\":{ }}", NULL, "/a\xff", "{}", &item),
        "a path that is not UTF-8");
    TAP_OK(item_is("{\"url\":\"http://x/1\",\"n\":7}", "n", "7", "{\"url\":\"http://x/1\"}", &item),
           "another field as the path");
    TAP_OK(item_is("{\"attributes\":{\"a\":1},\"key\":\"k\"}", NULL, "k", "{\"attributes\":{\"a\":1}}", &item),
           "attributes of another program stay below their name");
    static const char *const wrong[] = {"{\"caption\":\"x\"}", "{\"path\":\"\"}", "{\"path_b64\":\"a\"}",
                                        "{\"path\":\"a\",\"mtime_ns\":1,\"attributes\":\"{broken\"}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cs_rows *rows;
        cs_row row;
        bool more;
        clipsearch_error err = {0};
        cs_buf a = cs_buf_make(1 << 17), b = cs_buf_make(128 << 20);
        TAP_OK(open_text(wrong[i], ".jsonl", &rows, &err) == CLIPSEARCH_OK &&
                   cs_rows_next(rows, &row, &more, &err) == CLIPSEARCH_OK &&
                   cs_item_from_row(&row, NULL, &a, &b, &item, &err) == CLIPSEARCH_E_FORMAT,
               "refused: %s", err.message);
        cs_rows_close(&rows);
        cs_buf_free(&a);
        cs_buf_free(&b);
    }
}

static void test_one_line(void)
{
    cs_buf line = cs_buf_make(1 << 16);
    clipsearch_item item;
    cs_put_item_row(&line, &(clipsearch_hit){.id = 1, .path = "/a", .attributes = "{\r\n\"a\":1,\r\n\"b\":2}"});
    TAP_OK(!line.failed && strchr(line.data, '\n') == line.data + line.len - 1 && !strchr(line.data, '\r'),
           "attributes of several lines are written in one");
    TAP_OK(item_is(line.data, NULL, "/a", "{\t\t\"a\":1,\t\t\"b\":2}", &item), "and read again");
    cs_buf_free(&line);
}

static void test_many_values(void)
{
    enum { VALUES = 400000 };
    cs_buf line = cs_buf_make(4 << 20);
    clipsearch_item item;
    cs_buf_puts(&line, "{\"path\":\"/a\",\"mtime_ns\":1,\"attributes\":{\"l\":[");
    for (size_t i = 0; i < VALUES; i++)
        cs_buf_puts(&line, i ? ",1" : "1");
    cs_buf_puts(&line, "]}}");
    char *attributes = strdup(strstr(line.data, "{\"l\""));
    if (!attributes)
        abort();
    attributes[strlen(attributes) - 1] = '\0';
    TAP_OK(item_is(line.data, NULL, "/a", attributes, &item), "as many values as attributes can have");
    free(attributes);
    cs_buf_free(&line);
}

static void test_big_attributes(void)
{
    cs_buf a = cs_buf_make(1 << 17), b = cs_buf_make(128 << 20), line = cs_buf_make(4 << 20);
    cs_rows *rows;
    cs_row row;
    bool more;
    clipsearch_item item;
    clipsearch_error err = {0};
    cs_buf_puts(&line, "{\"path\":\"a\",\"long\":\"");
    for (size_t i = 0; i < CS_ITEM_ATTRIBUTES_MAX; i++)
        cs_buf_putc(&line, 'x');
    cs_buf_puts(&line, "\"}");
    TAP_OK(open_text(line.data, ".jsonl", &rows, &err) == CLIPSEARCH_OK &&
               cs_rows_next(rows, &row, &more, &err) == CLIPSEARCH_OK &&
               cs_item_from_row(&row, NULL, &a, &b, &item, &err) == CLIPSEARCH_E_LIMIT,
           "refused: %s", err.message);
    cs_rows_close(&rows);
    cs_buf_free(&a);
    cs_buf_free(&b);
    cs_buf_free(&line);
}

static void test_snappy(void)
{
    /* 9 bytes: the literal "ab", then a copy of 7 from 2 before: ababababa */
    static const uint8_t good[] = {9, 1 << 2, 'a', 'b', 3 << 2 | 1, 2};
    uint8_t out[9];
    TAP_OK(cs_snappy_decompress(good, sizeof good, out, 9) && memcmp(out, "ababababa", 9) == 0,
           "a copy that repeats itself");
    static const uint8_t far[] = {9, 1 << 2, 'a', 'b', 3 << 2 | 1, 3}, cut[] = {9, 1 << 2, 'a'},
                         more[] = {9, 1 << 2, 'a', 'b', 4 << 2 | 1, 2};
    TAP_OK(!cs_snappy_decompress(far, sizeof far, out, 9) && !cs_snappy_decompress(cut, sizeof cut, out, 9) &&
               !cs_snappy_decompress(more, sizeof more, out, 9) && !cs_snappy_decompress(good, sizeof good, out, 8) &&
               !cs_snappy_decompress(good, 0, out, 0),
           "bytes before the first, missing bytes, too many, another length, nothing");
}

int main(void)
{
    test_parquet();
    test_refused();
    test_name_twice();
    test_damage();
    test_memory();
    test_lines();
    test_csv();
    test_items();
    test_one_line();
    test_many_values();
    test_big_attributes();
    test_snappy();
    return tap_done();
}
