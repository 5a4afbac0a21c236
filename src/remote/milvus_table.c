/* SPDX-License-Identifier: MIT
 * milvus_table.c - columns of an answer read into arrays, and their rows as items. */
#include "remote/milvus_collection.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_META_VALUES = 1 << 16 };

/* ---- columns. An element takes a byte of the answer at least, so that its size bounds every array. */

static bool add_number(cs_milvus_column *column, uint64_t value)
{
    int64_t *larger = cs_grow(column->numbers, &column->capacity, column->count + 1, sizeof *larger);
    if (!larger)
        return false;
    column->numbers = larger;
    memcpy(&column->numbers[column->count++], &value, sizeof value);
    return true;
}

bool cs_milvus_add_numbers(const cs_proto_field *field, cs_milvus_column *column, bool *sound)
{
    cs_proto packed = field->bytes;
    uint64_t value;
    if (field->type == CS_PROTO_VARINT)
        return add_number(column, field->value);
    while (cs_proto_next_varint(&packed, &value))
        if (!add_number(column, value))
            return false;
    *sound = *sound && !packed.failed;
    return true;
}

bool cs_milvus_add_number_list(cs_proto list, cs_milvus_column *column, bool *sound)
{
    cs_proto_field field;
    while (cs_proto_next(&list, &field))
        if (field.number == 1 && !cs_milvus_add_numbers(&field, column, sound))
            return false;
    *sound = *sound && !list.failed;
    return true;
}

/* The bytes of packed numbers of `size` bytes each, or of a single one; little-endian, as we are. */
static const uint8_t *find_fixed(const cs_proto_field *field, size_t size, size_t *count)
{
    const bool single = field->type == CS_PROTO_FIXED32 || field->type == CS_PROTO_FIXED64;
    *count = single ? 1 : cs_proto_size(&field->bytes) / size;
    return single ? (const uint8_t *)&field->value : field->bytes.at;
}

bool cs_milvus_add_floats(const cs_proto_field *field, cs_milvus_column *column, bool *sound)
{
    size_t count;
    const uint8_t *at = find_fixed(field, sizeof(float), &count);
    (void)sound;
    if (count == 0)
        return true;
    float *larger = cs_grow(column->floats, &column->capacity, column->count + count, sizeof *larger);
    if (!larger)
        return false;
    column->floats = larger;
    memcpy(larger + column->count, at, count * sizeof *larger);
    column->count += count;
    return true;
}

/* Floats or doubles, as doubles. */
static bool add_reals(const cs_proto_field *field, size_t size, cs_milvus_column *column)
{
    size_t count;
    const uint8_t *at = find_fixed(field, size, &count);
    if (count == 0)
        return true;
    double *larger = cs_grow(column->reals, &column->capacity, column->count + count, sizeof *larger);
    if (!larger)
        return false;
    column->reals = larger;
    for (size_t i = 0; i < count; i++, at += size) {
        float narrow;
        memcpy(&narrow, at, sizeof narrow);
        larger[column->count] = (double)narrow;
        if (size == sizeof *larger)
            memcpy(&larger[column->count], at, size);
        column->count++;
    }
    return true;
}

/* Numbers {data=1}; size 0: floats of vectors. */
static bool read_reals(cs_proto list, size_t size, cs_milvus_column *column, bool *sound)
{
    cs_proto_field field;
    while (cs_proto_next(&list, &field)) {
        if (field.number != 1)
            continue;
        if (!(size ? add_reals(&field, size, column) : cs_milvus_add_floats(&field, column, sound)))
            return false;
    }
    *sound = *sound && !list.failed;
    return true;
}

static bool read_texts(cs_proto list, cs_milvus_column *column, bool *sound)
{
    cs_proto_field field;
    while (cs_proto_next(&list, &field)) {
        if (field.number != 1 || field.type != CS_PROTO_BYTES)
            continue;
        cs_proto *larger = cs_grow(column->texts, &column->capacity, column->count + 1, sizeof *larger);
        if (!larger)
            return false;
        column->texts = larger;
        column->texts[column->count++] = field.bytes;
    }
    *sound = *sound && !list.failed;
    return true;
}

