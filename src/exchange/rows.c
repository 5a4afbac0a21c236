/* SPDX-License-Identifier: MIT
 * rows.c - which reader a table needs; JSON lines and CSV. */
#include "exchange/rows.h"

#include "base/csv.h"
#include "base/decimal.h"
#include "base/file.h"
#include "base/item_limits.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

enum { MAX_VALUES = CS_ITEM_ATTRIBUTES_MAX }; /* of a line: no more fit into attributes */

clipsearch_status cs_rows_open(const char *path, cs_rows **rows, clipsearch_error *err)
{
    cs_map map;
    *rows = NULL;
    clipsearch_status status = cs_map_open(path, &map, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const bool is_parquet = map.size >= 4 && memcmp(map.data, "PAR1", 4) == 0;
    cs_map_close(&map);
    const char *dot = strrchr(cs_path_base(path), '.');
    if (is_parquet)
        return cs_parquet_open(path, rows, err);
    return dot && strcasecmp(dot, ".csv") == 0 ? cs_csv_rows_open(path, rows, err)
                                               : cs_json_lines_open(path, rows, err);
}

clipsearch_status cs_rows_next(cs_rows *rows, cs_row *row, bool *more, clipsearch_error *err)
{
    *row = (cs_row){0};
    *more = false;
    return rows->ops->next(rows, row, more, err);
}

const char *cs_rows_left_out(const cs_rows *rows)
{
    return rows->left_out;
}

void cs_rows_close(cs_rows **rows)
{
    if (*rows)
        (*rows)->ops->close(*rows);
    *rows = NULL;
}

/* ---- JSON lines */

typedef struct json_lines {
    cs_rows rows;
    cs_map map;
    char *path;
    size_t at, line;
    cs_json_document *document; /* of the last line */
    cs_field *fields;           /* [capacity] */
    size_t capacity;
} json_lines;

/* The end of the array or object that begins at text[at]; the text is valid JSON. */
static size_t end_of_value(const char *text, size_t at)
{
    size_t depth = 0;
    bool in_string = false;
    do {
        const char c = text[at++];
        if (in_string) {
            if (c == '\\')
                at++;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            depth++;
        } else if (c == ']' || c == '}') {
            depth--;
        }
    } while (depth);
    return at;
}

static cs_field field_of(const cs_json *value, const char *line, size_t size)
{
    cs_field field = {.name = value->key, .kind = CS_FIELD_JSON, .text = line + value->offset};
    switch (value->type) {
    case CS_JSON_NULL:
        return (cs_field){.name = value->key};
    case CS_JSON_STRING:
        return (cs_field){
            .name = value->key, .kind = CS_FIELD_TEXT, .text = value->string, .length = value->string_len};
    case CS_JSON_ARRAY:
    case CS_JSON_OBJECT:
        field.length = end_of_value(line, value->offset) - value->offset;
        break;
    default: /* a number, true or false */
        while (value->offset + field.length < size && !strchr(",} \t\r", field.text[field.length]))
            field.length++;
    }
    return field;
}

static clipsearch_status read_object(json_lines *lines, const char *line, size_t size, cs_row *row,
                                     clipsearch_error *err)
{
    char name[4200];
    cs_format(name, sizeof name, "%.4000s: line %zu", lines->path, lines->line);
    cs_json_close(&lines->document);
    clipsearch_status status = cs_json_parse(line, size, name, MAX_VALUES, &lines->document, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const cs_json *root = cs_json_root(lines->document);
    if (root->type != CS_JSON_OBJECT)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: each line must be a JSON object, not a%s %s", name,
                       root->type == CS_JSON_ARRAY ? "n" : "", cs_json_type_name(root->type));
    if (root->count > CS_ROWS_MAX_FIELDS)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: %zu members; the limit is %d", name, root->count,
                       CS_ROWS_MAX_FIELDS);
    cs_field *fields = cs_grow(lines->fields, &lines->capacity, root->count ? root->count : 1, sizeof *lines->fields);
    if (!fields)
        return cs_fail_memory(err, name);
    lines->fields = fields;
    for (const cs_json *value = root->first; value; value = value->next) {
        if (value->key_len != strlen(value->key) ||
            (value->type == CS_JSON_STRING && memchr(value->string, 0, value->string_len)))
            return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: a NUL character in %.100s", name, value->key);
        fields[row->count++] = field_of(value, line, size);
    }
    row->fields = fields;
    return CLIPSEARCH_OK;
}

static bool is_blank(const char *line, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
            return false;
    return true;
}

