/* SPDX-License-Identifier: MIT
 * filtered.h - the items that a filter lets through, for a search among them. */
#ifndef CS_LOCAL_FILTERED_H
#define CS_LOCAL_FILTERED_H

#include "base/id_list.h"
#include "local/collection.h"

/* Read the ids, ascending, into the empty list; of items whose files are known to be gone only with_gone, and of these
 * only those that have a vector. Errors:
 * CLIPSEARCH_E_LIMIT (too complex), _DATABASE, _MEMORY. */
clipsearch_status cs_filtered_read(const local_read *read, const cs_filter_tree *filter, bool with_gone,
                                   cs_id_list *ids, clipsearch_error *err);

/* Read the ids of the items that a search does not find because their files are known to be gone, ascending, into the
 * empty list: all, or with_gone those alone that could not be encoded since. Errors: _DATABASE, _MEMORY. */
clipsearch_status cs_filtered_gone(const local_read *read, bool with_gone, cs_id_list *ids, clipsearch_error *err);

/* A new index of the vectors of these items alone. */
clipsearch_status cs_filtered_index(const local_read *read, const cs_id_list *ids, cs_index **index,
                                    clipsearch_error *err);

#endif
