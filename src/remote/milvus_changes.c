/* SPDX-License-Identifier: MIT
 * milvus_changes.c - changes to items, worked out here and sent as whole rows: Milvus changes no single field. */
#include "remote/milvus_attributes.h"
#include "remote/milvus_write.h"

#include "base/id_list.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { NAME_MAX_BYTES = 1024 };

/* An item as it will be. */
typedef struct pending {
    cs_milvus_row row;
    bool there;   /* it exists, or will */
    bool changed; /* the row is to be sent */
    bool removed; /* it is to be removed */
} pending;

typedef struct change_set {
    milvus_collection *collection;
    pending *items; /* [count] */
    size_t count;
    size_t *slots; /* [slot_count]: where an id is, plus 1; 0: nowhere */
    size_t slot_count;
    cs_items read;  /* items that changes are made to, */
    float *vectors; /* and their vectors [read.count, dim] */
    size_t vector_capacity;
    char **texts; /* [text_count]: attributes and paths made here */
    size_t text_count, text_capacity;
} change_set;

/* ---- what is pending */

static pending *find(const change_set *set, int64_t id)
{
    const size_t mask = set->slot_count - 1;
    size_t slot = ((uint64_t)id * 0x9e3779b97f4a7c15U) >> 20 & mask;
    for (; set->slots[slot]; slot = (slot + 1) & mask)
        if (set->items[set->slots[slot] - 1].row.item.id == id)
            return &set->items[set->slots[slot] - 1];
    return NULL;
}

/* What is pending for the id; there is room. */
static pending *find_or_add(change_set *set, int64_t id)
{
    pending *p = find(set, id);
    if (p)
        return p;
    const size_t mask = set->slot_count - 1;
    size_t slot = ((uint64_t)id * 0x9e3779b97f4a7c15U) >> 20 & mask;
    while (set->slots[slot])
        slot = (slot + 1) & mask;
    p = &set->items[set->count];
    *p = (pending){.row.item.id = id};
    set->slots[slot] = ++set->count;
    return p;
}

static clipsearch_status make_room(change_set *set, size_t changes, clipsearch_error *err)
{
    set->slot_count = 16;
    while (set->slot_count < 8 * changes) /* of each change, two ids at most */
        set->slot_count *= 2;
    set->slots = cs_zalloc_array(set->slot_count, sizeof *set->slots);
    set->items = cs_alloc_array(2 * changes + 1, sizeof *set->items);
    return set->slots && set->items ? CLIPSEARCH_OK : cs_fail_memory(err, "changes to a collection");
}

static void free_set(change_set *set)
{
    for (size_t i = 0; i < set->text_count; i++)
        cs_free(set->texts[i]);
    cs_free(set->texts);
    cs_free(set->items);
    cs_free(set->slots);
    cs_free(set->vectors);
    cs_items_free(&set->read);
}

/* Keep a text that the buffer holds until the changes are sent; NULL when out of memory. */
static const char *keep(change_set *set, cs_buf *buf)
{
    char **larger = cs_grow(set->texts, &set->text_capacity, set->text_count + 1, sizeof *larger);
    char *text = larger ? cs_buf_detach(buf) : NULL;
    if (larger)
        set->texts = larger;
    if (text)
        set->texts[set->text_count++] = text;
    else
        cs_buf_free(buf);
    return text;
}

/* ---- reading what changes are made to */

