/* SPDX-License-Identifier: MIT
 * milvus_reads.c - items looked up on a Milvus server: by path, content, id, filter or folder. */
#include "remote/milvus_collection.h"

#include "base/digest.h"
#include "base/id_list.h"
#include "base/mem.h"
#include "remote/filter_milvus.h"

#include <stdlib.h>
#include <string.h>

int64_t cs_milvus_key(const char *path)
{
    uint8_t bytes[CS_SHA256_BYTES];
    uint64_t key = 0;
    cs_digest_of(CS_SHA256, path, strlen(path), bytes, NULL);
    for (int i = 0; i < 8; i++)
        key = key << 8 | bytes[i];
    key &= INT64_MAX;
    return key ? (int64_t)key : 1; /* 0 is no id */
}

/* ---- items that come in the server's order, for callers that want them in another */

clipsearch_status cs_milvus_keep_items(void *items, cs_milvus_table *table, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t row = 0; row < table->rows && status == CLIPSEARCH_OK; row++) {
        clipsearch_item item;
        cs_item_file file;
        status = cs_milvus_table_item(table, row, &item, &file, err);
        if (status == CLIPSEARCH_OK)
            status = cs_items_add(items, &item, &file, err);
    }
    return status;
}

/* Where an id is. */
typedef struct place {
    int64_t id;
    size_t number;
} place;

static int compare_places(const void *a, const void *b)
{
    const int64_t left = ((const place *)a)->id, right = ((const place *)b)->id;
    return (left > right) - (left < right);
}

static clipsearch_status sort_places(const cs_items *items, place **places, clipsearch_error *err)
{
    *places = cs_alloc_array(items->count, sizeof **places);
    if (!*places)
        return cs_fail_memory(err, "items of a collection");
    for (size_t i = 0; i < items->count; i++)
        (*places)[i] = (place){items->items[i].id, i};
    qsort(*places, items->count, sizeof **places, compare_places);
    return CLIPSEARCH_OK;
}

/* The number of the item, or SIZE_MAX. */
static size_t find_place(const place *places, size_t count, int64_t id)
{
    const place wanted = {.id = id};
    const place *found = bsearch(&wanted, places, count, sizeof *places, compare_places);
    return found ? found->number : SIZE_MAX;
}

/* ---- by path */

static clipsearch_status add_found(const cs_items *r, size_t number, const char *path, cs_items *items,
                                   clipsearch_error *err)
{
    const clipsearch_item *item = number == SIZE_MAX ? NULL : &r->items[number];
    if (item && path && strcmp(item->path, path) != 0) /* a key of another program's making */
        item = NULL;
    return cs_items_add(items, item, item ? &r->files[number] : NULL, err);
}

/* In the collections of others the path is no key. */
static clipsearch_status find_others(milvus_collection *c, const char *path, cs_items *items, clipsearch_error *err)
{
    cs_items r = {0};
    cs_buf text = cs_buf_make(SIZE_MAX / 2);
    clipsearch_status status = CLIPSEARCH_OK;
    if (c->schema->path[0]) {
        cs_buf_printf(&text, "%s == ", c->schema->path);
        cs_milvus_put_literal(&text, path, strlen(path));
        status = text.failed ? cs_fail_memory(err, "a query")
                             : cs_milvus_each_page(c, text.data, CS_MILVUS_ITEMS, cs_milvus_keep_items, &r, err);
    }
    cs_items_bind(&r);
    if (status == CLIPSEARCH_OK)
        status = add_found(&r, r.count ? 0 : SIZE_MAX, path, items, err);
    cs_items_free(&r);
    cs_buf_free(&text);
    return status;
}

