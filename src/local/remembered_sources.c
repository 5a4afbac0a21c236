/* SPDX-License-Identifier: MIT
 * remembered_sources.c - the sources that a collection remembers. */
#include "local/collection.h"

clipsearch_status cs_local_each_source(clipsearch_collection *base,
                                       clipsearch_status (*each)(void *context, const cs_source_record *source,
                                                                 clipsearch_error *err),
                                       void *context, clipsearch_error *err)
{
    local_read read;
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_store_each_source(read.store, read.identity, each, context, err);
    cs_local_end_read(&read);
    return status;
}

/* A change of the sources is no change of the items: the generation stays. */
static clipsearch_status begin_change(local_collection *collection, clipsearch_error *err)
{
    clipsearch_status status = cs_local_begin_change(collection->db, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_local_check_exists(collection, collection->db->writer, err);
    if (status != CLIPSEARCH_OK)
        cs_local_undo_change(collection->db);
    return status;
}

clipsearch_status cs_local_put_sources(clipsearch_collection *base, const char *list, const cs_source_record *sources,
                                       size_t count, clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    clipsearch_status status = begin_change(collection, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_store_put_sources(collection->db->writer, &collection->shared->identity, list, sources, count, err);
    return cs_local_end_change(collection->db, status, err);
}

clipsearch_status cs_local_forget_sources(clipsearch_collection *base, const char *name, uint64_t *forgotten,
                                          clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    clipsearch_status status = begin_change(collection, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_store_forget_sources(collection->db->writer, &collection->shared->identity, name, forgotten, err);
    status = cs_local_end_change(collection->db, status, err);
    if (status != CLIPSEARCH_OK)
        *forgotten = 0;
    return status;
}
