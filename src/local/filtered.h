/* SPDX-License-Identifier: MIT
 * filtered.h - the items that a filter lets through, for a search among them. */
#ifndef CS_LOCAL_FILTERED_H
#define CS_LOCAL_FILTERED_H

#include "local/collection.h"

typedef struct cs_filtered {
    int64_t *ids; /* [count], ascending */
    size_t count, capacity;
} cs_filtered;

/* Read the ids. Errors: CLIPSEARCH_E_LIMIT (too complex), _DATABASE, _MEMORY. Free `filtered` in any case. */
clipsearch_status cs_filtered_read(local_collection *collection, const cs_filter_tree *filter, cs_filtered *filtered,
                                   clipsearch_error *err);
void cs_filtered_free(cs_filtered *filtered);

/* A new index of the filtered vectors alone. A row that has gone meanwhile is left out. */
clipsearch_status cs_filtered_index(local_collection *collection, const cs_filtered *filtered, cs_index **index,
                                    clipsearch_error *err);

#endif