static clipsearch_status keep_rows(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    change_set *set = context;
    const size_t dim = set->collection->schema->dim;
    const float *vectors = cs_milvus_table_vectors(table);
    if (!vectors)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the server's answer has no vectors");
    float *larger = cs_grow(set->vectors, &set->vector_capacity, set->read.count + table->rows, dim * sizeof *larger);
    if (!larger)
        return cs_fail_memory(err, "changes to a collection");
    set->vectors = larger;
    for (size_t i = 0; i < table->rows; i++) {
        clipsearch_item item;
        cs_item_file file;
        memcpy(larger + set->read.count * dim, vectors + i * dim, dim * sizeof *larger);
        clipsearch_status status = cs_milvus_table_item(table, i, &item, &file, err);
        if (status == CLIPSEARCH_OK)
            status = cs_items_add(&set->read, &item, &file, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status note_existing(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    change_set *set = context;
    const int64_t *ids = cs_milvus_table_ids(table);
    (void)err;
    for (size_t i = 0; ids && i < table->rows; i++) {
        pending *p = find(set, ids[i]);
        if (p)
            p->there = true;
    }
    return CLIPSEARCH_OK;
}

/* Read the rows that are changed in part, and which of those to be removed are there. */
static clipsearch_status read_rows(change_set *set, const cs_item_change *changes, size_t count, clipsearch_error *err)
{
    cs_id_list whole = {0}, removed = {0};
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        if (changes[i].kind == CS_ITEM_PUT)
            continue;
        find_or_add(set, changes[i].item.id);
        status = cs_id_list_add(changes[i].kind == CS_ITEM_REMOVE ? &removed : &whole, changes[i].item.id, err);
    }
    cs_id_list_sort_unique(&whole);
    cs_id_list_sort_unique(&removed);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_each_of(set->collection, whole.ids, whole.count, CS_MILVUS_WHOLE, keep_rows, set, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_each_of(set->collection, removed.ids, removed.count, CS_MILVUS_IDS, note_existing, set, err);
    cs_items_bind(&set->read);
    for (size_t i = 0; i < set->read.count && status == CLIPSEARCH_OK; i++) {
        pending *p = find(set, set->read.items[i].id);
        if (p)
            *p = (pending){.row = {.item = set->read.items[i],
                                   .file = set->read.files[i],
                                   .vector = set->vectors + i * set->collection->schema->dim},
                           .there = true};
    }
    cs_id_list_free(&whole);
    cs_id_list_free(&removed);
    return status;
}

/* ---- one change after another */

/* Whether Milvus can hold the path. */
static clipsearch_status check_path(const char *path, clipsearch_error *err)
{
    const size_t size = strlen(path);
    const char *slash = strrchr(path, '/');
    if (size == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "an item has an empty path");
    if (!cs_is_utf8(path, size))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: a Milvus database holds no path that is not UTF-8", path);
    if (size > CS_MILVUS_PATH_MAX || (slash && strlen(slash + 1) > NAME_MAX_BYTES))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "%.200s...: a path of %zu bytes; in a Milvus database at most %d are allowed, %d of the name",
                       path, size, CS_MILVUS_PATH_MAX, NAME_MAX_BYTES);
    return CLIPSEARCH_OK;
}

/* Set the attributes of the row to `text` without its nulls. */
static clipsearch_status set_attributes(change_set *set, cs_milvus_row *row, const char *text, clipsearch_error *err)
{
    cs_buf out = cs_buf_make(SIZE_MAX / 2);
    clipsearch_status status = cs_milvus_put_attributes(text ? text : "{}", row->item.path, &out, err);
    const size_t size = out.len;
    if (status == CLIPSEARCH_OK && size > CS_MILVUS_META_MAX)
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: attributes of %zu bytes; a Milvus database takes at most %d",
                         row->item.path, size, CS_MILVUS_META_MAX);
    if (status != CLIPSEARCH_OK) {
        cs_buf_free(&out);
        return status;
    }
    row->item.attributes = keep(set, &out);
    return row->item.attributes ? CLIPSEARCH_OK : cs_fail_memory(err, "attributes");
}

static clipsearch_status new_id(int64_t *id, clipsearch_error *err)
{
    uint64_t bits = 0;
    while (bits == 0) {
        if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
            return cs_fail(err, CLIPSEARCH_E_IO, "the system gives no random numbers");
        bits &= INT64_MAX;
    }
    *id = (int64_t)bits;
    return CLIPSEARCH_OK;
}

/* An item without a path is named after its id. */
static clipsearch_status name_item(change_set *set, clipsearch_item *item, clipsearch_error *err)
{
    cs_buf name = cs_buf_make(64);
    clipsearch_status status = item->id ? CLIPSEARCH_OK : new_id(&item->id, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_buf_printf(&name, "#%lld", (long long)item->id);
    item->path = keep(set, &name);
    return item->path ? CLIPSEARCH_OK : cs_fail_memory(err, "a path");
}

static clipsearch_status put_item(change_set *set, cs_item_change *change, clipsearch_error *err)
{
    clipsearch_item item = change->item;
    const size_t dim = set->collection->schema->dim;
    clipsearch_status status = item.id < 0 ? cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                                                     "an item has the id %lld; ids are above 0", (long long)item.id)
                               : item.path ? check_path(item.path, err)
                                           : name_item(set, &item, err);
    for (size_t d = 0; d < dim && status == CLIPSEARCH_OK; d++)
        if (!isfinite(change->vector[d]))
            status =
                cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: element %zu of its vector is no finite number", item.path, d);
    if (status != CLIPSEARCH_OK)
        return status;
    const int64_t key = change->item.path ? cs_milvus_key(item.path) : item.id;
    if (item.id && item.id != key) { /* the item that has the id is replaced */
        pending *old = find_or_add(set, item.id);
        old->there = old->changed = false;
        old->removed = true;
    }
    pending *p = find_or_add(set, key);
    item.id = change->id = key;
    p->row = (cs_milvus_row){.item = item, .file = change->file, .vector = change->vector};
    p->there = p->changed = true;
    p->removed = false;
    return set_attributes(set, &p->row, item.attributes, err);
}

/* The id follows the path: an item that moves gets another. */
static clipsearch_status update_item(change_set *set, const cs_item_change *change, clipsearch_error *err)
{
    pending *p = find(set, change->item.id);
    if (!p || !p->there)
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "the collection %s has no item %lld", set->collection->schema->name,
                       (long long)change->item.id);
    clipsearch_status status = change->item.path ? check_path(change->item.path, err)
                                                 : cs_fail(err, CLIPSEARCH_E_ARGUMENT, "an item has no path");
    if (status != CLIPSEARCH_OK)
        return status;
    cs_milvus_row row = {.item = change->item, .file = change->file, .vector = p->row.vector};
    if (strcmp(change->item.path, p->row.item.path) != 0) {
        p->there = p->changed = false;
        p->removed = true;
        row.item.id = cs_milvus_key(change->item.path);
        p = find_or_add(set, row.item.id);
    }
    p->row = row;
    p->there = p->changed = true;
    p->removed = false;
    return set_attributes(set, &p->row, change->item.attributes, err);
}

