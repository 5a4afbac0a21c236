/* SPDX-License-Identifier: MIT
 * parquet_meta.c - FileMetaData of a Parquet file, as parquet.thrift of the Apache Parquet format describes it. Only
 * flat columns are read: others are counted, so that the pieces of the flat ones are found, and named as left out. */
#include "exchange/parquet_meta.h"

#include "base/buf.h"
#include "base/mem.h"
#include "exchange/rows.h"
#include "exchange/thrift.h"

#include <string.h>

enum {
    TAIL = 8, /* the length of the description, and "PAR1" */
    MAX_META = 64 << 20,
    MAX_GROUPS = 1 << 20,
    MAX_LEAVES = 10000,
    UNSET = -1
};

/* Of SchemaElement. */
typedef struct element {
    int64_t type, repetition, children, converted;
    int logical; /* which member of the union LogicalType; 0: none */
    const char *name;
    size_t name_length;
} element;

typedef struct reader {
    cs_thrift thrift;
    const char *name;
    cs_parquet_meta *meta;
    size_t file_size;
    int *column_of; /* [leaves], the number of the column; -1: left out */
    size_t leaves;
    size_t column_capacity, leaf_capacity;
    cs_buf left_out;
    size_t left_out_count;
    bool has_schema, has_groups;
} reader;

static bool is_integer(int type)
{
    return type == CS_THRIFT_I16 || type == CS_THRIFT_I32 || type == CS_THRIFT_I64;
}

static int read_union(cs_thrift *thrift)
{
    int id = 0, chosen = 0;
    for (int type; (type = cs_thrift_field(thrift, &id)) != CS_THRIFT_STOP;) {
        chosen = chosen ? chosen : id;
        cs_thrift_skip(thrift, type);
    }
    return chosen;
}

static element read_element(cs_thrift *thrift)
{
    element e = {.type = UNSET, .repetition = UNSET, .converted = UNSET, .name = ""};
    int id = 0;
    for (int type; (type = cs_thrift_field(thrift, &id)) != CS_THRIFT_STOP;) {
        if (id == 1 && is_integer(type))
            e.type = cs_thrift_integer(thrift);
        else if (id == 3 && is_integer(type))
            e.repetition = cs_thrift_integer(thrift);
        else if (id == 4 && type == CS_THRIFT_BINARY)
            e.name = cs_thrift_binary(thrift, &e.name_length);
        else if (id == 5 && is_integer(type))
            e.children = cs_thrift_integer(thrift);
        else if (id == 6 && is_integer(type))
            e.converted = cs_thrift_integer(thrift);
        else if (id == 10 && type == CS_THRIFT_STRUCT)
            e.logical = read_union(thrift);
        else
            cs_thrift_skip(thrift, type);
    }
    return e;
}

/* Whether an attribute can hold the values; the numbers are those of ConvertedType and LogicalType. */
static bool is_readable(const element *e)
{
    enum { UTF8 = 0, ENUM = 4, DECIMAL = 5, JSON = 19, L_STRING = 1, L_ENUM = 4, L_DECIMAL = 5, L_JSON = 12 };
    if (e->converted == DECIMAL || e->logical == L_DECIMAL)
        return false;
    switch (e->type) {
    case CS_PARQUET_BOOLEAN:
    case CS_PARQUET_INT32:
    case CS_PARQUET_INT64:
    case CS_PARQUET_FLOAT:
    case CS_PARQUET_DOUBLE:
        return true;
    case CS_PARQUET_BYTES:
        return e->converted == UTF8 || e->converted == ENUM || e->converted == JSON || e->logical == L_STRING ||
               e->logical == L_ENUM || e->logical == L_JSON;
    default:
        return false;
    }
}

