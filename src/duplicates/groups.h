/* SPDX-License-Identifier: MIT
 * groups.h - from pairs of duplicates to groups, and which image of each to keep. */
#ifndef CS_DUPLICATES_GROUPS_H
#define CS_DUPLICATES_GROUPS_H

#include "backend/hits.h"

/* Two items by their place among the hits, and their level; 0: not duplicates. */
typedef struct cs_duplicate_pair {
    uint32_t a, b;
    float score; /* cosine of their vectors */
    clipsearch_duplicate_level level;
} cs_duplicate_pair;

/* Group the items of `items` (query 0), which the duplicates own from now on, also after an error. `unreadable` [items]
 * (may be NULL) says which are never kept while another can be; nor are those whose files are gone, which are noted as
 * that. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_duplicates_group(clipsearch_hits *items, const bool *unreadable, const cs_duplicate_pair *pairs,
                                      size_t pair_count, clipsearch_duplicates **duplicates, clipsearch_error *err);

#endif
