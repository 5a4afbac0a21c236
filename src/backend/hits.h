/* SPDX-License-Identifier: MIT
 * hits.h - what searches and queries answer: items copied out of a collection. */
#ifndef CS_BACKEND_HITS_H
#define CS_BACKEND_HITS_H

#include "base/error.h"
#include "base/item_file.h"

/* An empty answer to `queries` queries; NULL when out of memory. */
clipsearch_hits *cs_hits_make(size_t queries);
/* Add a hit to the current query, which is number 0 at first. */
clipsearch_status cs_hits_add(clipsearch_hits *hits, const clipsearch_item *item, float score, clipsearch_error *err);
/* The same, with what is known of the item's file. */
clipsearch_status cs_hits_add_with_file(clipsearch_hits *hits, const clipsearch_item *item, const cs_item_file *file,
                                        float score, clipsearch_error *err);
/* Go on to the next query; after the last one the strings are bound and nothing more is added. */
void cs_hits_next_query(clipsearch_hits *hits);
/* Forget all hits and begin at query number 0 again. */
void cs_hits_restart(clipsearch_hits *hits);

/* Once all queries have ended: keep of each the hits for which `keep` is true, which is called once for each hit in
 * their order. */
void cs_hits_select(clipsearch_hits *hits, bool (*keep)(void *context, size_t query, const clipsearch_hit *hit),
                    void *context);

/* Set the relevance of a hit that there is; NaN until then. */
void cs_hits_set_relevance(clipsearch_hits *hits, size_t query, size_t rank, float relevance);

/* As clipsearch_hits_* say, arguments checked. */
size_t cs_hits_count(const clipsearch_hits *hits, size_t query);
const clipsearch_hit *cs_hits_get(const clipsearch_hits *hits, size_t query, size_t rank);
void cs_hits_free(clipsearch_hits **hits);

#endif
