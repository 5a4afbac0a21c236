/* SPDX-License-Identifier: MIT
 * attributes.c - source values joined with CSV rows, written as canonical JSON. */
#include "ingest/attributes.h"

#include "base/csv.h"
#include "base/decimal.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/item_limits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_CSV_BYTES = 1 << 28,
    MAX_JSON_VALUES = 1 << 16,
    MAX_JSON_DEPTH = 64, /* json.h's own limit */
    MAX_TEXT = CS_ITEM_ATTRIBUTES_MAX
};

/* One attribute, its value written as JSON already (a source's) or to be written from a CSV column. */
typedef struct member {
    const char *key;
    size_t key_length;
    const char *json; /* the source's value, or NULL */
    size_t json_length;
    int column; /* the CSV's column, or -1 */
} member;

typedef struct row_key {
    const char *key; /* path below the root, absolute path, or name */
    size_t row;
} row_key;

struct cs_attributes {
    cs_json_document *document; /* of the source's object; keys point into it */
    cs_buf values;              /* the source's values as JSON, one behind the other */
    member *members;            /* [member_count], by key */
    size_t member_count;
    bool has_csv, by_name;
    cs_csv csv;
    row_key *rows; /* [csv.rows], by key */
    bool *used;    /* [csv.rows] */
    size_t unmatched;
    char *root, *given; /* with a '/' at the end */
};

/* ---- JSON out ---- */

static void put_scalar(cs_buf *out, const cs_json *value)
{
    if (value->type == CS_JSON_STRING)
        cs_json_put_string(out, value->string, value->string_len);
    else if (value->type == CS_JSON_NUMBER && value->is_integer)
        cs_buf_printf(out, "%" PRId64, value->integer);
    else if (value->type == CS_JSON_NUMBER)
        cs_put_double(out, value->number);
    else
        cs_buf_puts(out, value->type == CS_JSON_NULL ? "null" : value->boolean ? "true" : "false");
}

/* Write a value without white space, arrays and objects in the order they have. */
static void put_value(cs_buf *out, const cs_json *value)
{
    const cs_json *open[MAX_JSON_DEPTH + 1]; /* the containers we are in */
    size_t depth = 0;
    for (const cs_json *at = value;;) {
        if (at->key && at != value) {
            cs_json_put_string(out, at->key, at->key_len);
            cs_buf_putc(out, ':');
        }
        bool container = at->type == CS_JSON_ARRAY || at->type == CS_JSON_OBJECT;
        if (container)
            cs_buf_putc(out, at->type == CS_JSON_ARRAY ? '[' : '{');
        else
            put_scalar(out, at);
        if (container && at->first && depth < MAX_JSON_DEPTH) {
            open[depth++] = at;
            at = at->first;
            continue;
        }
        if (container)
            cs_buf_putc(out, at->type == CS_JSON_ARRAY ? ']' : '}');
        while (at != value && !at->next) {
            at = open[--depth];
            cs_buf_putc(out, at->type == CS_JSON_ARRAY ? ']' : '}');
        }
        if (at == value)
            return;
        cs_buf_putc(out, ',');
        at = at->next;
    }
}

static const char *skip_digits(const char *s)
{
    while (*s >= '0' && *s <= '9')
        s++;
    return s;
}

/* Whether a CSV field is a JSON number that a reader's integer or double holds well. Longer ones, and those with
 * leading zeros or a plus, are more likely codes and telephone numbers, whose every character counts. */
static bool is_number(const char *s)
{
    if (*s == '-')
        s++;
    const char *digits = s;
    s = skip_digits(s);
    if (s == digits || s - digits > 18 || (*digits == '0' && s - digits > 1))
        return false;
    if (*s == '.') {
        digits = ++s;
        s = skip_digits(s);
        if (s == digits || s - digits > 40)
            return false;
    }
    if (*s == 'e' || *s == 'E') {
        s++;
        if (*s == '+' || *s == '-')
            s++;
        digits = s;
        s = skip_digits(s);
        if (s == digits || s - digits > 2)
            return false;
    }
    return *s == '\0';
}

static void put_field(cs_buf *out, const char *field)
{
    if (is_number(field))
        cs_buf_puts(out, field);
    else
        cs_json_put_string(out, field, strlen(field));
}

/* ---- opening ---- */

