/* SPDX-License-Identifier: MIT
 * parquet_write.c - one page for each column of a group of rows, plain values, then the description (FileMetaData of
 * parquet.thrift, github.com/apache/parquet-format). */
#include "exchange/parquet_write.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "exchange/item_row.h"
#include "exchange/parquet_meta.h"
#include "exchange/thrift.h"
#include "exchange/thrift_write.h"

#include <stdint.h>
#include <string.h>

enum { GROUP_ROWS = 65536, GROUP_BYTES = 32 << 20, MOST_BYTES = 1 << 30 };
enum { REQUIRED = 0, OPTIONAL = 1, PLAIN = 0, RLE = 3, DATA_PAGE = 0, UTF8 = 0 };

enum { ID, PATH, PATH_B64, SIZE, MTIME_NS, HASH, WIDTH, HEIGHT, GONE, ATTRIBUTES, COLUMNS };

static const struct {
    const char *name;
    int type, repetition;
} schema[COLUMNS] = {
    [ID] = {"id", CS_PARQUET_INT64, REQUIRED},
    [PATH] = {"path", CS_PARQUET_BYTES, OPTIONAL},
    [PATH_B64] = {"path_b64", CS_PARQUET_BYTES, OPTIONAL},
    [SIZE] = {"size", CS_PARQUET_INT64, REQUIRED},
    [MTIME_NS] = {"mtime_ns", CS_PARQUET_INT64, REQUIRED},
    [HASH] = {"hash", CS_PARQUET_BYTES, OPTIONAL},
    [WIDTH] = {"width", CS_PARQUET_INT64, REQUIRED},
    [HEIGHT] = {"height", CS_PARQUET_INT64, REQUIRED},
    [GONE] = {"gone", CS_PARQUET_BOOLEAN, REQUIRED},
    [ATTRIBUTES] = {"attributes", CS_PARQUET_BYTES, REQUIRED},
};

/* The rows of one column that are gathered. */
typedef struct column {
    cs_buf values;
    cs_buf levels; /* of an optional one: runs of equal levels, all but the last */
    bool level;    /* of the last run; true: there is a value */
    uint64_t run;  /* its length */
} column;

/* Where a column of a written group lies. */
typedef struct piece {
    uint64_t offset, size;
} piece;

struct cs_parquet_writer {
    FILE *stream;
    column columns[COLUMNS];
    uint64_t rows, at; /* of this group; bytes written */
    piece *pieces;     /* [groups, COLUMNS] */
    uint64_t *counts;  /* [groups] rows */
    size_t groups, piece_capacity, count_capacity;
    cs_buf out, base64;
};

clipsearch_status cs_parquet_writer_open(FILE *stream, cs_parquet_writer **writer, clipsearch_error *err)
{
    cs_parquet_writer *w = cs_zalloc_array(1, sizeof *w);
    *writer = w;
    if (!w)
        return cs_fail_memory(err, "a Parquet file");
    w->stream = stream;
    w->out = cs_buf_make(MOST_BYTES);
    w->base64 = cs_buf_make(1 << 20);
    for (size_t c = 0; c < COLUMNS; c++) {
        w->columns[c].values = cs_buf_make(MOST_BYTES);
        w->columns[c].levels = cs_buf_make(MOST_BYTES);
    }
    w->at = fwrite("PAR1", 1, 4, stream);
    return CLIPSEARCH_OK;
}

void cs_parquet_writer_close(cs_parquet_writer **writer)
{
    cs_parquet_writer *w = *writer;
    for (size_t c = 0; w && c < COLUMNS; c++) {
        cs_buf_free(&w->columns[c].values);
        cs_buf_free(&w->columns[c].levels);
    }
    if (w) {
        cs_buf_free(&w->out);
        cs_buf_free(&w->base64);
        cs_free(w->pieces);
        cs_free(w->counts);
    }
    cs_free(w);
    *writer = NULL;
}

/* ---- rows */

