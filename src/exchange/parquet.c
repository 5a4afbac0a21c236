/* SPDX-License-Identifier: MIT
 * parquet.c - the rows of a Parquet file: each column is read page by page, all columns side by side. Of the format,
 * as its description (github.com/apache/parquet-format) defines it, this is what the usual writers use for flat
 * tables: data pages of both versions, plain and dictionary encoding, Snappy or no compression. */
#include "exchange/rows.h"

#include "base/buf.h"
#include "base/decimal.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "exchange/hybrid.h"
#include "exchange/parquet_meta.h"
#include "exchange/snappy.h"
#include "exchange/thrift.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MAX_PAGE = 1 << 30 };

typedef struct slice {
    const uint8_t *bytes;
    size_t size;
} slice;

/* Bytes that are decompressed, or lie in the file. */
typedef struct page {
    uint8_t *memory; /* [capacity] */
    size_t capacity;
    const uint8_t *bytes;
    size_t size;
} page;

typedef struct column {
    const cs_parquet_column *what;
    int codec;
    const uint8_t *at, *end; /* pages that are not read yet */
    page data, dictionary;
    slice *entries; /* [entry_count], of the dictionary */
    size_t entry_count, entry_capacity;
    uint64_t left;    /* values of the page, nulls too */
    cs_hybrid levels; /* 0: null, if the column is optional */
    bool by_index;
    cs_hybrid indexes;
    const uint8_t *values, *values_end; /* plain */
    unsigned bit;                       /* of a plain boolean */
    char text[CS_DECIMAL_TEXT];         /* of a number */
} column;

typedef struct parquet {
    cs_rows rows;
    cs_map map; /* data NULL: the bytes are the caller's */
    const uint8_t *data;
    char *name;
    cs_parquet_meta meta;
    column *columns;  /* [meta.count] */
    cs_field *fields; /* [meta.count] */
    size_t group;     /* the next one */
    uint64_t left;    /* rows of this one */
    uint64_t row;     /* rows so far */
} parquet;

static clipsearch_status fail_damaged(const parquet *p, const column *c, const char *what, clipsearch_error *err)
{
    return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: row %" PRIu64 ", column %.100s: %s", p->name, p->row + 1,
                   c->what->name, what);
}

/* ---- pages */

/* Of PageHeader and the header inside it. */
typedef struct page_header {
    int64_t type, size, compressed_size, values, encoding, level_encoding, level_bytes, repeat_bytes;
    bool plain; /* the values of a page of version 2 are not compressed */
} page_header;

enum { DATA_PAGE = 0, INDEX_PAGE = 1, DICTIONARY_PAGE = 2, DATA_PAGE_V2 = 3 };
enum { PLAIN = 0, PLAIN_DICTIONARY = 2, RLE = 3, RLE_DICTIONARY = 8 };

/* The headers of all three kinds begin alike; `version` 1: a page of version 1 or a dictionary. */
static void read_inner_header(cs_thrift *thrift, int version, page_header *h)
{
    int id = 0;
    for (int type; (type = cs_thrift_field(thrift, &id)) != CS_THRIFT_STOP;) {
        int64_t *wanted = NULL;
        if (id == 1)
            wanted = &h->values;
        else if (version == 1 ? id == 2 : id == 4)
            wanted = &h->encoding;
        else if (version == 1 && id == 3)
            wanted = &h->level_encoding;
        else if (version == 2 && id == 5)
            wanted = &h->level_bytes;
        else if (version == 2 && id == 6)
            wanted = &h->repeat_bytes;
        else if (version == 2 && id == 7)
            h->plain = type == CS_THRIFT_FALSE;
        if (wanted && (type == CS_THRIFT_I32 || type == CS_THRIFT_I64))
            *wanted = cs_thrift_integer(thrift);
        else
            cs_thrift_skip(thrift, type);
    }
}

