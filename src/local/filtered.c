/* SPDX-License-Identifier: MIT
 * filtered.c - filters to ids, and ids to vectors. */
#include "local/filtered.h"

#include "base/mem.h"
#include "base/stop.h"

static clipsearch_status add_id(void *context, int64_t id, clipsearch_error *err)
{
    return cs_id_list_add(context, id, err);
}

clipsearch_status cs_filtered_read(const local_read *read, const cs_filter_tree *filter, bool with_gone,
                                   cs_id_list *ids, clipsearch_error *err)
{
    return cs_store_each_id(read->store, read->identity, filter, with_gone, add_id, ids, err);
}

clipsearch_status cs_filtered_gone(const local_read *read, bool with_gone, cs_id_list *ids, clipsearch_error *err)
{
    return cs_store_each_gone(read->store, read->identity, with_gone, add_id, ids, err);
}

clipsearch_status cs_filtered_index(const local_read *read, const cs_id_list *ids, cs_index **out,
                                    clipsearch_error *err)
{
    const cs_store_identity *identity = read->identity;
    cs_index *index = NULL;
    float *vector = cs_alloc_array(identity->dim, sizeof *vector); /* [dim] */
    clipsearch_status status =
        vector ? cs_index_flat_open(identity->dim, identity->metric, &index, err) : cs_fail_memory(err, "a vector");
    if (status == CLIPSEARCH_OK)
        status = cs_index_reserve(index, ids->count, err);
    for (size_t i = 0; i < ids->count && status == CLIPSEARCH_OK; i++) {
        if (i % CS_STOP_ROWS == 0 && (status = cs_stop_check(err)) != CLIPSEARCH_OK)
            break;
        status = cs_store_vector(read->store, identity, ids->ids[i], vector, err);
        if (status == CLIPSEARCH_OK)
            status = cs_index_put(index, ids->ids[i], vector, err);
    }
    cs_free(vector);
    if (status != CLIPSEARCH_OK)
        cs_index_close(&index);
    *out = index;
    return status;
}