/* `bytes` of an integer, the lowest first. */
static void put_little(cs_buf *buf, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        cs_buf_putc(buf, (char)(value >> 8 * i));
}

/* A run of equal levels of one bit: its length, twice, as a varint, then the level. */
static void end_run(column *c)
{
    uint64_t header = c->run << 1;
    for (; header >= 0x80; header >>= 7)
        cs_buf_putc(&c->levels, (char)(header | 0x80));
    cs_buf_putc(&c->levels, (char)header);
    cs_buf_putc(&c->levels, (char)c->level);
    c->run = 0;
}

/* A text, or NULL. */
static void put_text(column *c, bool optional, const char *text, size_t size)
{
    if (optional) {
        if (c->run && c->level != (text != NULL))
            end_run(c);
        c->level = text != NULL;
        c->run++;
    }
    if (text) {
        put_little(&c->values, size, 4);
        cs_buf_append(&c->values, text, size);
    }
}

static void put_number(column *c, uint64_t value)
{
    put_little(&c->values, value, 8);
}

/* Truth values are packed, the first in the lowest bit. */
static void put_bit(column *c, uint64_t row, bool bit)
{
    if (row % 8 == 0)
        cs_buf_putc(&c->values, 0);
    if (bit && !c->values.failed)
        c->values.data[c->values.len - 1] = (char)((unsigned char)c->values.data[c->values.len - 1] | 1U << row % 8);
}

/* ---- groups of rows */

static void put_page_header(cs_buf *buf, uint64_t size, uint64_t rows)
{
    int last = 0, inner = 0;
    cs_thrift_put_field(buf, &last, 1, CS_THRIFT_I32);
    cs_thrift_put_integer(buf, DATA_PAGE);
    cs_thrift_put_field(buf, &last, 2, CS_THRIFT_I32); /* uncompressed, compressed */
    cs_thrift_put_integer(buf, (int64_t)size);
    cs_thrift_put_field(buf, &last, 3, CS_THRIFT_I32);
    cs_thrift_put_integer(buf, (int64_t)size);
    cs_thrift_put_field(buf, &last, 5, CS_THRIFT_STRUCT);
    const int64_t fields[] = {(int64_t)rows, PLAIN, RLE, RLE}; /* values; encodings of these and of the levels */
    for (int i = 0; i < 4; i++) {
        cs_thrift_put_field(buf, &inner, i + 1, CS_THRIFT_I32);
        cs_thrift_put_integer(buf, fields[i]);
    }
    cs_thrift_put_stop(buf);
    cs_thrift_put_stop(buf);
}

static clipsearch_status write_column(cs_parquet_writer *w, size_t number, piece *where, clipsearch_error *err)
{
    column *c = &w->columns[number];
    const bool optional = schema[number].repetition == OPTIONAL;
    if (optional)
        end_run(c);
    cs_buf_clear(&w->out);
    put_page_header(&w->out, c->values.len + (optional ? 4 + c->levels.len : 0), w->rows);
    if (optional) {
        put_little(&w->out, c->levels.len, 4);
        cs_buf_append(&w->out, c->levels.data, c->levels.len);
    }
    if (c->values.failed || c->levels.failed || w->out.failed)
        return cs_fail_memory(err, "a Parquet file");
    fwrite(w->out.data, 1, w->out.len, w->stream);
    if (c->values.len)
        fwrite(c->values.data, 1, c->values.len, w->stream);
    *where = (piece){w->at, w->out.len + c->values.len};
    w->at += where->size;
    cs_buf_clear(&c->values);
    cs_buf_clear(&c->levels);
    return CLIPSEARCH_OK;
}

static clipsearch_status write_group(cs_parquet_writer *w, clipsearch_error *err)
{
    piece *pieces = cs_grow(w->pieces, &w->piece_capacity, (w->groups + 1) * COLUMNS, sizeof *pieces);
    w->pieces = pieces ? pieces : w->pieces;
    uint64_t *counts = cs_grow(w->counts, &w->count_capacity, w->groups + 1, sizeof *counts);
    w->counts = counts ? counts : w->counts;
    if (!pieces || !counts)
        return cs_fail_memory(err, "a Parquet file");
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t c = 0; c < COLUMNS && status == CLIPSEARCH_OK; c++)
        status = write_column(w, c, &pieces[w->groups * COLUMNS + c], err);
    counts[w->groups++] = w->rows;
    w->rows = 0;
    return status;
}

