/* SPDX-License-Identifier: MIT
 * search.h - the nearest pictures of a collection. */
#ifndef CS_ENGINE_SEARCH_H
#define CS_ENGINE_SEARCH_H

#include "engine/collection.h"

/* As clipsearch_search and clipsearch_hits_* say, arguments checked; `options` is not NULL. */
clipsearch_status cs_search(clipsearch_collection *collection, const float *queries, size_t count, size_t k,
                            const clipsearch_search_options *options, clipsearch_hits **hits, clipsearch_error *err);
size_t cs_hits_count(const clipsearch_hits *hits, size_t query);
const clipsearch_hit *cs_hits_get(const clipsearch_hits *hits, size_t query, size_t rank);
void cs_hits_free(clipsearch_hits **hits);

#endif
