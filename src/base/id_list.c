/* SPDX-License-Identifier: MIT
 * id_list.c - ids in one growing array, which remembers whether they ascend. */
#include "base/id_list.h"

#include "base/mem.h"

#include <stdlib.h>

clipsearch_status cs_id_list_add(cs_id_list *list, int64_t id, clipsearch_error *err)
{
    int64_t *ids = cs_grow(list->ids, &list->capacity, list->count + 1, sizeof *ids);
    if (!ids)
        return cs_fail_memory(err, "a list of ids");
    list->ids = ids;
    list->unordered = list->unordered || (list->count && id <= ids[list->count - 1]);
    ids[list->count++] = id;
    return CLIPSEARCH_OK;
}

static int compare_ids(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

bool cs_id_list_has(const cs_id_list *list, int64_t id)
{
    if (!list->unordered)
        return list->count && bsearch(&id, list->ids, list->count, sizeof id, compare_ids);
    for (size_t i = 0; i < list->count; i++)
        if (list->ids[i] == id)
            return true;
    return false;
}

void cs_id_list_sort_unique(cs_id_list *list)
{
    if (!list->unordered)
        return;
    qsort(list->ids, list->count, sizeof *list->ids, compare_ids);
    size_t kept = 1;
    for (size_t i = 1; i < list->count; i++)
        if (list->ids[i] != list->ids[kept - 1])
            list->ids[kept++] = list->ids[i];
    list->count = kept;
    list->unordered = false;
}

clipsearch_status cs_id_list_merge(const cs_id_list *a, const cs_id_list *b, cs_id_list *merged, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0, j = 0; (i < a->count || j < b->count) && status == CLIPSEARCH_OK;) {
        const bool first = j == b->count || (i < a->count && a->ids[i] < b->ids[j]);
        i += !first && i < a->count && a->ids[i] == b->ids[j];
        status = cs_id_list_add(merged, first ? a->ids[i++] : b->ids[j++], err);
    }
    return status;
}

void cs_id_list_clear(cs_id_list *list)
{
    list->count = 0;
    list->unordered = false;
}

void cs_id_list_free(cs_id_list *list)
{
    cs_free(list->ids);
    *list = (cs_id_list){0};
}
