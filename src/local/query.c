/* SPDX-License-Identifier: MIT
 * query.c - queries, look-ups by id, and removal by filter. */
#include "local/query.h"

typedef struct collector {
    clipsearch_hits *hits;
    clipsearch_status status;
    clipsearch_error *err;
} collector;

static bool collect(void *context, const clipsearch_item *item)
{
    collector *c = context;
    c->status = cs_hits_add(c->hits, item, 0, c->err);
    return c->status == CLIPSEARCH_OK;
}

/* End the one query there is, or give everything back. */
static clipsearch_status finish(clipsearch_hits **hits, clipsearch_status status)
{
    if (status == CLIPSEARCH_OK)
        cs_hits_next_query(*hits);
    else
        cs_hits_free(hits);
    return status;
}

clipsearch_status cs_query(clipsearch_collection *collection, const char *text, size_t limit, size_t offset,
                           clipsearch_hits **hits, clipsearch_error *err)
{
    cs_filter *filter = NULL;
    *hits = NULL;
    clipsearch_status status = text ? cs_filter_compile(text, &filter, NULL, err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK)
        status = cs_collection_refresh(collection, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    *hits = cs_hits_make(1);
    if (!*hits) {
        status = cs_fail_memory(err, "the answer to a query");
        goto done;
    }
    collector c = {.hits = *hits, .err = err};
    status = cs_store_each_where(collection->db->store, &collection->row, filter, offset, limit, collect, &c, err);
    if (status == CLIPSEARCH_OK)
        status = c.status;
    status = finish(hits, status);
done:
    cs_filter_close(&filter);
    return status;
}

clipsearch_status cs_get(clipsearch_collection *collection, const int64_t *ids, size_t count, clipsearch_hits **hits,
                         clipsearch_error *err)
{
    *hits = NULL;
    clipsearch_status status = cs_collection_refresh(collection, err);
    if (status != CLIPSEARCH_OK)
        return status;
    *hits = cs_hits_make(1);
    if (!*hits)
        return cs_fail_memory(err, "the answer to a query");
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        clipsearch_item item;
        bool there;
        status = cs_store_get(collection->db->store, &collection->row, ids[i], &there, &item, err);
        if (status == CLIPSEARCH_OK && there)
            status = cs_hits_add(*hits, &item, 0, err);
    }
    return finish(hits, status);
}

clipsearch_status cs_collection_remove_where(clipsearch_collection *collection, const char *text, uint64_t *removed,
                                             clipsearch_error *err)
{
    cs_store *store = collection->db->store;
    cs_filter *filter;
    uint64_t gone = 0;
    if (removed)
        *removed = 0;
    clipsearch_status status = cs_filter_compile(text, &filter, NULL, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_begin(store, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    status = cs_collection_refresh(collection, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_remove_where(store, &collection->row, filter, &gone, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_commit(store, err);
    if (status != CLIPSEARCH_OK)
        cs_store_rollback(store);
    else if (removed)
        *removed = gone;
done:
    cs_filter_close(&filter);
    return status;
}

clipsearch_status cs_filter_check(const char *text, size_t *column, clipsearch_error *err)
{
    cs_filter *filter;
    clipsearch_status status = cs_filter_compile(text, &filter, column, err);
    cs_filter_close(&filter);
    return status;
}