static bool read_scalars(cs_proto scalars, cs_milvus_column *column, bool *sound)
{
    cs_proto_field field;
    bool fits = true;
    while (fits && column->count == 0 && cs_proto_next(&scalars, &field))
        switch (field.number) {
        case 1: /* booleans, */
        case 2: /* integers, */
        case 3: /* long ones */
            fits = cs_milvus_add_number_list(field.bytes, column, sound);
            break;
        case 4:
            fits = read_reals(field.bytes, sizeof(float), column, sound);
            break;
        case 5:
            fits = read_reals(field.bytes, sizeof(double), column, sound);
            break;
        case 6: /* texts, */
        case 9: /* JSON */
            fits = read_texts(field.bytes, column, sound);
            break;
        }
    *sound = *sound && !scalars.failed;
    return fits;
}

static bool read_column(cs_proto message, cs_milvus_column *column, bool *sound)
{
    cs_proto_field field, part;
    bool fits = true;
    column->name = cs_proto_of(NULL, 0);
    while (fits && cs_proto_next(&message, &field)) {
        if (field.number == 1)
            column->type = (cs_milvus_type)field.value;
        else if (field.number == 2)
            column->name = field.bytes;
        else if (field.number == 6)
            column->is_dynamic = field.value != 0;
        else if (field.number == 3 && column->count == 0)
            fits = read_scalars(field.bytes, column, sound);
        else if (field.number == 4 && column->count == 0)
            while (fits && cs_proto_next(&field.bytes, &part))
                if (part.number == 2 && column->count == 0)
                    fits = read_reals(part.bytes, 0, column, sound);
    }
    *sound = *sound && !message.failed;
    return fits;
}

static clipsearch_status fail_damaged(const cs_milvus_schema *schema, clipsearch_error *err)
{
    return cs_fail(err, CLIPSEARCH_E_DATABASE,
                   "the server's answer about the collection %s has columns of different lengths or is damaged",
                   schema->name);
}

clipsearch_status cs_milvus_table_read(const milvus_collection *collection, cs_proto message, uint32_t number,
                                       cs_milvus_table *table, clipsearch_error *err)
{
    cs_proto_field field;
    bool sound = true;
    *table = (cs_milvus_table){.schema = collection->schema, .scratch = cs_buf_make(SIZE_MAX / 2)};
    while (cs_proto_next(&message, &field)) {
        if (field.number != number || field.type != CS_PROTO_BYTES || table->count == CS_MILVUS_COLUMNS_MAX)
            continue;
        cs_milvus_column *column = &table->columns[table->count++];
        if (!read_column(field.bytes, column, &sound))
            return cs_fail_memory(err, "the answer of a server");
        const size_t each = column->floats ? collection->schema->dim : 1;
        if (table->count == 1)
            table->rows = column->count / each;
        sound = sound && column->count == table->rows * each;
    }
    return sound && !message.failed ? CLIPSEARCH_OK : fail_damaged(collection->schema, err);
}

void cs_milvus_table_free(cs_milvus_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        cs_free(table->columns[i].numbers);
        cs_free(table->columns[i].reals);
        cs_free(table->columns[i].texts);
        cs_free(table->columns[i].floats);
    }
    cs_buf_free(&table->scratch);
    table->count = table->rows = 0;
}

const cs_milvus_column *cs_milvus_table_find(const cs_milvus_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (cs_proto_is_text(&table->columns[i].name, name))
            return &table->columns[i];
    return NULL;
}

const int64_t *cs_milvus_table_ids(const cs_milvus_table *table)
{
    const cs_milvus_column *column = cs_milvus_table_find(table, table->schema->key);
    return column ? column->numbers : NULL;
}