static clipsearch_status parse_object(const char *json, const char *name, cs_json_document **document,
                                      clipsearch_error *err)
{
    clipsearch_status status = cs_json_parse(json, strlen(json), name, MAX_JSON_VALUES, document, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (cs_json_root(*document)->type == CS_JSON_OBJECT)
        return CLIPSEARCH_OK;
    cs_json_close(document);
    return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: must be a JSON object, such as {\"album\":\"summer\"}", name);
}

static int compare_keys(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int by_member_key(const void *a, const void *b)
{
    const member *x = a, *y = b;
    return compare_keys(x->key, x->key_length, y->key, y->key_length);
}

static int by_row_key(const void *a, const void *b)
{
    const row_key *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static clipsearch_status read_csv(cs_attributes *a, const char *path, clipsearch_error *err)
{
    cs_buf text = cs_buf_make(MAX_CSV_BYTES);
    clipsearch_status status = cs_file_read(path, &text, NULL, err);
    if (status == CLIPSEARCH_E_NOT_FOUND) {
        status = CLIPSEARCH_E_IO; /* the message is right; NOT_FOUND is for models, collections and items */
        if (err)
            err->code = status;
    }
    if (status == CLIPSEARCH_OK)
        status = cs_csv_parse(text.len ? text.data : "", text.len, path, &a->csv, err);
    a->has_csv = status == CLIPSEARCH_OK;
    cs_buf_free(&text);
    return status;
}

/* Order the rows by what they are joined on. */
static clipsearch_status index_rows(cs_attributes *a, const char *path, int key_column, clipsearch_error *err)
{
    cs_csv *csv = &a->csv;
    a->rows = cs_alloc_array(csv->rows, sizeof *a->rows);
    a->used = cs_zalloc_array(csv->rows, sizeof *a->used);
    if (!a->rows || !a->used)
        return cs_fail_memory(err, path);
    for (size_t i = 0; i < csv->rows; i++) {
        const char *key = csv->fields[i * csv->columns + (size_t)key_column];
        if (a->by_name) {
            key = cs_path_base(key);
        } else {
            while (key[0] == '.' && key[1] == '/')
                key += 2 + strspn(key + 2, "/");
        }
        if (!key[0])
            return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: line %zu: the column \"%s\" names no image", path,
                           csv->lines[i], csv->header[key_column]);
        a->rows[i] = (row_key){key, i};
    }
    if (csv->rows)
        qsort(a->rows, csv->rows, sizeof *a->rows, by_row_key);
    for (size_t i = 1; i < csv->rows; i++)
        if (strcmp(a->rows[i - 1].key, a->rows[i].key) == 0)
            return cs_fail(err, CLIPSEARCH_E_FORMAT,
                           "%s: lines %zu and %zu are both for \"%s\"; keep one row for each image%s", path,
                           csv->lines[a->rows[i - 1].row], csv->lines[a->rows[i].row], a->rows[i].key,
                           a->by_name ? ", or join by path instead of by name" : "");
    return CLIPSEARCH_OK;
}

/* The attributes that an image can have, from both, in the order in which they are written. */
static clipsearch_status collect_members(cs_attributes *a, int key_column, clipsearch_error *err)
{
    const cs_json *object = a->document ? cs_json_root(a->document) : NULL;
    size_t given = object ? object->count : 0;
    a->members = cs_alloc_array(given + a->csv.columns, sizeof *a->members);
    if (!a->members)
        return cs_fail_memory(err, "a source's attributes");
    for (const cs_json *value = object ? object->first : NULL; value; value = value->next) {
        size_t start = a->values.len;
        put_value(&a->values, value);
        a->members[a->member_count++] = (member){
            .key = value->key, .key_length = value->key_len, .json_length = a->values.len - start, .column = -1};
    }
    if (a->values.failed)
        return cs_fail_memory(err, "a source's attributes");
    const char *json = a->values.data;
    for (size_t i = 0; i < given; i++) {
        a->members[i].json = json;
        json += a->members[i].json_length;
    }
    for (size_t column = 0; column < a->csv.columns; column++) {
        if ((int)column == key_column)
            continue;
        member add = {.key = a->csv.header[column], .key_length = strlen(a->csv.header[column]), .column = (int)column};
        size_t i = 0;
        while (i < given && by_member_key(&a->members[i], &add) != 0)
            i++;
        if (i < given)
            a->members[i].column = add.column;
        else
            a->members[a->member_count++] = add;
    }
    if (a->member_count)
        qsort(a->members, a->member_count, sizeof *a->members, by_member_key);
    return CLIPSEARCH_OK;
}

/* `path` with exactly one '/' behind it. */
static char *with_slash(const char *path)
{
    size_t n = strlen(path);
    while (n && path[n - 1] == '/')
        n--;
    char *text = cs_alloc_array(n + 2, 1);
    if (text) {
        memcpy(text, path, n);
        memcpy(text + n, "/", 2);
    }
    return text;
}

clipsearch_status cs_attributes_open(const clipsearch_source *source, const char *root, cs_attributes **attributes,
                                     clipsearch_error *err)
{
    *attributes = NULL;
    if (!source->attributes && !source->attributes_csv)
        return CLIPSEARCH_OK;
    clipsearch_status status = CLIPSEARCH_OK;
    cs_attributes *a = cs_zalloc_array(1, sizeof *a);
    if (!a)
        return cs_fail_memory(err, "a source's attributes");
    a->values = cs_buf_make(SIZE_MAX / 2);
    a->by_name = source->csv_by_name;
    a->root = with_slash(root);
    a->given = with_slash(source->path ? source->path : "."); /* a list of files need not have one */
    if (!a->root || !a->given)
        status = cs_fail_memory(err, "a source's attributes");
    if (status == CLIPSEARCH_OK && source->attributes)
        status = parse_object(source->attributes, "attributes of a source", &a->document, err);
    int key_column = -1;
    if (status == CLIPSEARCH_OK && source->attributes_csv) {
        const char *path = source->attributes_csv, *key = source->csv_key ? source->csv_key : "path";
        status = read_csv(a, path, err);
        if (status == CLIPSEARCH_OK) {
            key_column = cs_csv_column(&a->csv, key);
            status = key_column < 0 ? cs_fail(err, CLIPSEARCH_E_FORMAT,
                                              "%s: there is no column \"%s\" to find the images by; the first column "
                                              "is \"%s\"",
                                              path, key, a->csv.header[0])
                                    : index_rows(a, path, key_column, err);
        }
    }
    if (status == CLIPSEARCH_OK)
        status = collect_members(a, key_column, err);
    if (status != CLIPSEARCH_OK)
        cs_attributes_close(&a);
    *attributes = a;
    return status;
}

void cs_attributes_close(cs_attributes **handle)
{
    cs_attributes *a = *handle;
    if (!a)
        return;
    cs_json_close(&a->document);
    cs_buf_free(&a->values);
    cs_csv_free(&a->csv);
    cs_free(a->members);
    cs_free(a->rows);
    cs_free(a->used);
    cs_free(a->root);
    cs_free(a->given);
    cs_free(a);
    *handle = NULL;
}

/* ---- writing ---- */

/* Compare `key` with the path root + relative, whose parts lie apart. */
static int compare_with_path(const char *key, const char *root, const char *relative)
{
    size_t n = strlen(root);
    int order = strncmp(key, root, n);
    return order ? order : strcmp(key + n, relative);
}

/* The row whose key is root + relative, or -1. */
static ptrdiff_t search_rows(const cs_attributes *a, const char *root, const char *relative)
{
    size_t low = 0, high = a->csv.rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_with_path(a->rows[middle].key, root, relative);
        if (order == 0)
            return (ptrdiff_t)a->rows[middle].row;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

static ptrdiff_t find_row(const cs_attributes *a, const char *relative)
{
    if (a->by_name)
        return search_rows(a, "", cs_path_base(relative));
    ptrdiff_t row = search_rows(a, "", relative);
    if (row < 0)
        row = search_rows(a, a->root, relative);
    if (row < 0)
        row = search_rows(a, a->given, relative);
    return row;
}

clipsearch_status cs_attributes_write(cs_attributes *a, const char *relative, cs_buf *out, clipsearch_error *err)
{
    ptrdiff_t row = a->has_csv ? find_row(a, relative) : -1;
    if (row >= 0)
        a->used[row] = true;
    else if (a->has_csv)
        a->unmatched++;
    char *const *fields = row >= 0 ? a->csv.fields + (size_t)row * a->csv.columns : NULL;
    cs_buf_clear(out);
    cs_buf_putc(out, '{');
    for (size_t i = 0; i < a->member_count; i++) {
        const member *m = &a->members[i];
        const char *field = fields && m->column >= 0 ? fields[m->column] : "";
        if (!field[0] && !m->json)
            continue;
        if (out->len > 1)
            cs_buf_putc(out, ',');
        cs_json_put_string(out, m->key, m->key_length);
        cs_buf_putc(out, ':');
        if (field[0])
            put_field(out, field);
        else
            cs_buf_append(out, m->json, m->json_length);
    }
    cs_buf_putc(out, '}');
    if (out->failed)
        return cs_fail_memory(err, "an image's attributes");
    if (out->len > MAX_TEXT)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "%s%s: its attributes take %zu bytes; %d are allowed", a->root,
                       relative, out->len, (int)MAX_TEXT);
    return CLIPSEARCH_OK;
}

cs_attributes_counts cs_attributes_count(const cs_attributes *a)
{
    cs_attributes_counts counts = {0};
    if (a && a->has_csv) {
        counts.images_without_row = a->unmatched;
        for (size_t i = 0; i < a->csv.rows; i++)
            counts.rows_without_image += !a->used[i];
    }
    return counts;
}
