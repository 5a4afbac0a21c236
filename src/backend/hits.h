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

/* Note that the file of a hit that there is is gone. */
void cs_hits_set_gone(clipsearch_hits *hits, size_t query, size_t rank);

/* Whether the hit has a content digest; an item that was put without one has all zeros. */
bool cs_hit_has_hash(const clipsearch_hit *hit);

/* The item that the hit is of; its strings are the hit's. */
clipsearch_item cs_hit_item(const clipsearch_hit *hit);

/* Once all queries have ended, each searched for up to `searched` hits: keep of each query at most `most` hits with
 * different contents, which count the others in `copies`; the first whose file is there stands for them, and when none
 * is, it is `gone`. complete [queries] receives whether that is the answer: false where hits behind the last could be
 * further contents, or copies of the last one kept. */
void cs_hits_fold_copies(clipsearch_hits *hits, size_t most, size_t searched, bool *complete);

/* Add the hits of query `number` of `from` to the current query. */
clipsearch_status cs_hits_add_query(clipsearch_hits *hits, const clipsearch_hits *from, size_t number,
                                    clipsearch_error *err);

/* As clipsearch_hits_* say, arguments checked. */
size_t cs_hits_count(const clipsearch_hits *hits, size_t query);
const clipsearch_hit *cs_hits_get(const clipsearch_hits *hits, size_t query, size_t rank);
void cs_hits_free(clipsearch_hits **hits);

#endif