static clipsearch_status merge_item(change_set *set, const cs_item_change *change, clipsearch_error *err)
{
    pending *p = find(set, change->item.id);
    cs_buf merged = cs_buf_make(SIZE_MAX / 2);
    if (!p || !p->there)
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_milvus_merge_attributes(
        p->row.item.attributes, change->item.attributes ? change->item.attributes : "{}", &merged, err);
    if (status == CLIPSEARCH_OK)
        status = set_attributes(set, &p->row, merged.data, err);
    cs_buf_free(&merged);
    p->changed = true;
    return status;
}

static clipsearch_status make_change(change_set *set, cs_item_change *change, clipsearch_error *err)
{
    pending *p;
    change->removed = false;
    switch (change->kind) {
    case CS_ITEM_PUT:
        return put_item(set, change, err);
    case CS_ITEM_UPDATE:
        return update_item(set, change, err);
    case CS_ITEM_REMOVE:
        p = find(set, change->item.id);
        change->removed = p->there;
        p->removed = p->removed || p->there;
        p->there = p->changed = false;
        return CLIPSEARCH_OK;
    case CS_ITEM_GONE:
        p = find(set, change->item.id);
        if (p->there && !p->row.file.gone_since) {
            p->row.file.gone_since = change->file.gone_since;
            p->changed = true;
        }
        return CLIPSEARCH_OK;
    case CS_ITEM_MERGE:
        return merge_item(set, change, err);
    }
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "there is no kind of change %d", (int)change->kind);
}

/* New rows first: whatever ends this in between, no item is lost, and the same changes may be made again. */
static clipsearch_status send_changes(change_set *set, clipsearch_error *err)
{
    cs_id_list removed = {0};
    size_t count = 0;
    cs_milvus_row *rows = cs_alloc_array(set->count, sizeof *rows);
    clipsearch_status status = rows ? CLIPSEARCH_OK : cs_fail_memory(err, "changes to a collection");
    for (size_t i = 0; i < set->count && status == CLIPSEARCH_OK; i++) {
        if (set->items[i].changed)
            rows[count++] = set->items[i].row;
        if (set->items[i].removed)
            status = cs_id_list_add(&removed, set->items[i].row.item.id, err);
    }
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_send_rows(set->collection, rows, count, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_send_removals(set->collection, removed.ids, removed.count, err);
    cs_id_list_free(&removed);
    cs_free(rows);
    return status;
}

static clipsearch_status check_writable(const milvus_collection *c, clipsearch_error *err)
{
    if (c->db->read_only)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", c->db->address.authority);
    if (!c->schema->own)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "the collection %s was not made by clipsearch, which reads it and changes nothing in it",
                       c->schema->name);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_milvus_apply(clipsearch_collection *base, cs_item_change *changes, size_t count,
                                  clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    change_set set = {.collection = c};
    clipsearch_status status = check_writable(c, err);
    if (status != CLIPSEARCH_OK || !count)
        return status;
    status = make_room(&set, count, err);
    if (status == CLIPSEARCH_OK)
        status = read_rows(&set, changes, count, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        status = make_change(&set, &changes[i], err);
    if (status == CLIPSEARCH_OK)
        status = send_changes(&set, err);
    if (status == CLIPSEARCH_OK)
        c->changes++;
    free_set(&set);
    return status;
}

clipsearch_status cs_milvus_keep_ids(void *list, cs_milvus_table *table, clipsearch_error *err)
{
    const int64_t *ids = cs_milvus_table_ids(table);
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; ids && i < table->rows && status == CLIPSEARCH_OK; i++)
        status = cs_id_list_add(list, ids[i], err);
    return status;
}

/* Read which items match, and remove those: a server of 2.3 removes by key only. */
clipsearch_status cs_milvus_remove_where(clipsearch_collection *base, const cs_filter_tree *filter, uint64_t *removed,
                                         clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    cs_id_list ids = {0};
    bool none;
    cs_buf text = cs_buf_make(CS_MILVUS_MESSAGE_MAX);
    clipsearch_status status = check_writable(c, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_print_filter(c, filter, true, &text, &none, err);
    if (status == CLIPSEARCH_OK && !none)
        status = cs_milvus_each_page(c, text.data ? text.data : "", CS_MILVUS_IDS, cs_milvus_keep_ids, &ids, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_send_removals(c, ids.ids, ids.count, err);
    if (status == CLIPSEARCH_OK) {
        *removed = ids.count;
        c->changes += ids.count > 0;
    }
    cs_id_list_free(&ids);
    cs_buf_free(&text);
    return status;
}
