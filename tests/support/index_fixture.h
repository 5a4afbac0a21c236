/* SPDX-License-Identifier: MIT
 * index_fixture.h - many invented images with clustered vectors, put and searched by the public interface. */
#ifndef TESTS_SUPPORT_INDEX_FIXTURE_H
#define TESTS_SUPPORT_INDEX_FIXTURE_H

#include "clipsearch.h"

enum { INDEX_DIM = 512, INDEX_K = 10, INDEX_SPREAD = 15 };

/* The unit vector number `n` of version `version`: in one of some hundred clusters, all about a common mean;
 * of version INDEX_SPREAD without clusters, among which a walk loses its way more easily. */
void index_vector(uint64_t n, unsigned version, float vector[INDEX_DIM]);

/* A unit vector as texts have them: off the images' distribution, about another mean. */
void index_text(uint64_t n, float vector[INDEX_DIM]);

/* Put images [first, first + count) of that version, 500 in a transaction; /images/N.jpg with {"n":N}, and id N + 1
 * when the collection was empty and filled in order. */
bool index_put(clipsearch_collection *collection, uint64_t first, uint64_t count, unsigned version,
               clipsearch_error *err);

/* Recall of the `INDEX_K` nearest against the exact search, over `queries` vectors near the collection's. *graph: how
 * many were answered by the graph or, without a filter, by a scan of the index's codes. Negative: an error. Every
 * answer must be sound: as many as there are, in order, with the exact search's score for each id it shares with it,
 * none twice. */
double index_recall(clipsearch_collection *collection, size_t queries, const char *filter, size_t ef, size_t *graph,
                    clipsearch_error *err);

/* The same of images of version INDEX_SPREAD, for texts or for images of that version. */
double index_spread_recall(clipsearch_collection *collection, bool texts, size_t queries, const char *filter, size_t ef,
                           size_t *graph, clipsearch_error *err);

#endif