static clipsearch_status add_leaf(reader *r, int column, clipsearch_error *err)
{
    if (r->leaves == MAX_LEAVES)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: more than %d columns", r->name, MAX_LEAVES);
    int *grown = cs_grow(r->column_of, &r->leaf_capacity, r->leaves + 1, sizeof *grown);
    if (!grown)
        return cs_fail_memory(err, r->name);
    r->column_of = grown;
    r->column_of[r->leaves++] = column;
    return CLIPSEARCH_OK;
}

static bool has_column(const cs_parquet_meta *meta, const element *e)
{
    for (size_t i = 0; i < meta->count; i++)
        if (strlen(meta->columns[i].name) == e->name_length &&
            memcmp(meta->columns[i].name, e->name, e->name_length) == 0)
            return true;
    return false;
}

static clipsearch_status add_column(reader *r, const element *e, clipsearch_error *err)
{
    enum { UINT_8 = 11, UINT_64 = 14 };
    cs_parquet_meta *meta = r->meta;
    if (meta->count == CS_ROWS_MAX_FIELDS)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: more than %d columns", r->name, CS_ROWS_MAX_FIELDS);
    if (has_column(meta, e))
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: two columns have the name %.*s", r->name,
                       (int)(e->name_length < 60 ? e->name_length : 60), e->name);
    cs_parquet_column *grown = cs_grow(meta->columns, &r->column_capacity, meta->count + 1, sizeof *grown);
    if (!grown)
        return cs_fail_memory(err, r->name);
    meta->columns = grown;
    meta->columns[meta->count] = (cs_parquet_column){.name = cs_strndup(e->name, e->name_length),
                                                     .type = (int)e->type,
                                                     .optional = e->repetition == 1,
                                                     .is_unsigned = e->converted >= UINT_8 && e->converted <= UINT_64};
    if (!meta->columns[meta->count].name)
        return cs_fail_memory(err, r->name);
    meta->count++;
    return add_leaf(r, (int)meta->count - 1, err);
}

static void note_left_out(reader *r, const element *e)
{
    if (e->name_length >= 2 && memcmp(e->name, "__", 2) == 0)
        return; /* the index of a table of pandas */
    if (r->left_out_count++ < 5)
        cs_buf_printf(&r->left_out, "%s%.*s", r->left_out.len ? ", " : "",
                      (int)(e->name_length < 60 ? e->name_length : 60), e->name);
}

/* One column at the top, with all that lies below it. */
static clipsearch_status read_column(reader *r, size_t *elements, clipsearch_error *err)
{
    const element top = read_element(&r->thrift);
    --*elements;
    const bool hidden = top.name_length >= 2 && memcmp(top.name, "__", 2) == 0;
    if (top.children <= 0 && top.repetition != 2 && !hidden && !memchr(top.name, 0, top.name_length) &&
        is_readable(&top))
        return add_column(r, &top, err);
    note_left_out(r, &top);
    if (top.children <= 0)
        return add_leaf(r, UNSET, err);
    int64_t pending = top.children;
    for (; pending > 0 && *elements && !r->thrift.bad; --*elements) {
        const element below = read_element(&r->thrift);
        pending--;
        if (below.children > 0 && below.children <= (int64_t)*elements)
            pending += below.children;
        else if (below.children > 0)
            r->thrift.bad = true;
        else {
            clipsearch_status status = add_leaf(r, UNSET, err);
            if (status != CLIPSEARCH_OK)
                return status;
        }
    }
    r->thrift.bad |= pending > 0;
    return CLIPSEARCH_OK;
}

static clipsearch_status read_schema(reader *r, clipsearch_error *err)
{
    int type;
    size_t elements = cs_thrift_list(&r->thrift, &type);
    clipsearch_status status = CLIPSEARCH_OK;
    if (type != CS_THRIFT_STRUCT || !elements || r->has_schema) {
        r->thrift.bad = true;
        return CLIPSEARCH_OK;
    }
    r->has_schema = true;
    read_element(&r->thrift); /* the root */
    elements--;
    while (elements && !r->thrift.bad && status == CLIPSEARCH_OK)
        status = read_column(r, &elements, err);
    return status;
}