static clipsearch_status next_line(cs_rows *rows, cs_row *row, bool *more, clipsearch_error *err)
{
    json_lines *lines = (json_lines *)rows;
    const char *text = (const char *)lines->map.data;
    while (lines->at < lines->map.size) {
        const char *line = text + lines->at, *end = memchr(line, '\n', lines->map.size - lines->at);
        const size_t size = end ? (size_t)(end - line) : lines->map.size - lines->at;
        lines->at += size + (end != NULL);
        lines->line++;
        if (size > CS_ROWS_MAX_ROW)
            return cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: line %zu has %zu bytes; the limit is %d", lines->path,
                           lines->line, size, CS_ROWS_MAX_ROW);
        if (is_blank(line, size))
            continue;
        *more = true;
        return read_object(lines, line, size, row, err);
    }
    return CLIPSEARCH_OK;
}

static void close_lines(cs_rows *rows)
{
    json_lines *lines = (json_lines *)rows;
    cs_json_close(&lines->document);
    if (lines->map.data)
        cs_map_close(&lines->map);
    cs_free(lines->fields);
    cs_free(lines->path);
    cs_free(lines);
}

clipsearch_status cs_json_lines_open(const char *path, cs_rows **rows, clipsearch_error *err)
{
    static const cs_rows_ops ops = {next_line, close_lines};
    json_lines *lines = cs_zalloc_array(1, sizeof *lines);
    *rows = NULL;
    if (!lines || !(lines->path = cs_strdup(path))) {
        cs_free(lines);
        return cs_fail_memory(err, path);
    }
    lines->rows.ops = &ops;
    clipsearch_status status = cs_map_open(path, &lines->map, err);
    if (status != CLIPSEARCH_OK) {
        lines->map = (cs_map){0};
        close_lines(&lines->rows);
        return status;
    }
    if (lines->map.size >= 3 && memcmp(lines->map.data, "\xEF\xBB\xBF", 3) == 0)
        lines->at = 3; /* a byte order mark */
    *rows = &lines->rows;
    return CLIPSEARCH_OK;
}

/* ---- CSV */

typedef struct csv_rows {
    cs_rows rows;
    cs_csv csv;
    size_t at;
    cs_field *fields; /* [columns] */
} csv_rows;

/* Whether `text` is a number as JSON writes one. */
static bool is_number(const char *text)
{
    double number;
    const char *digits = text + (*text == '-');
    if (*digits < '0' || *digits > '9' || (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9'))
        return false;
    const char *point = strchr(digits, '.');
    if (point && (point[1] < '0' || point[1] > '9'))
        return false;
    return cs_read_double(text, &number) && number - number == 0;
}

static clipsearch_status next_csv(cs_rows *rows, cs_row *row, bool *more, clipsearch_error *err)
{
    csv_rows *csv = (csv_rows *)rows;
    (void)err;
    if (csv->at >= csv->csv.rows)
        return CLIPSEARCH_OK;
    for (size_t i = 0; i < csv->csv.columns; i++) {
        const char *text = csv->csv.fields[csv->at * csv->csv.columns + i];
        const cs_field_kind kind = !*text ? CS_FIELD_NULL : is_number(text) ? CS_FIELD_JSON : CS_FIELD_TEXT;
        csv->fields[i] = (cs_field){.name = csv->csv.header[i], .kind = kind, .text = text, .length = strlen(text)};
    }
    csv->at++;
    *row = (cs_row){csv->fields, csv->csv.columns};
    *more = true;
    return CLIPSEARCH_OK;
}

static void close_csv(cs_rows *rows)
{
    csv_rows *csv = (csv_rows *)rows;
    cs_csv_free(&csv->csv);
    cs_free(csv->fields);
    cs_free(csv);
}

clipsearch_status cs_csv_rows_open(const char *path, cs_rows **rows, clipsearch_error *err)
{
    static const cs_rows_ops ops = {next_csv, close_csv};
    cs_map map;
    *rows = NULL;
    clipsearch_status status = cs_map_open(path, &map, err);
    if (status != CLIPSEARCH_OK)
        return status;
    csv_rows *csv = cs_zalloc_array(1, sizeof *csv);
    status = csv ? cs_csv_parse((const char *)map.data, map.size, path, &csv->csv, err) : cs_fail_memory(err, path);
    cs_map_close(&map);
    if (status == CLIPSEARCH_OK && csv->csv.columns > CS_ROWS_MAX_FIELDS)
        status = cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: %zu columns; the limit is %d", path, csv->csv.columns,
                         CS_ROWS_MAX_FIELDS);
    if (status == CLIPSEARCH_OK && !(csv->fields = cs_alloc_array(csv->csv.columns, sizeof *csv->fields)))
        status = cs_fail_memory(err, path);
    if (status != CLIPSEARCH_OK) {
        if (csv)
            close_csv(&csv->rows);
        return status;
    }
    csv->rows.ops = &ops;
    *rows = &csv->rows;
    return CLIPSEARCH_OK;
}
