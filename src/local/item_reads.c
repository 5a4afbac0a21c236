/* SPDX-License-Identifier: MIT
 * item_reads.c - items looked up: by path, content, id, filter or folder. Each call is one read transaction. */
#include "local/collection.h"

#include <string.h>

clipsearch_status cs_local_by_paths(clipsearch_collection *base, const char *const *paths, size_t count,
                                    cs_items *items, clipsearch_error *err)
{
    local_read read;
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status != CLIPSEARCH_OK)
        return status;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        clipsearch_item item;
        bool found;
        status = cs_store_get_path(read.store, read.identity, paths[i], &found, &item, err);
        if (status == CLIPSEARCH_OK)
            status = cs_items_add(items, found ? &item : NULL, cs_store_item_file(read.store), err);
    }
    cs_local_end_read(&read);
    return status;
}

/* Items of one content being collected. */
typedef struct hash_reading {
    const cs_store *store;
    cs_items *items;
    size_t left;
    clipsearch_status status;
    clipsearch_error *err;
} hash_reading;

static bool add_item(void *context, const clipsearch_item *item)
{
    hash_reading *r = context;
    r->status = cs_items_add(r->items, item, cs_store_item_file(r->store), r->err);
    return r->status == CLIPSEARCH_OK && --r->left > 0;
}

clipsearch_status cs_local_by_hashes(clipsearch_collection *base, const uint8_t (*hashes)[32], size_t count,
                                     size_t most_each, cs_items *items, clipsearch_error *err)
{
    local_read read;
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status != CLIPSEARCH_OK)
        return status;
    for (size_t i = 0; i < count && most_each && status == CLIPSEARCH_OK; i++) {
        hash_reading r = {.store = read.store, .items = items, .left = most_each, .err = err};
        status = cs_store_each_hash(read.store, read.identity, hashes[i], add_item, &r, err);
        if (status == CLIPSEARCH_OK)
            status = r.status;
    }
    cs_local_end_read(&read);
    return status;
}

clipsearch_status cs_local_by_ids(clipsearch_collection *base, const int64_t *ids, size_t count, clipsearch_hits *hits,
                                  clipsearch_error *err)
{
    local_read read;
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status != CLIPSEARCH_OK)
        return status;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        clipsearch_item item;
        bool found;
        status = cs_store_get(read.store, read.identity, ids[i], &found, &item, err);
        if (status == CLIPSEARCH_OK && found)
            status = cs_hits_add_with_file(hits, &item, cs_store_item_file(read.store), 0, err);
    }
    cs_local_end_read(&read);
    return status;
}

/* Items of a filter being collected. */
typedef struct where_reading {
    const cs_store *store;
    clipsearch_hits *hits;
    clipsearch_status status;
    clipsearch_error *err;
} where_reading;

static bool add_hit(void *context, const clipsearch_item *item)
{
    where_reading *r = context;
    r->status = cs_hits_add_with_file(r->hits, item, cs_store_item_file(r->store), 0, r->err);
    return r->status == CLIPSEARCH_OK;
}

clipsearch_status cs_local_where(clipsearch_collection *base, const cs_filter_tree *filter, const cs_page *page,
                                 clipsearch_hits *hits, clipsearch_error *err)
{
    where_reading r = {.hits = hits, .err = err};
    local_read read;
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status != CLIPSEARCH_OK)
        return status;
    r.store = read.store;
    status = cs_store_each_where(read.store, read.identity, filter, page->with_gone, page->falling, page->after,
                                 page->offset, page->limit, add_hit, &r, err);
    if (status == CLIPSEARCH_OK)
        status = r.status;
    cs_local_end_read(&read);
    return status;
}

clipsearch_status cs_local_each_path(clipsearch_collection *base, const char *root,
                                     clipsearch_status (*each)(void *context, const char *path, clipsearch_error *err),
                                     void *context, clipsearch_error *err)
{
    local_read read;
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_store_each_path(read.store, read.identity, root, each, context, err);
    cs_local_end_read(&read);
    return status;
}

clipsearch_status cs_local_each_hash(clipsearch_collection *base,
                                     clipsearch_status (*each)(void *context, const uint8_t hash[32],
                                                               clipsearch_error *err),
                                     void *context, clipsearch_error *err)
{
    local_read read;
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_store_each_content(read.store, read.identity, each, context, err);
    cs_local_end_read(&read);
    return status;
}

clipsearch_status cs_local_vectors(clipsearch_collection *base, const int64_t *ids, size_t count, float *vectors,
                                   clipsearch_error *err)
{
    local_read read;
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status != CLIPSEARCH_OK)
        return status;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        status = cs_store_vector(read.store, read.identity, ids[i], vectors + i * read.identity->dim, err);
    cs_local_end_read(&read);
    return status;
}
