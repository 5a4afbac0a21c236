/* SPDX-License-Identifier: MIT
 * each_item.h - the vectors of a page of items. */
#ifndef CS_EACH_ITEM_H
#define CS_EACH_ITEM_H

#include "backend/backend.h"

/* Read the vectors [count, dim] of the items `ids`. One that was removed since the ids were read is no error: there[i]
 * says which are there. Errors: those of cs_collection_vectors. */
clipsearch_status cs_read_page_vectors(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                       float *vectors, bool *there, clipsearch_error *err);

#endif
