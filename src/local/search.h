/* SPDX-License-Identifier: MIT
 * search.h - the nearest pictures of a collection. */
#ifndef CS_LOCAL_SEARCH_H
#define CS_LOCAL_SEARCH_H

#include "local/collection.h"
#include "backend/hits.h"

/* As clipsearch_search says, arguments checked; `options` is not NULL. */
clipsearch_status cs_search(clipsearch_collection *collection, const float *queries, size_t count, size_t k,
                            const clipsearch_search_options *options, clipsearch_hits **hits, clipsearch_error *err);

#endif
