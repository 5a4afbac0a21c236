/* SPDX-License-Identifier: MIT
 * filtered.c - filters to ids, and ids to vectors. */
#include "local/filtered.h"

#include "base/mem.h"

static clipsearch_status add_id(void *context, int64_t id, clipsearch_error *err)
{
    cs_filtered *filtered = context;
    if (filtered->count == filtered->capacity) {
        size_t capacity = filtered->capacity ? filtered->capacity * 2 : 64;
        int64_t *ids = cs_realloc_array(filtered->ids, capacity, sizeof *ids);
        if (!ids)
            return cs_fail_memory(err, "the pictures of a filter");
        filtered->ids = ids;
        filtered->capacity = capacity;
    }
    filtered->ids[filtered->count++] = id;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_filtered_read(local_collection *collection, const cs_filter_tree *filter, cs_filtered *filtered,
                                   clipsearch_error *err)
{
    *filtered = (cs_filtered){0};
    return cs_store_each_id(collection->db->store, &collection->row, filter, add_id, filtered, err);
}

void cs_filtered_free(cs_filtered *filtered)
{
    cs_free(filtered->ids);
    *filtered = (cs_filtered){0};
}

clipsearch_status cs_filtered_index(local_collection *collection, const cs_filtered *filtered, cs_index **out,
                                    clipsearch_error *err)
{
    const cs_store_collection *row = &collection->row;
    cs_index *index = NULL;
    *out = NULL;
    float *vector = cs_alloc_array(row->dim, sizeof *vector); /* [dim] */
    clipsearch_status status =
        vector ? cs_index_flat_open(row->dim, row->metric, &index, err) : cs_fail_memory(err, "a vector");
    if (status == CLIPSEARCH_OK)
        status = cs_index_reserve(index, filtered->count, err);
    for (size_t i = 0; i < filtered->count && status == CLIPSEARCH_OK; i++) {
        status = cs_store_vector(collection->db->store, row, filtered->ids[i], vector, err);
        if (status == CLIPSEARCH_OK)
            status = cs_index_put(index, filtered->ids[i], vector, err);
        else if (status == CLIPSEARCH_E_NOT_FOUND)
            status = CLIPSEARCH_OK;
    }
    cs_free(vector);
    if (status != CLIPSEARCH_OK)
        cs_index_close(&index);
    *out = index;
    return status;
}