static bool read_page_header(cs_thrift *thrift, page_header *h)
{
    int id = 0;
    *h = (page_header){
        .type = -1, .size = -1, .compressed_size = -1, .values = -1, .encoding = -1, .level_encoding = RLE};
    for (int type; (type = cs_thrift_field(thrift, &id)) != CS_THRIFT_STOP;) {
        if (id <= 3 && (type == CS_THRIFT_I32 || type == CS_THRIFT_I64))
            *(id == 1 ? &h->type : id == 2 ? &h->size : &h->compressed_size) = cs_thrift_integer(thrift);
        else if ((id == 5 || id == 7 || id == 8) && type == CS_THRIFT_STRUCT)
            read_inner_header(thrift, id == 8 ? 2 : 1, h);
        else
            cs_thrift_skip(thrift, type);
    }
    return !thrift->bad && h->size >= 0 && h->size <= MAX_PAGE && h->compressed_size >= 0 &&
           h->compressed_size <= thrift->end - thrift->at && h->level_bytes >= 0 && h->repeat_bytes >= 0;
}

/* The `length` bytes that the `size` bytes at `bytes` stand for. */
static clipsearch_status decompress(const parquet *p, const column *c, const uint8_t *bytes, size_t size, size_t length,
                                    bool plain, page *out, clipsearch_error *err)
{
    if (plain || c->codec == CS_PARQUET_PLAIN_CODEC) {
        out->bytes = bytes;
        out->size = size;
        return size == length ? CLIPSEARCH_OK : fail_damaged(p, c, "a page has another size than it says", err);
    }
    if (length > cs_snappy_most(size))
        return fail_damaged(p, c, "a page says that it is larger than it can be", err);
    uint8_t *memory = cs_grow(out->memory, &out->capacity, length ? length : 1, 1);
    if (!memory)
        return cs_fail_memory(err, p->name);
    out->memory = memory;
    out->bytes = memory;
    out->size = length;
    return cs_snappy_decompress(bytes, size, memory, length) ? CLIPSEARCH_OK
                                                             : fail_damaged(p, c, "a page cannot be decompressed", err);
}

/* Bytes of a plain value; 0 for texts, which say it themselves, and for booleans, which are bits. */
static size_t width_of(int type)
{
    return type == CS_PARQUET_INT32 || type == CS_PARQUET_FLOAT    ? 4
           : type == CS_PARQUET_INT64 || type == CS_PARQUET_DOUBLE ? 8
                                                                   : 0;
}

/* Take a plain value, no boolean, from what lies between *at and `end`. */
static bool take_plain(int type, const uint8_t **at, const uint8_t *end, slice *value)
{
    size_t size = width_of(type);
    if (type == CS_PARQUET_BYTES) {
        uint32_t length;
        if (end - *at < (ptrdiff_t)sizeof length)
            return false;
        memcpy(&length, *at, sizeof length);
        *at += sizeof length;
        size = length;
    }
    if (size > (size_t)(end - *at))
        return false;
    *value = (slice){*at, size};
    *at += size;
    return true;
}

static clipsearch_status read_dictionary(const parquet *p, column *c, const page_header *h, clipsearch_error *err)
{
    const uint8_t *at = c->dictionary.bytes, *end = at + c->dictionary.size;
    c->entry_count = 0;
    if (c->what->type == CS_PARQUET_BOOLEAN || (h->encoding != PLAIN && h->encoding != PLAIN_DICTIONARY) ||
        h->values < 0 || (uint64_t)h->values > c->dictionary.size / 4) /* an entry has four bytes at least */
        return fail_damaged(p, c, "the dictionary is damaged", err);
    slice *entries = cs_grow(c->entries, &c->entry_capacity, h->values ? (size_t)h->values : 1, sizeof *entries);
    if (!entries)
        return cs_fail_memory(err, p->name);
    c->entries = entries;
    for (; c->entry_count < (size_t)h->values; c->entry_count++)
        if (!take_plain(c->what->type, &at, end, &entries[c->entry_count]))
            return fail_damaged(p, c, "the dictionary is damaged", err);
    return CLIPSEARCH_OK;
}

