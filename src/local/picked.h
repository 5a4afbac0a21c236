/* SPDX-License-Identifier: MIT
 * picked.h - the pictures that a filter lets through, for a search among them. */
#ifndef CS_LOCAL_PICKED_H
#define CS_LOCAL_PICKED_H

#include "local/collection.h"

typedef struct cs_picked {
    int64_t *ids; /* [count], ascending */
    size_t count, capacity;
} cs_picked;

/* Read the ids. Errors: those of a filter, _DATABASE, _MEMORY. Free `picked` in any case. */
clipsearch_status cs_picked_read(clipsearch_collection *collection, const char *filter, cs_picked *picked,
                                 clipsearch_error *err);
void cs_picked_free(cs_picked *picked);

/* A new index of the picked vectors alone. A row that has gone meanwhile is left out. */
clipsearch_status cs_picked_index(clipsearch_collection *collection, const cs_picked *picked, cs_index **index,
                                  clipsearch_error *err);

#endif