/* ---- groups of rows */

/* Of ColumnMetaData. */
typedef struct piece {
    int64_t type, codec, values, size, data, dictionary;
    bool present;
} piece;

static piece read_piece(cs_thrift *thrift)
{
    piece p = {.type = UNSET, .codec = UNSET, .present = true};
    int id = 0;
    for (int type; (type = cs_thrift_field(thrift, &id)) != CS_THRIFT_STOP;) {
        int64_t *wanted = id == 1    ? &p.type
                          : id == 4  ? &p.codec
                          : id == 5  ? &p.values
                          : id == 7  ? &p.size
                          : id == 9  ? &p.data
                          : id == 11 ? &p.dictionary
                                     : NULL;
        if (wanted && is_integer(type))
            *wanted = cs_thrift_integer(thrift);
        else
            cs_thrift_skip(thrift, type);
    }
    return p;
}

static piece read_chunk(cs_thrift *thrift)
{
    piece p = {0};
    int id = 0;
    for (int type; (type = cs_thrift_field(thrift, &id)) != CS_THRIFT_STOP;)
        if (id == 3 && type == CS_THRIFT_STRUCT)
            p = read_piece(thrift);
        else
            cs_thrift_skip(thrift, type);
    return p;
}

static clipsearch_status check_piece(reader *r, const piece *p, int number, cs_parquet_chunk *chunk,
                                     clipsearch_error *err)
{
    static const char *const codecs[] = {"none", "Snappy", "gzip", "LZO", "Brotli", "LZ4", "Zstandard", "LZ4"};
    const cs_parquet_column *column = &r->meta->columns[number];
    const int64_t begin = p->dictionary > 0 && p->dictionary < p->data ? p->dictionary : p->data;
    if (p->present && !p->values)
        return CLIPSEARCH_OK; /* an empty group */
    if (!p->present || p->type != column->type || begin < 4 || p->size < 0 || p->values < 0 ||
        (uint64_t)begin > r->file_size - TAIL || (uint64_t)p->size > r->file_size - TAIL - (uint64_t)begin)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the place of the column %.100s is damaged", r->name,
                       column->name);
    if (p->codec != CS_PARQUET_PLAIN_CODEC && p->codec != CS_PARQUET_SNAPPY)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: compressed with %s; only Snappy and no compression are read. In Python: "
                       "pandas.read_parquet(FILE).to_json(NEW, orient='records', lines=True)",
                       r->name, p->codec > 0 && p->codec < 8 ? codecs[p->codec] : "an unknown method");
    *chunk = (cs_parquet_chunk){(uint64_t)begin, (uint64_t)p->size, (int)p->codec};
    return CLIPSEARCH_OK;
}

static clipsearch_status read_group(reader *r, size_t group, clipsearch_error *err)
{
    cs_parquet_meta *meta = r->meta;
    clipsearch_status status = CLIPSEARCH_OK;
    int id = 0;
    bool has_columns = false;
    for (int type; (type = cs_thrift_field(&r->thrift, &id)) != CS_THRIFT_STOP;) {
        if (id == 1 && type == CS_THRIFT_LIST && !has_columns) {
            int kind;
            const size_t count = cs_thrift_list(&r->thrift, &kind);
            has_columns = kind == CS_THRIFT_STRUCT && count == r->leaves;
            r->thrift.bad |= !has_columns;
            for (size_t i = 0; i < count && !r->thrift.bad; i++) {
                const piece p = read_chunk(&r->thrift);
                if (!r->thrift.bad && r->column_of[i] >= 0 && status == CLIPSEARCH_OK)
                    status = check_piece(r, &p, r->column_of[i],
                                         &meta->chunks[group * meta->count + (size_t)r->column_of[i]], err);
            }
        } else if (id == 3 && is_integer(type)) {
            const int64_t rows = cs_thrift_integer(&r->thrift);
            r->thrift.bad |= rows < 0;
            meta->rows[group] = (uint64_t)rows;
        } else {
            cs_thrift_skip(&r->thrift, type);
        }
    }
    r->thrift.bad |= !has_columns;
    return status;
}