clipsearch_status cs_parquet_writer_add(cs_parquet_writer *w, const clipsearch_hit *item, clipsearch_error *err)
{
    char hash[65];
    column *c = w->columns;
    const size_t length = strlen(item->path);
    const bool utf8 = cs_is_utf8(item->path, length), known = *cs_item_hash_text(item, hash);
    const char *attributes = item->attributes && *item->attributes ? item->attributes : "{}";
    cs_buf_clear(&w->base64);
    if (!utf8)
        cs_put_base64(&w->base64, item->path, length);
    put_number(&c[ID], (uint64_t)item->id);
    put_text(&c[PATH], true, utf8 ? item->path : NULL, length);
    put_text(&c[PATH_B64], true, utf8 ? NULL : w->base64.data, w->base64.len);
    put_number(&c[SIZE], item->size);
    put_number(&c[MTIME_NS], (uint64_t)item->mtime_ns);
    put_text(&c[HASH], true, known ? hash : NULL, known ? 64 : 0);
    put_number(&c[WIDTH], item->width);
    put_number(&c[HEIGHT], item->height);
    put_bit(&c[GONE], w->rows, item->gone);
    put_text(&c[ATTRIBUTES], false, attributes, strlen(attributes));
    w->rows++;
    size_t bytes = 0;
    bool failed = w->base64.failed;
    for (size_t i = 0; i < COLUMNS; i++) {
        bytes += c[i].values.len;
        failed = failed || c[i].values.failed || c[i].levels.failed;
    }
    if (failed)
        return cs_fail_memory(err, "a Parquet file");
    return w->rows == GROUP_ROWS || bytes > GROUP_BYTES ? write_group(w, err) : CLIPSEARCH_OK;
}

/* ---- the description */

static void put_element(cs_buf *buf, const char *name, int type, int repetition, int children)
{
    int last = 0;
    if (!children) {
        cs_thrift_put_field(buf, &last, 1, CS_THRIFT_I32);
        cs_thrift_put_integer(buf, type);
        cs_thrift_put_field(buf, &last, 3, CS_THRIFT_I32);
        cs_thrift_put_integer(buf, repetition);
    }
    cs_thrift_put_field(buf, &last, 4, CS_THRIFT_BINARY);
    cs_thrift_put_text(buf, name);
    if (children) {
        cs_thrift_put_field(buf, &last, 5, CS_THRIFT_I32);
        cs_thrift_put_integer(buf, children);
    } else if (type == CS_PARQUET_BYTES) {
        cs_thrift_put_field(buf, &last, 6, CS_THRIFT_I32);
        cs_thrift_put_integer(buf, UTF8);
    }
    cs_thrift_put_stop(buf);
}