clipsearch_status cs_milvus_by_paths(clipsearch_collection *base, const char *const *paths, size_t count,
                                     cs_items *items, clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    cs_items r = {0};
    place *places = NULL;
    clipsearch_status status = CLIPSEARCH_OK;
    if (!c->schema->own) {
        for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
            status = find_others(c, paths[i], items, err);
        return status;
    }
    int64_t *keys = cs_alloc_array(count, sizeof *keys);
    if (!keys)
        return cs_fail_memory(err, "items of a collection");
    for (size_t i = 0; i < count; i++)
        keys[i] = cs_milvus_key(paths[i]);
    status = cs_milvus_each_of(c, keys, count, CS_MILVUS_ITEMS, cs_milvus_keep_items, &r, err);
    cs_items_bind(&r);
    if (status == CLIPSEARCH_OK)
        status = sort_places(&r, &places, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        status = add_found(&r, find_place(places, r.count, keys[i]), paths[i], items, err);
    cs_items_free(&r);
    cs_free(places);
    cs_free(keys);
    return status;
}

/* ---- by content */

static int compare_contents(const void *a, const void *b)
{
    return memcmp((*(const clipsearch_item *const *)a)->hash, (*(const clipsearch_item *const *)b)->hash, 32);
}

/* Add, for each hash in turn, the items that have it. */
static clipsearch_status add_contents(const cs_items *found, const uint8_t (*hashes)[32], size_t count,
                                      size_t most_each, cs_items *items, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    const clipsearch_item **sorted = cs_alloc_array(found->count, sizeof *sorted);
    if (!sorted)
        return cs_fail_memory(err, "items of a collection");
    for (size_t i = 0; i < found->count; i++)
        sorted[i] = &found->items[i];
    qsort(sorted, found->count, sizeof *sorted, compare_contents);
    for (size_t h = 0; h < count && status == CLIPSEARCH_OK; h++) {
        size_t low = 0, high = found->count;
        while (low < high) {
            const size_t middle = low + (high - low) / 2;
            if (memcmp(sorted[middle]->hash, hashes[h], 32) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        for (size_t i = low, n = 0; i < found->count && n < most_each && status == CLIPSEARCH_OK; i++, n++) {
            if (memcmp(sorted[i]->hash, hashes[h], 32) != 0)
                break;
            status = cs_items_add(items, sorted[i], &found->files[sorted[i] - found->items], err);
        }
    }
    cs_free(sorted);
    return status;
}

clipsearch_status cs_milvus_by_hashes(clipsearch_collection *base, const uint8_t (*hashes)[32], size_t count,
                                      size_t most_each, cs_items *items, clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    cs_items r = {0};
    cs_buf text = cs_buf_make(CS_MILVUS_MESSAGE_MAX);
    char hex[65];
    if (!count || !most_each || !c->schema->own)
        return CLIPSEARCH_OK;
    cs_buf_puts(&text, "hash in [");
    for (size_t i = 0; i < count; i++) {
        cs_digest_hex(hashes[i], 32, hex);
        cs_buf_printf(&text, "%s\"%s\"", i ? "," : "", hex);
    }
    cs_buf_puts(&text, "]");
    clipsearch_status status = text.failed
                                   ? cs_fail_memory(err, "a query")
                                   : cs_milvus_each_page(c, text.data, CS_MILVUS_ITEMS, cs_milvus_keep_items, &r, err);
    cs_items_bind(&r);
    if (status == CLIPSEARCH_OK)
        status = add_contents(&r, hashes, count, most_each, items, err);
    cs_items_free(&r);
    cs_buf_free(&text);
    return status;
}

/* ---- by id */

clipsearch_status cs_milvus_by_ids(clipsearch_collection *base, const int64_t *ids, size_t count, clipsearch_hits *hits,
                                   clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    cs_items r = {0};
    place *places = NULL;
    clipsearch_status status = cs_milvus_each_of(c, ids, count, CS_MILVUS_ITEMS, cs_milvus_keep_items, &r, err);
    cs_items_bind(&r);
    if (status == CLIPSEARCH_OK)
        status = sort_places(&r, &places, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        const size_t number = find_place(places, r.count, ids[i]);
        if (number != SIZE_MAX)
            status = cs_hits_add_with_file(hits, &r.items[number], &r.files[number], 0, err);
    }
    cs_items_free(&r);
    cs_free(places);
    return status;
}

/* Vectors that are being put where their ids stand. */
typedef struct vector_reading {
    const place *places; /* [count] by id */
    size_t count, dim, found;
    float *vectors;
    bool *there;
} vector_reading;

static clipsearch_status keep_vectors(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    vector_reading *r = context;
    const int64_t *ids = cs_milvus_table_ids(table);
    const float *vectors = cs_milvus_table_vectors(table);
    if (!ids || !vectors)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the server's answer has no vectors");
    for (size_t row = 0; row < table->rows; row++) {
        const place wanted = {.id = ids[row]};
        const place *at = bsearch(&wanted, r->places, r->count, sizeof *at, compare_places);
        while (at && at > r->places && at[-1].id == ids[row])
            at--;
        for (; at && at < r->places + r->count && at->id == ids[row]; at++) {
            memcpy(r->vectors + at->number * r->dim, vectors + row * r->dim, r->dim * sizeof *vectors);
            r->there[at->number] = true;
        }
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_milvus_vectors(clipsearch_collection *base, const int64_t *ids, size_t count, float *vectors,
                                    clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    place *places = cs_alloc_array(count, sizeof *places);
    vector_reading r = {.places = places, .count = count, .dim = c->schema->dim, .vectors = vectors};
    r.there = cs_zalloc_array(count, sizeof *r.there);
    clipsearch_status status = places && r.there ? CLIPSEARCH_OK : cs_fail_memory(err, "vectors of a collection");
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        places[i] = (place){ids[i], i};
    if (status == CLIPSEARCH_OK) {
        qsort(places, count, sizeof *places, compare_places);
        status = cs_milvus_each_of(c, ids, count, CS_MILVUS_VECTORS, keep_vectors, &r, err);
    }
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        if (!r.there[i])
            status = cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "the collection %s has no item %lld", c->schema->name,
                             (long long)ids[i]);
    cs_free(places);
    cs_free(r.there);
    return status;
}

/* ---- by filter */

typedef struct where_reading {
    clipsearch_hits *hits;
    uint64_t skip, left;
} where_reading;

static clipsearch_status add_hits(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    where_reading *r = context;
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t row = 0; row < table->rows && r->left && status == CLIPSEARCH_OK; row++) {
        clipsearch_item item;
        cs_item_file file;
        if (r->skip) {
            r->skip--;
            continue;
        }
        status = cs_milvus_table_item(table, row, &item, &file, err);
        if (status == CLIPSEARCH_OK)
            status = cs_hits_add_with_file(r->hits, &item, &file, 0, err);
        r->left--;
    }
    return status == CLIPSEARCH_OK && !r->left ? CLIPSEARCH_E_CANCELLED : status; /* enough: the walk ends */
}

clipsearch_status cs_milvus_print_filter(const milvus_collection *c, const cs_filter_tree *filter, bool with_gone,
                                         cs_buf *text, bool *none, clipsearch_error *err)
{
    *none = false;
    clipsearch_status status =
        filter ? cs_filter_print_milvus(filter, c->db, c->schema, text, none, err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK && !with_gone && c->schema->own)
        cs_buf_puts(text, text->len ? " and gone_since == 0" : "gone_since == 0");
    return status == CLIPSEARCH_OK && text->failed ? cs_fail_memory(err, "a filter") : status;
}

clipsearch_status cs_milvus_where(clipsearch_collection *base, const cs_filter_tree *filter, const cs_page *page,
                                  clipsearch_hits *hits, clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    where_reading r = {.hits = hits, .skip = page->offset, .left = page->limit};
    clipsearch_error why;
    bool none;
    if (page->falling) /* a query of Milvus has no order; all ids would have to be read for it */
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "items of Milvus are not listed from the newest on");
    cs_buf text = cs_buf_make(CS_MILVUS_MESSAGE_MAX);
    clipsearch_status status = cs_milvus_print_filter(c, filter, page->with_gone, &text, &none, err);
    if (status == CLIPSEARCH_OK && !none && page->limit) {
        if (page->after > INT64_MIN)
            cs_buf_printf(&text, "%s%s > %lld", text.len ? " and " : "", c->schema->key, (long long)page->after);
        status = text.failed ? cs_fail_memory(&why, "a filter")
                             : cs_milvus_each_some(c, text.data ? text.data : "", CS_MILVUS_ITEMS,
                                                   page->offset + page->limit, add_hits, &r, &why);
        if (status == CLIPSEARCH_E_CANCELLED && !r.left)
            status = CLIPSEARCH_OK;
        if (status != CLIPSEARCH_OK && err)
            *err = why;
    }
    cs_buf_free(&text);
    return status;
}

/* ---- all */

typedef struct path_reading {
    const char *field;
    cs_buf paths; /* each with a NUL behind it */
    size_t count;
} path_reading;

static clipsearch_status keep_paths(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    path_reading *r = context;
    const cs_milvus_column *column = cs_milvus_table_find(table, r->field);
    for (size_t row = 0; column && column->texts && row < table->rows; row++) {
        const size_t size = cs_proto_size(&column->texts[row]);
        if (memchr(column->texts[row].at, '\0', size))
            return cs_fail(err, CLIPSEARCH_E_DATABASE, "a path in the collection %s has a NUL byte",
                           table->schema->name);
        cs_buf_append(&r->paths, column->texts[row].at, size);
        cs_buf_putc(&r->paths, '\0');
        r->count++;
    }
    return r->paths.failed ? cs_fail_memory(err, "paths of a collection") : CLIPSEARCH_OK;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

clipsearch_status cs_milvus_each_path(clipsearch_collection *base, const char *root,
                                      clipsearch_status (*each)(void *context, const char *path, clipsearch_error *err),
                                      void *context, clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    path_reading r = {.field = c->schema->own ? "path" : c->schema->path, .paths = cs_buf_make(SIZE_MAX / 2)};
    cs_buf text = cs_buf_make(SIZE_MAX / 2);
    size_t size = root ? strlen(root) : 0;
    const char **sorted = NULL;
    while (size > 1 && root[size - 1] == '/')
        size--;
    if (size && !(size == 1 && root[0] == '/'))
        cs_milvus_put_under(&text, r.field, root, size);
    clipsearch_status status = text.failed ? cs_fail_memory(err, "a query") : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK && r.field[0])
        status = cs_milvus_each_page(c, text.data ? text.data : "", CS_MILVUS_PATHS, keep_paths, &r, err);
    if (status == CLIPSEARCH_OK) {
        sorted = cs_alloc_array(r.count, sizeof *sorted);
        status = sorted ? CLIPSEARCH_OK : cs_fail_memory(err, "paths of a collection");
    }
    const char *at = r.paths.data;
    for (size_t i = 0; i < r.count && sorted; i++, at += strlen(at) + 1)
        sorted[i] = at;
    if (sorted)
        qsort(sorted, r.count, sizeof *sorted, compare_paths);
    for (size_t i = 0; i < r.count && status == CLIPSEARCH_OK; i++)
        status = each(context, sorted[i], err);
    cs_free(sorted);
    cs_buf_free(&text);
    cs_buf_free(&r.paths);
    return status;
}

typedef struct hash_reading {
    clipsearch_status (*each)(void *context, const uint8_t hash[32], clipsearch_error *err);
    void *context;
} hash_reading;

static clipsearch_status call_hashes(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    const hash_reading *r = context;
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t row = 0; row < table->rows && status == CLIPSEARCH_OK; row++) {
        uint8_t hash[32];
        status = cs_milvus_table_hash(table, row, hash, err);
        if (status == CLIPSEARCH_OK)
            status = r->each(r->context, hash, err);
    }
    return status;
}

clipsearch_status cs_milvus_each_hash(clipsearch_collection *base,
                                      clipsearch_status (*each)(void *context, const uint8_t hash[32],
                                                                clipsearch_error *err),
                                      void *context, clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    hash_reading r = {each, context};
    return c->schema->own ? cs_milvus_each_page(c, "", CS_MILVUS_HASHES, call_hashes, &r, err) : CLIPSEARCH_OK;
}