const float *cs_milvus_table_vectors(const cs_milvus_table *table)
{
    const cs_milvus_column *column = cs_milvus_table_find(table, table->schema->vector);
    return column ? column->floats : NULL;
}

/* ---- items of our own collections */

static int64_t number_at(const cs_milvus_table *table, const char *name, size_t row)
{
    const cs_milvus_column *column = cs_milvus_table_find(table, name);
    return column && column->numbers ? column->numbers[row] : 0;
}

static cs_proto text_at(const cs_milvus_table *table, const char *name, size_t row)
{
    const cs_milvus_column *column = cs_milvus_table_find(table, name);
    return column && column->texts ? column->texts[row] : cs_proto_of(NULL, 0);
}

static clipsearch_status fail_item(const cs_milvus_table *table, int64_t id, const char *what, clipsearch_error *err)
{
    return cs_fail(err, CLIPSEARCH_E_DATABASE,
                   "the item %lld of the collection %s: its %s is none that clipsearch writes", (long long)id,
                   table->schema->name, what);
}

/* Append the text and a NUL to the scratch buffer; false when there is a NUL in it. */
static bool keep_text(cs_milvus_table *table, cs_proto text)
{
    const size_t size = cs_proto_size(&text);
    const bool sound = !memchr(text.at, '\0', size);
    cs_buf_append(&table->scratch, text.at, size);
    cs_buf_putc(&table->scratch, '\0');
    return sound;
}

