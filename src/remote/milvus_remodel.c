/* SPDX-License-Identifier: MIT
 * milvus_remodel.c - a collection that is encoded with another model: whole rows with new vectors in a collection
 * beside it, which takes its place in the end. */
#include "remote/milvus_write.h"

#include "backend/far_vector.h"
#include "base/id_list.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { PAGE = 1024 }; /* items that are compared at a time */

/* The collection, and the one beside it with the new vectors. Reads of both see all that anybody has written. */
typedef struct sides {
    milvus_collection old, new;
    cs_milvus_schema *schema; /* of the new one; NULL: there is none */
} sides;

static clipsearch_status fail_in_the_way(const char *name, clipsearch_error *err)
{
    return cs_fail(
        err, CLIPSEARCH_E_UNSUPPORTED,
        "the collection %s is in the way: it has the name under which new vectors are kept, and is of another "
        "origin; drop it, or copy this collection to another name first",
        name);
}

/* Find both; of the new one only what belongs to this very collection. */
static clipsearch_status find_sides(milvus_collection *c, sides *s, clipsearch_error *err)
{
    char name[CS_MILVUS_NAME_MAX + 1];
    *s = (sides){.old = {.db = c->db, .schema = c->schema, .strong = true}, .new = {.db = c->db, .strong = true}};
    if (!c->schema->own)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "the collection %s was not made by clipsearch, which reads it and changes nothing in it",
                       c->schema->name);
    clipsearch_status status = cs_milvus_check_same(c, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_name_beside(c->schema->name, cs_milvus_remodel_ending, name, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_find(c->db, name, &s->schema, err);
    if (status == CLIPSEARCH_OK && s->schema && !cs_milvus_is_beside(s->schema))
        status = fail_in_the_way(name, err);
    if (status != CLIPSEARCH_OK || (s->schema && s->schema->replaces != (int64_t)c->schema->number))
        cs_milvus_schema_free(&s->schema);
    s->new.schema = s->schema;
    return status;
}

/* The same, ready to be read and written. */
static clipsearch_status open_sides(milvus_collection *c, sides *s, clipsearch_error *err)
{
    clipsearch_status status = find_sides(c, s, err);
    if (status == CLIPSEARCH_OK && !s->schema)
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the collection %s is not being encoded anew", c->schema->name);
    return status == CLIPSEARCH_OK ? cs_milvus_load(c->db, s->schema, err) : status;
}

static void close_sides(sides *s)
{
    cs_milvus_schema_free(&s->schema);
}

/* ---- beginning */

clipsearch_status cs_milvus_describe_remodel(clipsearch_collection *base, cs_remodel_state *state,
                                             clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    sides s = {0};
    if (!c->schema->own)
        return CLIPSEARCH_OK;
    clipsearch_status status = find_sides(c, &s, err);
    if (status == CLIPSEARCH_OK && s.schema) {
        state->begun = true;
        memcpy(state->encoder, s.schema->encoder, sizeof state->encoder);
        status = cs_milvus_load(c->db, s.schema, err);
        if (status == CLIPSEARCH_OK)
            status = cs_milvus_count(&s.new, "", true, &state->done, err);
    }
    close_sides(&s);
    /* a collection that happens to have such a name is no reason not to describe this one */
    return status == CLIPSEARCH_E_UNSUPPORTED || status == CLIPSEARCH_E_ARGUMENT ? CLIPSEARCH_OK : status;
}

static bool is_of(const cs_milvus_schema *schema, const cs_encoder_identity *encoder, clipsearch_metric metric)
{
    return strcmp(schema->fingerprint, encoder->fingerprint) == 0 &&
           strcmp(schema->preprocessing, encoder->preprocessing) == 0 && schema->dim == encoder->dim &&
           schema->metric == metric && !cs_precisions_differ(schema->precisions, encoder->precisions);
}

/* What an earlier one has left goes; what is of another origin is in the way. */
static clipsearch_status clear_names(milvus_collection *c, clipsearch_error *err)
{
    char name[CS_MILVUS_NAME_MAX + 1];
    cs_milvus_schema *left = NULL;
    clipsearch_status status = cs_milvus_drop_beside(c->db, c->schema, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_name_beside(c->schema->name, cs_milvus_replaced_ending, name, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_find(c->db, name, &left, err);
    if (status == CLIPSEARCH_OK && left)
        status = fail_in_the_way(name, err);
    cs_milvus_schema_free(&left);
    return status;
}

clipsearch_status cs_milvus_begin_remodel(clipsearch_collection *base, const cs_encoder_identity *encoder,
                                          clipsearch_metric metric, bool *resumed, clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    sides s;
    char name[CS_MILVUS_NAME_MAX + 1];
    if (c->db->read_only)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", c->db->address.authority);
    if (!cs_milvus_is_since(c->db, 2, 3))
        return cs_fail(
            err, CLIPSEARCH_E_UNSUPPORTED,
            "the Milvus server at %s is older than 2.3 and renames no collections, so none is encoded anew in "
            "place; ingest the images into another collection and drop this one",
            c->db->address.authority);
    clipsearch_status status = find_sides(c, &s, err);
    *resumed = false;
    if (status == CLIPSEARCH_OK && is_of(c->schema, encoder, metric)) {
        close_sides(&s);
        return cs_milvus_drop_beside(c->db, c->schema, err);
    }
    if (status == CLIPSEARCH_OK && s.schema && is_of(s.schema, encoder, metric))
        *resumed = true;
    if (status == CLIPSEARCH_OK && !*resumed) {
        cs_milvus_schema_free(&s.schema);
        status = clear_names(c, err);
        if (status == CLIPSEARCH_OK)
            status = cs_milvus_name_beside(c->schema->name, cs_milvus_remodel_ending, name, err);
        if (status == CLIPSEARCH_OK)
            status = cs_milvus_create(c->db, name, encoder, metric, &c->schema->index, c->schema, &s.schema, err);
    }
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_load(c->db, s.schema, err);
    close_sides(&s);
    return status;
}

/* ---- which items have no new vector */

/* Items of the new side, found by their ids. */
typedef struct beside {
    cs_items items;
    const clipsearch_item **sorted; /* [items.count] */
} beside;

static int compare_items(const void *a, const void *b)
{
    const int64_t left = (*(const clipsearch_item *const *)a)->id, right = (*(const clipsearch_item *const *)b)->id;
    return (left > right) - (left < right);
}

/* Read of the new side what has the ids of `items`. Free it in any case. */
static clipsearch_status read_beside(sides *s, const cs_items *items, beside *b, clipsearch_error *err)
{
    *b = (beside){0};
    int64_t *ids = cs_alloc_array(items->count, sizeof *ids);
    clipsearch_status status = ids ? CLIPSEARCH_OK : cs_fail_memory(err, "items of a collection");
    for (size_t i = 0; ids && i < items->count; i++)
        ids[i] = items->items[i].id;
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_each_of(&s->new, ids, items->count, CS_MILVUS_ITEMS, cs_milvus_keep_items, &b->items, err);
    cs_items_bind(&b->items);
    b->sorted = status == CLIPSEARCH_OK ? cs_alloc_array(b->items.count, sizeof *b->sorted) : NULL;
    if (status == CLIPSEARCH_OK && !b->sorted)
        status = cs_fail_memory(err, "items of a collection");
    for (size_t i = 0; b->sorted && i < b->items.count; i++)
        b->sorted[i] = &b->items.items[i];
    if (b->sorted)
        qsort(b->sorted, b->items.count, sizeof *b->sorted, compare_items);
    cs_free(ids);
    return status;
}

static void free_beside(beside *b)
{
    cs_free(b->sorted);
    cs_items_free(&b->items);
}

/* The item of the new side with this id, if its vector is of this content. */
static const clipsearch_item *find_beside(const beside *b, const clipsearch_item *item)
{
    const clipsearch_item *const *found =
        b->items.count ? bsearch(&item, b->sorted, b->items.count, sizeof *b->sorted, compare_items) : NULL;
    return found && memcmp((*found)->hash, item->hash, sizeof item->hash) == 0 ? *found : NULL;
}

/* The next items of the old side with ids above `after`. */
typedef struct page {
    cs_items items;
    size_t most;
} page;

static clipsearch_status keep_page(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    page *p = context;
    clipsearch_status status = cs_milvus_keep_items(&p->items, table, err);
    return status == CLIPSEARCH_OK && p->items.count >= p->most ? CLIPSEARCH_E_CANCELLED : status;
}

static clipsearch_status read_page(sides *s, int64_t after, size_t most, page *p, clipsearch_error *err)
{
    clipsearch_error why;
    cs_buf text = cs_buf_make(128);
    cs_buf_printf(&text, "%s > %lld", s->old.schema->key, (long long)after);
    cs_items_clear(&p->items);
    p->most = most;
    clipsearch_status status = text.failed
                                   ? cs_fail_memory(&why, "a query")
                                   : cs_milvus_each_some(&s->old, text.data, CS_MILVUS_ITEMS, most, keep_page, p, &why);
    if (status == CLIPSEARCH_E_CANCELLED && p->items.count >= most)
        status = CLIPSEARCH_OK;
    if (status != CLIPSEARCH_OK && err)
        *err = why;
    cs_items_bind(&p->items);
    cs_buf_free(&text);
    return status;
}

clipsearch_status cs_milvus_items_to_remodel(clipsearch_collection *base, int64_t after, size_t most, cs_items *items,
                                             clipsearch_error *err)
{
    sides s;
    page p = {0};
    const size_t before = items->count, step = most < PAGE ? most : PAGE;
    size_t rows = step;
    clipsearch_status status = find_sides(cs_milvus_collection(base), &s, err);
    if (status == CLIPSEARCH_OK && s.schema)
        status = cs_milvus_load(s.old.db, s.schema, err);
    while (status == CLIPSEARCH_OK && rows >= step && items->count - before < most) {
        beside b = {0};
        status = read_page(&s, after, step, &p, err);
        rows = p.items.count;
        if (status == CLIPSEARCH_OK && rows && s.schema)
            status = read_beside(&s, &p.items, &b, err);
        for (size_t i = 0; i < rows && status == CLIPSEARCH_OK && items->count - before < most; i++) {
            after = p.items.items[i].id;
            if (!find_beside(&b, &p.items.items[i]))
                status = cs_items_add(items, &p.items.items[i], &p.items.files[i], err);
        }
        free_beside(&b);
    }
    cs_items_free(&p.items);
    close_sides(&s);
    return status;
}

/* ---- new vectors */

static int compare_vectors(const void *a, const void *b)
{
    const int64_t left = (*(const cs_new_vector *const *)a)->id, right = (*(const cs_new_vector *const *)b)->id;
    return (left > right) - (left < right);
}

static clipsearch_status check_vectors(const cs_new_vector *vectors, size_t count, size_t dim, clipsearch_error *err)
{
    for (size_t i = 0; i < count; i++)
        for (size_t d = 0; d < dim; d++)
            if (!isfinite(vectors[i].vector[d]))
                return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "item %lld: its vector holds a NaN or an infinity",
                               (long long)vectors[i].id);
    return CLIPSEARCH_OK;
}

/* Send what the items are now, with their new vectors. */
static clipsearch_status send_vectors(sides *s, const cs_new_vector *vectors, size_t count, clipsearch_error *err)
{
    cs_items items = {0};
    size_t made = 0;
    const cs_new_vector **sorted = cs_alloc_array(count, sizeof *sorted);
    int64_t *ids = cs_alloc_array(count, sizeof *ids);
    cs_milvus_row *rows = cs_alloc_array(count, sizeof *rows);
    clipsearch_status status = sorted && ids && rows ? CLIPSEARCH_OK : cs_fail_memory(err, "new vectors");
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        ids[i] = vectors[i].id;
        sorted[i] = &vectors[i];
    }
    if (status == CLIPSEARCH_OK) {
        qsort(sorted, count, sizeof *sorted, compare_vectors);
        status = cs_milvus_each_of(&s->old, ids, count, CS_MILVUS_ITEMS, cs_milvus_keep_items, &items, err);
    }
    cs_items_bind(&items);
    for (size_t i = 0; i < items.count && status == CLIPSEARCH_OK; i++) {
        const cs_new_vector wanted = {.id = items.items[i].id}, *key = &wanted;
        const cs_new_vector *const *found = bsearch(&key, sorted, count, sizeof *sorted, compare_vectors);
        if (found && made < count && memcmp((*found)->hash, items.items[i].hash, sizeof wanted.hash) == 0)
            rows[made++] = (cs_milvus_row){.item = items.items[i], .file = items.files[i], .vector = (*found)->vector};
    }
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_send_rows(&s->new, rows, made, err);
    cs_items_free(&items);
    cs_free(rows);
    cs_free(ids);
    cs_free(sorted);
    return status;
}

clipsearch_status cs_milvus_put_new_vectors(clipsearch_collection *base, const cs_new_vector *vectors, size_t count,
                                            clipsearch_error *err)
{
    sides s;
    clipsearch_status status = open_sides(cs_milvus_collection(base), &s, err);
    if (status == CLIPSEARCH_OK)
        status = check_vectors(vectors, count, s.schema->dim, err);
    if (status == CLIPSEARCH_OK)
        status = send_vectors(&s, vectors, count, err);
    close_sides(&s);
    return status;
}

/* ---- before the switch: the new side becomes what the old one is now */

typedef struct finishing {
    sides *sides;
    const int64_t *without; /* [count], ascending */
    size_t count;
    bool other; /* an item beside them has no new vector */
} finishing;

static int compare_ids(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* An item that can have no vector: noted as gone, and of a content that no file has. */
static clipsearch_status send_without(sides *s, const clipsearch_item *item, const cs_item_file *file, float *far,
                                      clipsearch_error *err)
{
    const int64_t now = (int64_t)time(NULL);
    cs_milvus_row row = {.item = *item, .file = *file, .vector = far};
    cs_far_vector(item->id, s->schema->dim, far);
    row.item.mtime_ns = row.file.ctime_ns = 0;
    if (!row.file.gone_since)
        row.file.gone_since = now > 0 ? now : 1;
    if (getrandom(row.item.hash, sizeof row.item.hash, 0) != (ssize_t)sizeof row.item.hash)
        return cs_fail(err, CLIPSEARCH_E_IO, "the system gives no random numbers");
    cs_mark_without_vector(row.item.hash);
    return cs_milvus_send_rows(&s->new, &row, 1, err);
}

static bool is_same(const clipsearch_item *a, const cs_item_file *a_file, const clipsearch_item *b,
                    const cs_item_file *b_file)
{
    return a->size == b->size && a->mtime_ns == b->mtime_ns && a->width == b->width && a->height == b->height &&
           a_file->ctime_ns == b_file->ctime_ns && a_file->gone_since == b_file->gone_since &&
           strcmp(a->path, b->path) == 0 && strcmp(a->attributes, b->attributes) == 0;
}

/* Items whose new vectors stay, and whose other values have changed since these were made. */
typedef struct changed {
    cs_id_list ids;
    cs_new_vector *vectors; /* [count] */
    float *floats;
    size_t count, capacity, dim;
    const beside *beside;
} changed;

static clipsearch_status keep_changed(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    changed *c = context;
    const int64_t *ids = cs_milvus_table_ids(table);
    const float *vectors = cs_milvus_table_vectors(table);
    if (!ids || !vectors)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the server's answer has no vectors");
    for (size_t i = 0; i < table->rows && c->count < c->ids.count; i++, c->count++) {
        float *vector = c->floats + c->count * c->dim;
        memcpy(vector, vectors + i * c->dim, c->dim * sizeof *vector);
        c->vectors[c->count] = (cs_new_vector){.id = ids[i], .vector = vector};
        clipsearch_status status = cs_milvus_table_hash(table, i, c->vectors[c->count].hash, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status send_changed(sides *s, changed *c, clipsearch_error *err)
{
    c->dim = s->schema->dim;
    c->vectors = cs_alloc_array(c->ids.count, sizeof *c->vectors);
    c->floats = cs_alloc_array(c->ids.count, c->dim * sizeof *c->floats);
    clipsearch_status status = c->vectors && c->floats ? CLIPSEARCH_OK : cs_fail_memory(err, "new vectors");
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_each_of(&s->new, c->ids.ids, c->ids.count, CS_MILVUS_WHOLE, keep_changed, c, err);
    return status == CLIPSEARCH_OK ? send_vectors(s, c->vectors, c->count, err) : status;
}

/* Compare a page of the old side with the new one. */
static clipsearch_status compare_page(finishing *f, const page *p, clipsearch_error *err)
{
    beside b;
    changed c = {0};
    float *far = cs_alloc_array(f->sides->schema->dim, sizeof *far);
    clipsearch_status status = read_beside(f->sides, &p->items, &b, err);
    if (status == CLIPSEARCH_OK && !far)
        status = cs_fail_memory(err, "a vector");
    for (size_t i = 0; i < p->items.count && status == CLIPSEARCH_OK && !f->other; i++) {
        const clipsearch_item *item = &p->items.items[i], *there = find_beside(&b, item);
        if (there && !is_same(item, &p->items.files[i], there, &b.items.files[there - b.items.items]))
            status = cs_id_list_add(&c.ids, item->id, err);
        else if (!there && f->count && bsearch(&item->id, f->without, f->count, sizeof *f->without, compare_ids))
            status = send_without(f->sides, item, &p->items.files[i], far, err);
        else if (!there)
            f->other = true;
    }
    if (status == CLIPSEARCH_OK && !f->other && c.ids.count)
        status = send_changed(f->sides, &c, err);
    cs_id_list_free(&c.ids);
    cs_free(c.vectors);
    cs_free(c.floats);
    cs_free(far);
    free_beside(&b);
    return status;
}

static clipsearch_status compare_sides(finishing *f, clipsearch_error *err)
{
    page p = {0};
    int64_t after = 0;
    size_t rows = PAGE;
    clipsearch_status status = CLIPSEARCH_OK;
    while (status == CLIPSEARCH_OK && rows >= PAGE && !f->other) {
        status = read_page(f->sides, after, PAGE, &p, err);
        rows = p.items.count;
        if (status == CLIPSEARCH_OK && rows) {
            after = p.items.items[rows - 1].id;
            status = compare_page(f, &p, err);
        }
    }
    cs_items_free(&p.items);
    return status;
}

/* Remove of the new side what the old one has no more. */
static clipsearch_status remove_surplus(sides *s, clipsearch_error *err)
{
    uint64_t old, new;
    cs_id_list kept = {0}, all = {0}, surplus = {0};
    clipsearch_status status = cs_milvus_count(&s->old, "", true, &old, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_count(&s->new, "", true, &new, err);
    if (status != CLIPSEARCH_OK || old == new)
        return status;
    status = cs_milvus_each_page(&s->old, "", CS_MILVUS_IDS, cs_milvus_keep_ids, &kept, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_each_page(&s->new, "", CS_MILVUS_IDS, cs_milvus_keep_ids, &all, err);
    for (size_t i = 0; i < all.count && status == CLIPSEARCH_OK; i++)
        if (!cs_id_list_has(&kept, all.ids[i]))
            status = cs_id_list_add(&surplus, all.ids[i], err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_send_removals(&s->new, surplus.ids, surplus.count, err);
    cs_id_list_free(&kept);
    cs_id_list_free(&all);
    cs_id_list_free(&surplus);
    return status;
}

static clipsearch_status copy_sources(sides *s, clipsearch_error *err)
{
    cs_milvus_schema *now = NULL;
    clipsearch_status status = cs_milvus_describe(s->old.db, s->old.schema->name, &now, err);
    if (status == CLIPSEARCH_OK && now->sources)
        status = cs_milvus_write_sources(s->old.db, s->schema->name, now->sources, err);
    cs_milvus_schema_free(&now);
    return status;
}

/* ---- the switch */

/* Two renames. In between there is no collection of that name: whoever looks for it then does the second one. */
static clipsearch_status switch_sides(milvus_collection *c, sides *s, clipsearch_error *err)
{
    char replaced[CS_MILVUS_NAME_MAX + 1];
    const char *name = c->schema->name;
    cs_milvus_schema *now = NULL;
    clipsearch_error why;
    clipsearch_status status = cs_milvus_name_beside(name, cs_milvus_replaced_ending, replaced, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_check_same(c, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_rename(c->db, name, replaced, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_milvus_rename(c->db, s->schema->name, name, &why);
    if (status != CLIPSEARCH_OK) {
        (void)cs_milvus_find(c->db, name, &now, NULL);
        if (now && now->number == s->schema->number)
            status = CLIPSEARCH_OK; /* another client has done it */
        else if (!now && cs_milvus_rename(c->db, replaced, name, NULL) == CLIPSEARCH_OK)
            return cs_fail(err, status, "%s; the collection keeps its model", why.message);
        else
            return cs_fail(err, status, "%s; the collection is named %s now", why.message, replaced);
    }
    cs_milvus_schema_free(&now);
    return cs_milvus_drop(c->db, replaced, err);
}

clipsearch_status cs_milvus_finish_remodel(clipsearch_collection *base, const int64_t *without, size_t count,
                                           bool *finished, clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    sides s;
    finishing f = {.sides = &s, .without = without, .count = count};
    *finished = false;
    clipsearch_status status = open_sides(c, &s, err);
    if (status == CLIPSEARCH_OK)
        status = compare_sides(&f, err);
    if (status == CLIPSEARCH_OK && !f.other) {
        status = remove_surplus(&s, err);
        if (status == CLIPSEARCH_OK)
            status = copy_sources(&s, err);
        if (status == CLIPSEARCH_OK)
            status = switch_sides(c, &s, err);
        *finished = status == CLIPSEARCH_OK;
    }
    if (*finished)
        c->dirty = false; /* nothing of this handle's is to be counted */
    close_sides(&s);
    return status;
}
