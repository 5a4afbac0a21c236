/* SPDX-License-Identifier: MIT
 * picked.c - filters to ids, and ids to vectors. */
#include "local/picked.h"

#include "base/mem.h"

static clipsearch_status add_id(void *context, int64_t id, clipsearch_error *err)
{
    cs_picked *picked = context;
    if (picked->count == picked->capacity) {
        size_t capacity = picked->capacity ? picked->capacity * 2 : 64;
        int64_t *ids = cs_realloc_array(picked->ids, capacity, sizeof *ids);
        if (!ids)
            return cs_fail_memory(err, "the pictures of a filter");
        picked->ids = ids;
        picked->capacity = capacity;
    }
    picked->ids[picked->count++] = id;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_picked_read(clipsearch_collection *collection, const char *text, cs_picked *picked,
                                 clipsearch_error *err)
{
    cs_filter *filter;
    *picked = (cs_picked){0};
    clipsearch_status status = cs_filter_compile(text, &filter, NULL, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_each_id(collection->db->store, &collection->row, filter, add_id, picked, err);
    cs_filter_close(&filter);
    return status;
}

void cs_picked_free(cs_picked *picked)
{
    cs_free(picked->ids);
    *picked = (cs_picked){0};
}

clipsearch_status cs_picked_index(clipsearch_collection *collection, const cs_picked *picked, cs_index **out,
                                  clipsearch_error *err)
{
    const cs_store_collection *row = &collection->row;
    cs_index *index = NULL;
    *out = NULL;
    float *vector = cs_alloc_array(row->dim, sizeof *vector); /* [dim] */
    clipsearch_status status =
        vector ? cs_index_flat_open(row->dim, row->metric, &index, err) : cs_fail_memory(err, "a vector");
    if (status == CLIPSEARCH_OK)
        status = cs_index_reserve(index, picked->count, err);
    for (size_t i = 0; i < picked->count && status == CLIPSEARCH_OK; i++) {
        status = cs_store_vector(collection->db->store, row, picked->ids[i], vector, err);
        if (status == CLIPSEARCH_OK)
            status = cs_index_put(index, picked->ids[i], vector, err);
        else if (status == CLIPSEARCH_E_NOT_FOUND)
            status = CLIPSEARCH_OK;
    }
    cs_free(vector);
    if (status != CLIPSEARCH_OK)
        cs_index_close(&index);
    *out = index;
    return status;
}
