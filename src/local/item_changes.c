/* SPDX-License-Identifier: MIT
 * item_changes.c - changes to the items of a collection, one transaction a call. */
#include "local/collection.h"

/* After a put or an update, which leave it empty. */
static clipsearch_status set_file(cs_store *store, const cs_store_identity *identity, int64_t id,
                                  const cs_item_file *file, clipsearch_error *err)
{
    return file->ctime_ns || file->gone_since ? cs_store_set_file(store, identity, id, file, NULL, err) : CLIPSEARCH_OK;
}

static clipsearch_status apply_one(const local_collection *collection, cs_item_change *change, clipsearch_error *err)
{
    cs_store *store = collection->db->writer;
    const cs_store_identity *identity = &collection->shared->identity;
    clipsearch_item item = change->item;
    if (!item.attributes)
        item.attributes = "{}";
    clipsearch_status status;
    bool marked;
    change->removed = false;
    switch (change->kind) {
    case CS_ITEM_PUT:
        status = cs_store_put(store, identity, &item, change->vector, &change->id, err);
        return status == CLIPSEARCH_OK ? set_file(store, identity, change->id, &change->file, err) : status;
    case CS_ITEM_UPDATE:
        status = cs_store_update(store, identity, item.id, &item, err);
        return status == CLIPSEARCH_OK ? set_file(store, identity, item.id, &change->file, err) : status;
    case CS_ITEM_REMOVE:
        return cs_store_remove(store, identity, item.id, &change->removed, err);
    case CS_ITEM_GONE:
        return cs_store_mark_gone(store, identity, item.id, change->file.gone_since, &marked, err);
    case CS_ITEM_MERGE:
        return cs_store_merge_attributes(store, identity, item.id, item.attributes, err);
    }
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "there is no kind of change %d", (int)change->kind);
}

clipsearch_status cs_local_apply(clipsearch_collection *base, cs_item_change *changes, size_t count,
                                 clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    clipsearch_status status = cs_local_begin_change(collection->db, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_local_check_exists(collection, collection->db->writer, err); /* it may have been dropped meanwhile */
    unsigned precisions = 0;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        status = apply_one(collection, &changes[i], err);
        precisions |= changes[i].kind == CS_ITEM_PUT ? changes[i].precisions : 0;
    }
    if (status == CLIPSEARCH_OK && precisions)
        status = cs_store_note_precisions(collection->db->writer, &collection->shared->identity, precisions, err);
    return cs_local_end_change(collection->db, status, err);
}

clipsearch_status cs_local_remove_where(clipsearch_collection *base, const cs_filter_tree *filter, uint64_t *removed,
                                        clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    cs_store *store = collection->db->writer;
    uint64_t gone = 0;
    clipsearch_status status = cs_local_begin_change(collection->db, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_local_check_exists(collection, store, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_remove_where(store, &collection->shared->identity, filter, &gone, err);
    status = cs_local_end_change(collection->db, status, err);
    *removed = status == CLIPSEARCH_OK ? gone : 0;
    return status;
}
