/* SPDX-License-Identifier: MIT
 * facets.c - counts attributes, values and folders. */
#include "server/facets.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/mem.h"
#include "output/item_json.h"
#include "server/tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLE = 20000,
    PAGE = 1000,
    MOST_NAMES = 300,
    MOST_VALUES = 3000, /* different ones that are counted of an attribute */
    SHOWN_VALUES = 50,
    MOST_FOLDERS = 20000,
    SHOWN_FOLDERS = 200,
    NAME_BYTES = 256,
    VALUE_BYTES = 200, /* longer texts are no values to choose from */
    DEEPEST = 4,       /* of nested attributes */
    MOST_JSON_VALUES = 100000
};

typedef struct facet {
    uint64_t strings, numbers, booleans, lists;
    double least, most; /* of numbers */
    char *first, *last; /* of strings, by their bytes; owned */
    cs_tally values;
} facet;

typedef struct facets {
    cs_tally names;
    facet each[MOST_NAMES];
    cs_tally folders;
    uint64_t items;
    bool failed;
} facets;

static void keep_text(char **kept, const char *text, int order, bool *failed)
{
    if (*kept && strcmp(text, *kept) * order <= 0)
        return;
    char *copy = cs_strdup(text);
    *failed |= !copy;
    if (!copy)
        return;
    cs_free(*kept);
    *kept = copy;
}

static void count_string(facets *f, facet *one, const cs_json *value)
{
    if (value->string_len > VALUE_BYTES || memchr(value->string, '\0', value->string_len))
        return;
    cs_tally_add(&one->values, value->string, value->string_len, &f->failed);
    keep_text(&one->first, value->string, -1, &f->failed);
    keep_text(&one->last, value->string, 1, &f->failed);
}

static void count_number(facets *f, facet *one, double number)
{
    char text[64];
    cs_buf buf = cs_buf_make(sizeof text);
    cs_put_double(&buf, number);
    if (buf.len)
        cs_tally_add(&one->values, buf.data, buf.len, &f->failed);
    cs_buf_free(&buf);
    one->least = one->numbers == 1 || number < one->least ? number : one->least;
    one->most = one->numbers == 1 || number > one->most ? number : one->most;
}

static void count_value(facets *f, const char *name, const cs_json *value)
{
    const size_t at = cs_tally_add(&f->names, name, strlen(name), &f->failed);
    if (at == SIZE_MAX)
        return;
    facet *one = &f->each[at];
    one->values.most = MOST_VALUES;
    switch (value->type) {
    case CS_JSON_STRING:
        one->strings++;
        count_string(f, one, value);
        break;
    case CS_JSON_NUMBER:
        one->numbers++;
        count_number(f, one, value->number);
        break;
    case CS_JSON_BOOL:
        one->booleans++;
        cs_tally_add(&one->values, value->boolean ? "true" : "false", value->boolean ? 4 : 5, &f->failed);
        break;
    case CS_JSON_ARRAY:
        one->lists++;
        for (const cs_json *each = value->first; each; each = each->next)
            if (each->type == CS_JSON_STRING)
                count_string(f, one, each);
        break;
    case CS_JSON_NULL:
    case CS_JSON_OBJECT:
        break;
    }
}

/* Members of `object`, nested ones by dots. Without recursion: one cursor for each level. */
static void count_members(facets *f, const cs_json *object)
{
    const cs_json *cursor[DEEPEST] = {object->first};
    size_t ends[DEEPEST] = {0}, depth = 0;
    char name[NAME_BYTES];
    for (;;) {
        const cs_json *value = cursor[depth];
        if (!value) {
            if (!depth)
                return;
            depth--;
            continue;
        }
        cursor[depth] = value->next;
        const size_t start = ends[depth], end = start + (start ? 1 : 0) + value->key_len;
        if (end >= sizeof name || memchr(value->key, '\0', value->key_len) || !value->key_len)
            continue;
        if (start)
            name[start] = '.';
        memcpy(name + end - value->key_len, value->key, value->key_len);
        name[end] = '\0';
        if (value->type == CS_JSON_OBJECT && depth + 1 < DEEPEST) {
            depth++;
            cursor[depth] = value->first;
            ends[depth] = end;
        } else {
            count_value(f, name, value);
        }
    }
}

static void count_item(facets *f, const clipsearch_hit *item)
{
    cs_json_document *document = NULL;
    f->items++;
    if (item->attributes && item->attributes[0] &&
        cs_json_parse(item->attributes, strlen(item->attributes), "attributes", MOST_JSON_VALUES, &document, NULL) ==
            CLIPSEARCH_OK &&
        cs_json_root(document)->type == CS_JSON_OBJECT)
        count_members(f, cs_json_root(document));
    cs_json_close(&document);
    if (item->path[0] != '/')
        return;
    for (const char *slash = strchr(item->path + 1, '/'); slash; slash = strchr(slash + 1, '/'))
        cs_tally_add(&f->folders, item->path, (size_t)(slash - item->path), &f->failed);
}