static clipsearch_status read_groups(reader *r, clipsearch_error *err)
{
    int type;
    const size_t count = cs_thrift_list(&r->thrift, &type);
    clipsearch_status status = CLIPSEARCH_OK;
    if (!r->has_schema || r->has_groups || (count && type != CS_THRIFT_STRUCT)) {
        r->thrift.bad = true;
        return CLIPSEARCH_OK;
    }
    r->has_groups = true;
    if (count > MAX_GROUPS)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: %zu groups of rows; the limit is %d", r->name, count, MAX_GROUPS);
    r->meta->chunks = cs_zalloc_array(count * r->meta->count + 1, sizeof *r->meta->chunks);
    r->meta->rows = cs_zalloc_array(count + 1, sizeof *r->meta->rows);
    if (!r->meta->chunks || !r->meta->rows)
        return cs_fail_memory(err, r->name);
    r->meta->groups = count;
    for (size_t i = 0; i < count && !r->thrift.bad && status == CLIPSEARCH_OK; i++)
        status = read_group(r, i, err);
    return status;
}

static clipsearch_status read_file_meta(reader *r, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    int id = 0;
    for (int type; status == CLIPSEARCH_OK && (type = cs_thrift_field(&r->thrift, &id)) != CS_THRIFT_STOP;) {
        if (id == 2 && type == CS_THRIFT_LIST)
            status = read_schema(r, err);
        else if (id == 4 && type == CS_THRIFT_LIST)
            status = read_groups(r, err);
        else
            cs_thrift_skip(&r->thrift, type);
    }
    if (status == CLIPSEARCH_OK && (r->thrift.bad || !r->has_schema || !r->has_groups))
        status =
            cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the description at the end of the Parquet file is damaged", r->name);
    if (status == CLIPSEARCH_OK && !r->meta->count)
        status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: no column of text or numbers", r->name);
    return status;
}

clipsearch_status cs_parquet_read_meta(const uint8_t *data, size_t size, const char *name, cs_parquet_meta *meta,
                                       clipsearch_error *err)
{
    *meta = (cs_parquet_meta){0};
    if (size >= TAIL + 4 && memcmp(data + size - 4, "PARE", 4) == 0)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: the Parquet file is encrypted", name);
    if (size < TAIL + 4 || memcmp(data, "PAR1", 4) != 0 || memcmp(data + size - 4, "PAR1", 4) != 0)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the end of the Parquet file is missing; is it complete?", name);
    const uint8_t *tail = data + size - TAIL;
    const size_t length = (size_t)tail[0] | (size_t)tail[1] << 8 | (size_t)tail[2] << 16 | (size_t)tail[3] << 24;
    if (length > MAX_META)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: a description of %zu bytes; the limit is %d", name, length,
                       MAX_META);
    if (length > size - TAIL - 4)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the end of the Parquet file is damaged", name);
    reader r = {.thrift = {.at = tail - length, .end = tail},
                .name = name,
                .meta = meta,
                .file_size = size,
                .left_out = cs_buf_make(sizeof meta->left_out - 1)};
    clipsearch_status status = read_file_meta(&r, err);
    if (r.left_out_count > 5)
        cs_buf_printf(&r.left_out, " and %zu more", r.left_out_count - 5);
    if (r.left_out.len)
        memcpy(meta->left_out, r.left_out.data, r.left_out.len);
    cs_buf_free(&r.left_out);
    cs_free(r.column_of);
    return status;
}

void cs_parquet_free_meta(cs_parquet_meta *meta)
{
    for (size_t i = 0; i < meta->count; i++)
        cs_free(meta->columns[i].name);
    cs_free(meta->columns);
    cs_free(meta->chunks);
    cs_free(meta->rows);
    *meta = (cs_parquet_meta){0};
}