/* ColumnChunk, with its ColumnMetaData. */
static void put_chunk(cs_buf *buf, size_t number, const piece *where, uint64_t rows)
{
    int last = 0, inner = 0;
    cs_thrift_put_field(buf, &last, 2, CS_THRIFT_I64); /* of the metadata, if it were elsewhere too */
    cs_thrift_put_integer(buf, (int64_t)where->offset);
    cs_thrift_put_field(buf, &last, 3, CS_THRIFT_STRUCT);
    cs_thrift_put_field(buf, &inner, 1, CS_THRIFT_I32);
    cs_thrift_put_integer(buf, schema[number].type);
    cs_thrift_put_field(buf, &inner, 2, CS_THRIFT_LIST); /* encodings */
    cs_thrift_put_list(buf, CS_THRIFT_I32, 2);
    cs_thrift_put_integer(buf, PLAIN);
    cs_thrift_put_integer(buf, RLE);
    cs_thrift_put_field(buf, &inner, 3, CS_THRIFT_LIST); /* path in the schema */
    cs_thrift_put_list(buf, CS_THRIFT_BINARY, 1);
    cs_thrift_put_text(buf, schema[number].name);
    cs_thrift_put_field(buf, &inner, 4, CS_THRIFT_I32);
    cs_thrift_put_integer(buf, CS_PARQUET_PLAIN_CODEC);
    const struct {
        int id;
        uint64_t value;
    } numbers[] = {{5, rows}, {6, where->size}, {7, where->size}, {9, where->offset}};
    for (size_t i = 0; i < 4; i++) { /* values; bytes, uncompressed and compressed; the first page */
        cs_thrift_put_field(buf, &inner, numbers[i].id, CS_THRIFT_I64);
        cs_thrift_put_integer(buf, (int64_t)numbers[i].value);
    }
    cs_thrift_put_stop(buf);
    cs_thrift_put_stop(buf);
}

static void put_group(cs_buf *buf, const piece *pieces, uint64_t rows)
{
    int last = 0;
    uint64_t bytes = 0;
    cs_thrift_put_field(buf, &last, 1, CS_THRIFT_LIST);
    cs_thrift_put_list(buf, CS_THRIFT_STRUCT, COLUMNS);
    for (size_t c = 0; c < COLUMNS; c++) {
        put_chunk(buf, c, &pieces[c], rows);
        bytes += pieces[c].size;
    }
    cs_thrift_put_field(buf, &last, 2, CS_THRIFT_I64);
    cs_thrift_put_integer(buf, (int64_t)bytes);
    cs_thrift_put_field(buf, &last, 3, CS_THRIFT_I64);
    cs_thrift_put_integer(buf, (int64_t)rows);
    cs_thrift_put_stop(buf);
}

static void put_description(const cs_parquet_writer *w, cs_buf *buf)
{
    int last = 0;
    uint64_t rows = 0;
    for (size_t g = 0; g < w->groups; g++)
        rows += w->counts[g];
    cs_thrift_put_field(buf, &last, 1, CS_THRIFT_I32); /* version of the format */
    cs_thrift_put_integer(buf, 1);
    cs_thrift_put_field(buf, &last, 2, CS_THRIFT_LIST);
    cs_thrift_put_list(buf, CS_THRIFT_STRUCT, COLUMNS + 1);
    put_element(buf, "schema", 0, 0, COLUMNS);
    for (size_t c = 0; c < COLUMNS; c++)
        put_element(buf, schema[c].name, schema[c].type, schema[c].repetition, 0);
    cs_thrift_put_field(buf, &last, 3, CS_THRIFT_I64);
    cs_thrift_put_integer(buf, (int64_t)rows);
    cs_thrift_put_field(buf, &last, 4, CS_THRIFT_LIST);
    cs_thrift_put_list(buf, CS_THRIFT_STRUCT, w->groups);
    for (size_t g = 0; g < w->groups; g++)
        put_group(buf, w->pieces + g * COLUMNS, w->counts[g]);
    cs_thrift_put_field(buf, &last, 6, CS_THRIFT_BINARY);
    cs_thrift_put_text(buf, "clipsearch version " CLIPSEARCH_VERSION);
    cs_thrift_put_stop(buf);
}

clipsearch_status cs_parquet_writer_finish(cs_parquet_writer *w, clipsearch_error *err)
{
    clipsearch_status status = w->rows ? write_group(w, err) : CLIPSEARCH_OK;
    if (status != CLIPSEARCH_OK)
        return status;
    cs_buf_clear(&w->out);
    put_description(w, &w->out);
    const uint64_t size = w->out.len;
    put_little(&w->out, size, 4);
    cs_buf_puts(&w->out, "PAR1");
    if (w->out.failed)
        return cs_fail_memory(err, "a Parquet file");
    fwrite(w->out.data, 1, w->out.len, w->stream);
    return CLIPSEARCH_OK;
}
