/* SPDX-License-Identifier: MIT
 * id_list.h - a growing list of item ids. */
#ifndef CS_BASE_ID_LIST_H
#define CS_BASE_ID_LIST_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty list. Read `ids` and `count`; change them only through the functions below. */
typedef struct cs_id_list {
    int64_t *ids; /* [count] */
    size_t count, capacity;
    bool unordered; /* an id was added that is not above the one before it */
} cs_id_list;

/* Add `id` at the end, even if the list has it already. CLIPSEARCH_E_MEMORY leaves the list unchanged. */
clipsearch_status cs_id_list_add(cs_id_list *list, int64_t id, clipsearch_error *err);

/* Whether `id` is in the list: by binary search while all ids ascend (added in that order, or after
 * cs_id_list_sort_unique), else by comparing each. */
bool cs_id_list_has(const cs_id_list *list, int64_t id);

/* Put the ids into ascending order, each once. */
void cs_id_list_sort_unique(cs_id_list *list);

/* Add the ids of both lists, which ascend, to the empty list `merged`, ascending, each once. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_id_list_merge(const cs_id_list *a, const cs_id_list *b, cs_id_list *merged, clipsearch_error *err);

/* Empty the list and keep its memory. */
void cs_id_list_clear(cs_id_list *list);

/* Free the memory; the list is empty and can be used again. */
void cs_id_list_free(cs_id_list *list);

#endif
