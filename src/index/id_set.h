/* SPDX-License-Identifier: MIT
 * id_set.h - sets of ids: bits for a search, and lists that ascend. */
#ifndef CS_INDEX_ID_SET_H
#define CS_INDEX_ID_SET_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Bit i of bits stands for id first + i; ids outside [first, first + size) are not in the set. */
typedef struct cs_id_set {
    uint64_t *bits; /* [(size + 63) / 64]; bits behind size are zero */
    int64_t first;
    size_t size, count; /* count: how many bits are set */
} cs_id_set;

/* Make the set of ids [count], which must ascend; free it with cs_id_set_free. *fits receives false, and the set stays
 * empty, when the ids lie so far apart that the bits would take more memory than the list does. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_id_set_make(const int64_t *ids, size_t count, cs_id_set *set, bool *fits, clipsearch_error *err);
void cs_id_set_free(cs_id_set *set);

/* Whether `id` is in the set; NULL: every id is. */
static inline bool cs_id_set_has(const cs_id_set *set, int64_t id)
{
    if (!set)
        return true;
    uint64_t i = (uint64_t)id - (uint64_t)set->first;
    return i < set->size && (set->bits[i / 64] >> i % 64 & 1);
}

/* Whether `id` is among ids [count], which ascend. */
static inline bool cs_ids_contain(const int64_t *ids, size_t count, int64_t id)
{
    size_t low = 0;
    while (low < count) {
        const size_t middle = low + (count - low) / 2;
        if (ids[middle] == id)
            return true;
        if (ids[middle] < id)
            low = middle + 1;
        else
            count = middle;
    }
    return false;
}

#endif