static clipsearch_status count_all(facets *f, clipsearch_collection *collection, clipsearch_error *err)
{
    clipsearch_list_options options;
    clipsearch_status status = CLIPSEARCH_OK;
    clipsearch_list_options_init(&options);
    options.newest_first = true;
    options.limit = PAGE;
    for (size_t got = PAGE; got == PAGE && f->items < SAMPLE && status == CLIPSEARCH_OK && !f->failed;) {
        clipsearch_hits *hits = NULL;
        status = clipsearch_list(collection, &options, &hits, err);
        if (status == CLIPSEARCH_E_UNSUPPORTED && options.newest_first && !options.after) {
            options.newest_first = false; /* where the storage cannot: from the oldest items */
            status = clipsearch_list(collection, &options, &hits, err);
        }
        got = clipsearch_hits_count(hits, 0);
        for (size_t i = 0; i < got; i++)
            count_item(f, clipsearch_hits_get(hits, 0, i));
        if (got)
            options.after = clipsearch_hits_get(hits, 0, got - 1)->id;
        clipsearch_hits_free(&hits);
    }
    return status == CLIPSEARCH_OK && f->failed ? cs_fail_memory(err, "the attributes") : status;
}

/* ---------------------------------------------------------------- writing */

static void put_values(cs_buf *out, facet *one, bool quoted)
{
    cs_tally_sort(&one->values);
    cs_buf_puts(out, ",\"values\":[");
    for (size_t i = 0; i < one->values.count && i < SHOWN_VALUES; i++) {
        cs_buf_puts(out, i ? ",{\"value\":" : "{\"value\":");
        if (quoted)
            cs_put_json_text(out, one->values.rows[i].text);
        else
            cs_buf_puts(out, one->values.rows[i].text);
        cs_buf_printf(out, ",\"count\":%" PRIu64 "}", one->values.rows[i].count);
    }
    cs_buf_putc(out, ']');
}

/* The type that most of its values have. Values of the others are in the counts only when they are written alike. */
static void put_facet(cs_buf *out, const char *name, uint64_t count, facet *one)
{
    const bool list = one->lists > 0, string = one->strings > 0, number = !list && !string && one->numbers > 0;
    cs_buf_puts(out, "{");
    cs_put_member(out, "name", name);
    cs_buf_printf(out, ",\"type\":\"%s\",\"count\":%" PRIu64,
                  list     ? "list"
                  : string ? "string"
                  : number ? "number"
                           : "boolean",
                  count);
    if (number) {
        cs_buf_puts(out, ",\"min\":");
        cs_put_double(out, one->least);
        cs_buf_puts(out, ",\"max\":");
        cs_put_double(out, one->most);
    } else if (string && one->first && one->last) {
        cs_buf_putc(out, ',');
        cs_put_member(out, "min", one->first);
        cs_buf_putc(out, ',');
        cs_put_member(out, "max", one->last);
    }
    put_values(out, one, list || string);
    cs_buf_putc(out, '}');
}

/* Folders, from the deepest that has all items on: those above it say nothing. */
static void put_folders(cs_buf *out, facets *f)
{
    size_t shown = 0, first = 0;
    cs_tally_sort(&f->folders);
    for (size_t i = 0; i < f->folders.count && f->folders.rows[i].count == f->items; i++)
        first = strlen(f->folders.rows[i].text) >= strlen(f->folders.rows[first].text) ? i : first;
    cs_buf_puts(out, "],\n \"folders\":[");
    for (size_t i = first; i < f->folders.count && shown < SHOWN_FOLDERS; i++) {
        cs_buf_puts(out, shown++ ? ",\n  {" : "\n  {");
        cs_put_path(out, f->folders.rows[i].text);
        cs_buf_printf(out, ",\"count\":%" PRIu64 "}", f->folders.rows[i].count);
    }
}

/* Whether there is anything to ask for: not when every value is null. */
static bool has_values(const facet *one)
{
    return one->strings || one->numbers || one->booleans || one->lists;
}

static void put_all(cs_buf *out, facets *f, uint64_t count)
{
    cs_buf_puts(out, "{\"attributes\":[");
    for (size_t i = 0, shown = 0; i < f->names.count; i++) {
        if (!has_values(&f->each[i]))
            continue;
        cs_buf_puts(out, shown++ ? ",\n  " : "\n  ");
        put_facet(out, f->names.rows[i].text, f->names.rows[i].count, &f->each[i]);
    }
    put_folders(out, f);
    cs_buf_printf(out, "],\n \"items\":%" PRIu64 ",\"sampled\":%s}\n", f->items,
                  f->items >= SAMPLE && count > f->items ? "true" : "false");
}

clipsearch_status cs_facets_make(clipsearch_collection *collection, uint64_t count, char **json, clipsearch_error *err)
{
    facets *f = cs_zalloc_array(1, sizeof *f);
    *json = NULL;
    if (!f)
        return cs_fail_memory(err, "the attributes");
    f->names.most = MOST_NAMES;
    f->folders.most = MOST_FOLDERS;
    clipsearch_status status = count_all(f, collection, err);
    if (status == CLIPSEARCH_OK) {
        cs_buf out = cs_buf_make(SIZE_MAX / 2);
        put_all(&out, f, count);
        *json = cs_buf_detach(&out);
        cs_buf_free(&out);
        if (!*json)
            status = cs_fail_memory(err, "the attributes");
    }
    for (size_t i = 0; i < f->names.count; i++) {
        cs_tally_free(&f->each[i].values);
        cs_free(f->each[i].first);
        cs_free(f->each[i].last);
    }
    cs_tally_free(&f->names);
    cs_tally_free(&f->folders);
    cs_free(f);
    return status;
}