/* Prepare the values, which lie between `at` and `end`, by their encoding. */
static clipsearch_status begin_values(const parquet *p, column *c, const page_header *h, const uint8_t *at,
                                      const uint8_t *end, clipsearch_error *err)
{
    c->by_index = h->encoding == PLAIN_DICTIONARY || h->encoding == RLE_DICTIONARY;
    c->values = at;
    c->values_end = end;
    c->bit = 0;
    if (c->by_index) {
        if (h->values && (at == end || *at > 32))
            return fail_damaged(p, c, "a page is damaged", err);
        c->indexes = cs_hybrid_make(at == end ? at : at + 1, end, at == end ? 0 : *at);
    } else if (h->encoding == RLE && c->what->type == CS_PARQUET_BOOLEAN && end - at >= 4) {
        c->by_index = true; /* the numbers are the values */
        c->indexes = cs_hybrid_make(at + 4, end, 1);
    } else if (h->encoding != PLAIN) {
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: column %.100s has an encoding (number %" PRId64 ") that is not read. In Python: "
                       "pandas.read_parquet(FILE).to_json(NEW, orient='records', lines=True)",
                       p->name, c->what->name, h->encoding);
    }
    c->left = (uint64_t)h->values;
    return CLIPSEARCH_OK;
}

static clipsearch_status begin_page(const parquet *p, column *c, const page_header *h, const uint8_t *bytes,
                                    clipsearch_error *err)
{
    const size_t size = (size_t)h->compressed_size;
    clipsearch_status status = decompress(p, c, bytes, size, (size_t)h->size, false, &c->data, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const uint8_t *at = c->data.bytes, *end = at + c->data.size;
    if (c->what->optional) {
        uint32_t length;
        if (h->level_encoding != RLE || end - at < (ptrdiff_t)sizeof length)
            return fail_damaged(p, c, "a page is damaged", err);
        memcpy(&length, at, sizeof length);
        at += sizeof length;
        if (length > (size_t)(end - at))
            return fail_damaged(p, c, "a page is damaged", err);
        c->levels = cs_hybrid_make(at, at + length, 1);
        at += length;
    }
    return begin_values(p, c, h, at, end, err);
}

/* The levels of a page of version 2 stand before what is compressed. */
static clipsearch_status begin_page_v2(const parquet *p, column *c, const page_header *h, const uint8_t *bytes,
                                       clipsearch_error *err)
{
    if (h->repeat_bytes || h->level_bytes > h->compressed_size || h->level_bytes > h->size)
        return fail_damaged(p, c, "a page is damaged", err);
    const size_t levels = (size_t)h->level_bytes;
    c->levels = cs_hybrid_make(bytes, bytes + levels, 1);
    clipsearch_status status = decompress(p, c, bytes + levels, (size_t)h->compressed_size - levels,
                                          (size_t)h->size - levels, h->plain, &c->data, err);
    return status == CLIPSEARCH_OK ? begin_values(p, c, h, c->data.bytes, c->data.bytes + c->data.size, err) : status;
}

static clipsearch_status next_page(const parquet *p, column *c, clipsearch_error *err)
{
    page_header h;
    cs_thrift thrift = {.at = c->at, .end = c->end};
    if (c->at == c->end)
        return fail_damaged(p, c, "there are fewer values than rows", err);
    if (!read_page_header(&thrift, &h))
        return fail_damaged(p, c, "the header of a page is damaged", err);
    const uint8_t *bytes = thrift.at;
    const size_t size = (size_t)h.compressed_size;
    c->at = bytes + size;
    if (h.type == INDEX_PAGE)
        return CLIPSEARCH_OK;
    if (h.type == DICTIONARY_PAGE) {
        clipsearch_status status = decompress(p, c, bytes, size, (size_t)h.size, false, &c->dictionary, err);
        return status == CLIPSEARCH_OK ? read_dictionary(p, c, &h, err) : status;
    }
    if ((h.type != DATA_PAGE && h.type != DATA_PAGE_V2) || h.values < 0)
        return fail_damaged(p, c, "a page of an unknown kind", err);
    return h.type == DATA_PAGE ? begin_page(p, c, &h, bytes, err) : begin_page_v2(p, c, &h, bytes, err);
}

/* ---- values */

static bool is_text(const slice *value)
{
    const char *text = (const char *)value->bytes;
    for (size_t at = 0, n; at < value->size; at += n)
        if (!text[at] || !(n = cs_utf8_length(text + at, value->size - at)))
            return false;
    return true;
}

static void put_number(column *c, double number, cs_field *field)
{
    cs_buf buf = cs_buf_make(sizeof c->text - 1);
    if (c->what->type == CS_PARQUET_FLOAT)
        cs_put_float(&buf, (float)number);
    else
        cs_put_double(&buf, number);
    field->kind = isfinite(number) && buf.len ? CS_FIELD_JSON : CS_FIELD_NULL;
    field->length = buf.len;
    if (buf.len)
        memcpy(c->text, buf.data, buf.len);
    field->text = c->text;
    cs_buf_free(&buf);
}

static void put_integer(column *c, const slice *value, cs_field *field)
{
    int32_t narrow;
    int64_t wide;
    if (value->size == sizeof narrow) {
        memcpy(&narrow, value->bytes, sizeof narrow);
        wide = c->what->is_unsigned ? (int64_t)(uint32_t)narrow : narrow;
    } else {
        memcpy(&wide, value->bytes, sizeof wide);
    }
    if (c->what->is_unsigned)
        cs_format(c->text, sizeof c->text, "%" PRIu64, (uint64_t)wide);
    else
        cs_format(c->text, sizeof c->text, "%" PRId64, wide);
    *field = (cs_field){.name = field->name, .kind = CS_FIELD_JSON, .text = c->text, .length = strlen(c->text)};
}

static clipsearch_status put_value(const parquet *p, column *c, const slice *value, cs_field *field,
                                   clipsearch_error *err)
{
    float narrow;
    double wide;
    switch (c->what->type) {
    case CS_PARQUET_BYTES:
        if (value->size > CS_ROWS_MAX_ROW || !is_text(value))
            return fail_damaged(p, c, "the text is not UTF-8, has a NUL character or is longer than 16 MiB", err);
        *field = (cs_field){
            .name = field->name, .kind = CS_FIELD_TEXT, .text = (const char *)value->bytes, .length = value->size};
        break;
    case CS_PARQUET_FLOAT:
        memcpy(&narrow, value->bytes, sizeof narrow);
        put_number(c, (double)narrow, field);
        break;
    case CS_PARQUET_DOUBLE:
        memcpy(&wide, value->bytes, sizeof wide);
        put_number(c, wide, field);
        break;
    default:
        put_integer(c, value, field);
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status take_boolean(const parquet *p, column *c, uint32_t index, cs_field *field,
                                      clipsearch_error *err)
{
    bool value = index != 0;
    if (!c->by_index) {
        if (c->values == c->values_end)
            return fail_damaged(p, c, "a page is damaged", err);
        value = *c->values >> c->bit & 1;
        c->bit = (c->bit + 1) % 8;
        c->values += c->bit == 0;
    }
    *field = (cs_field){
        .name = field->name, .kind = CS_FIELD_JSON, .text = value ? "true" : "false", .length = value ? 4 : 5};
    return CLIPSEARCH_OK;
}

static clipsearch_status next_value(const parquet *p, column *c, cs_field *field, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    uint32_t level = 1, index = 0;
    slice value;
    while (!c->left && status == CLIPSEARCH_OK)
        status = next_page(p, c, err);
    if (status != CLIPSEARCH_OK)
        return status;
    c->left--;
    *field = (cs_field){.name = c->what->name};
    if (c->what->optional && !cs_hybrid_next(&c->levels, &level))
        return fail_damaged(p, c, "a page is damaged", err);
    if (!level)
        return CLIPSEARCH_OK;
    if (c->by_index && !cs_hybrid_next(&c->indexes, &index))
        return fail_damaged(p, c, "a page is damaged", err);
    if (c->what->type == CS_PARQUET_BOOLEAN)
        return take_boolean(p, c, index, field, err);
    if (c->by_index) {
        if (index >= c->entry_count)
            return fail_damaged(p, c, "a value is not in the dictionary", err);
        value = c->entries[index];
    } else if (!take_plain(c->what->type, &c->values, c->values_end, &value)) {
        return fail_damaged(p, c, "a page is damaged", err);
    }
    return put_value(p, c, &value, field, err);
}

/* ---- rows */

static void begin_group(parquet *p)
{
    for (size_t i = 0; i < p->meta.count; i++) {
        const cs_parquet_chunk *chunk = &p->meta.chunks[p->group * p->meta.count + i];
        column *c = &p->columns[i];
        c->codec = chunk->codec;
        c->at = p->data + chunk->offset;
        c->end = c->at + chunk->size;
        c->left = 0;
        c->entry_count = 0;
    }
    p->left = p->meta.rows[p->group++];
}

static clipsearch_status next_row(cs_rows *rows, cs_row *row, bool *more, clipsearch_error *err)
{
    parquet *p = (parquet *)rows;
    clipsearch_status status = CLIPSEARCH_OK;
    while (!p->left && p->group < p->meta.groups)
        begin_group(p);
    if (!p->left)
        return CLIPSEARCH_OK;
    for (size_t i = 0; i < p->meta.count && status == CLIPSEARCH_OK; i++)
        status = next_value(p, &p->columns[i], &p->fields[i], err);
    p->left--;
    p->row++;
    *row = (cs_row){p->fields, p->meta.count};
    *more = status == CLIPSEARCH_OK;
    return status;
}

static void close_parquet(cs_rows *rows)
{
    parquet *p = (parquet *)rows;
    for (size_t i = 0; p->columns && i < p->meta.count; i++) {
        cs_free(p->columns[i].data.memory);
        cs_free(p->columns[i].dictionary.memory);
        cs_free(p->columns[i].entries);
    }
    cs_free(p->columns);
    cs_free(p->fields);
    cs_parquet_free_meta(&p->meta);
    if (p->map.data)
        cs_map_close(&p->map);
    cs_free(p->name);
    cs_free(p);
}

static clipsearch_status open_rows(const uint8_t *data, size_t size, const char *name, const cs_map *map,
                                   cs_rows **rows, clipsearch_error *err)
{
    static const cs_rows_ops ops = {next_row, close_parquet};
    parquet *p = cs_zalloc_array(1, sizeof *p);
    if (!p)
        return cs_fail_memory(err, name);
    p->rows.ops = &ops;
    p->data = data;
    p->name = cs_strdup(name);
    clipsearch_status status =
        p->name ? cs_parquet_read_meta(data, size, name, &p->meta, err) : cs_fail_memory(err, name);
    if (status == CLIPSEARCH_OK) {
        p->columns = cs_zalloc_array(p->meta.count, sizeof *p->columns);
        p->fields = cs_zalloc_array(p->meta.count, sizeof *p->fields);
        if (!p->columns || !p->fields)
            status = cs_fail_memory(err, name);
    }
    if (status != CLIPSEARCH_OK) {
        close_parquet(&p->rows);
        return status;
    }
    for (size_t i = 0; i < p->meta.count; i++)
        p->columns[i].what = &p->meta.columns[i];
    memcpy(p->rows.left_out, p->meta.left_out, sizeof p->meta.left_out);
    if (map)
        p->map = *map;
    *rows = &p->rows;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_parquet_parse(const void *data, size_t size, const char *name, cs_rows **rows,
                                   clipsearch_error *err)
{
    *rows = NULL;
    return open_rows(data, size, name, NULL, rows, err);
}

clipsearch_status cs_parquet_open(const char *path, cs_rows **rows, clipsearch_error *err)
{
    cs_map map;
    *rows = NULL;
    clipsearch_status status = cs_map_open(path, &map, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = open_rows(map.data, map.size, path, &map, rows, err);
    if (status != CLIPSEARCH_OK)
        cs_map_close(&map);
    return status;
}