static int nibble(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hash(const cs_proto *text, uint8_t hash[32])
{
    memset(hash, 0, 32);
    if (cs_proto_size(text) == 0)
        return true;
    if (cs_proto_size(text) != 64)
        return false;
    for (size_t i = 0; i < 32; i++) {
        const int high = nibble(text->at[2 * i]), low = nibble(text->at[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

clipsearch_status cs_milvus_table_hash(const cs_milvus_table *table, size_t row, uint8_t hash[32],
                                       clipsearch_error *err)
{
    const cs_proto text = text_at(table, "hash", row);
    const int64_t *ids = cs_milvus_table_ids(table);
    return read_hash(&text, hash) ? CLIPSEARCH_OK : fail_item(table, ids ? ids[row] : 0, "hash", err);
}

static bool is_object(cs_proto text)
{
    cs_json_document *document = NULL;
    const bool is = cs_json_parse((const char *)text.at, cs_proto_size(&text), "attributes", MAX_META_VALUES, &document,
                                  NULL) == CLIPSEARCH_OK &&
                    cs_json_root(document)->type == CS_JSON_OBJECT;
    cs_json_close(&document);
    return is;
}

static clipsearch_status read_own(cs_milvus_table *table, size_t row, clipsearch_item *item, cs_item_file *file,
                                  clipsearch_error *err)
{
    static const char empty[] = "{}";
    const int64_t width = number_at(table, "width", row), height = number_at(table, "height", row);
    const int64_t size = number_at(table, "size", row);
    const cs_proto path = text_at(table, "path", row);
    cs_proto meta = text_at(table, "$meta", row);
    if (cs_proto_size(&meta) == 0)
        meta = cs_proto_of(empty, 2);
    if (width < 0 || width > UINT32_MAX || height < 0 || height > UINT32_MAX || size < 0)
        return fail_item(table, item->id, "size", err);
    if (!keep_text(table, path) || cs_proto_size(&path) == 0)
        return fail_item(table, item->id, "path", err);
    if (!keep_text(table, meta) || !is_object(meta))
        return fail_item(table, item->id, "attributes", err);
    item->size = (uint64_t)size;
    item->mtime_ns = number_at(table, "mtime_ns", row);
    item->width = (uint32_t)width;
    item->height = (uint32_t)height;
    *file = (cs_item_file){.ctime_ns = number_at(table, "ctime_ns", row),
                           .gone_since = number_at(table, "gone_since", row)};
    return cs_milvus_table_hash(table, row, item->hash, err);
}

/* ---- items of others: all that is known of them becomes attributes */

static void put_value(cs_buf *json, const cs_milvus_column *column, size_t row)
{
    if (column->type == CS_MILVUS_BOOL && column->numbers)
        cs_buf_puts(json, column->numbers[row] ? "true" : "false");
    else if (column->numbers)
        cs_buf_printf(json, "%lld", (long long)column->numbers[row]);
    else if (column->reals && column->type == CS_MILVUS_FLOAT && isfinite(column->reals[row]))
        cs_put_float(json, (float)column->reals[row]);
    else if (column->reals)
        cs_put_double(json, column->reals[row]);
    else if (column->texts && column->type == CS_MILVUS_JSON && is_object(column->texts[row]))
        cs_buf_append(json, column->texts[row].at, cs_proto_size(&column->texts[row]));
    else if (column->texts)
        cs_json_put_string(json, (const char *)column->texts[row].at, cs_proto_size(&column->texts[row]));
    else
        cs_buf_puts(json, "null");
}

static clipsearch_status read_others(cs_milvus_table *table, size_t row, clipsearch_item *item, cs_item_file *file,
                                     clipsearch_error *err)
{
    bool first = true;
    const cs_milvus_schema *schema = table->schema;
    const cs_proto path = text_at(table, schema->path, row);
    *file = (cs_item_file){0};
    if (schema->path[0] && cs_proto_size(&path)) {
        if (!keep_text(table, path))
            return fail_item(table, item->id, "path", err);
    } else {
        cs_buf_printf(&table->scratch, "#%lld", (long long)item->id);
        cs_buf_putc(&table->scratch, '\0');
    }
    cs_buf_putc(&table->scratch, '{');
    for (size_t i = 0; i < table->count; i++) {
        const cs_milvus_column *column = &table->columns[i];
        if (column->floats || cs_proto_is_text(&column->name, schema->key) ||
            (schema->path[0] && cs_proto_is_text(&column->name, schema->path)))
            continue;
        if (column->is_dynamic && column->texts) { /* an object of its own: its members join the others */
            const cs_proto meta = column->texts[row];
            if (cs_proto_size(&meta) <= 2 || !is_object(meta))
                continue;
            cs_buf_puts(&table->scratch, first ? "" : ",");
            cs_buf_append(&table->scratch, meta.at + 1, cs_proto_size(&meta) - 2);
        } else {
            cs_buf_puts(&table->scratch, first ? "" : ",");
            cs_json_put_string(&table->scratch, (const char *)column->name.at, cs_proto_size(&column->name));
            cs_buf_putc(&table->scratch, ':');
            put_value(&table->scratch, column, row);
        }
        first = false;
    }
    cs_buf_puts(&table->scratch, "}");
    cs_buf_putc(&table->scratch, '\0');
    return CLIPSEARCH_OK;
}

clipsearch_status cs_milvus_table_item(cs_milvus_table *table, size_t row, clipsearch_item *item, cs_item_file *file,
                                       clipsearch_error *err)
{
    const int64_t *ids = cs_milvus_table_ids(table);
    *item = (clipsearch_item){0};
    *file = (cs_item_file){0};
    return ids ? cs_milvus_table_item_of(table, row, ids[row], item, file, err) : fail_damaged(table->schema, err);
}

clipsearch_status cs_milvus_table_item_of(cs_milvus_table *table, size_t row, int64_t id, clipsearch_item *item,
                                          cs_item_file *file, clipsearch_error *err)
{
    *item = (clipsearch_item){.id = id};
    *file = (cs_item_file){0};
    if (row >= table->rows)
        return fail_damaged(table->schema, err);
    cs_buf_clear(&table->scratch);
    clipsearch_status status =
        table->schema->own ? read_own(table, row, item, file, err) : read_others(table, row, item, file, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (table->scratch.failed)
        return cs_fail_memory(err, "an item of a collection");
    item->path = table->scratch.data;
    item->attributes = item->path + strlen(item->path) + 1;
    return CLIPSEARCH_OK;
}
