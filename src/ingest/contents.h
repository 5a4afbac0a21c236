/* SPDX-License-Identifier: MIT
 * contents.h - which items of a collection have the same content as a file. */
#ifndef CS_INGEST_CONTENTS_H
#define CS_INGEST_CONTENTS_H

#include "backend/backend.h"

/* The contents that a collection held at one moment, eight bytes of hash each: 800 KB for 100,000 items. Zero is an
 * empty set. Two contents with one key do no harm: a thread leaves an image undecoded, and the caller decodes it. */
typedef struct cs_content_keys {
    uint64_t *keys; /* [count], ascending */
    size_t count, capacity;
} cs_content_keys;

/* Read the keys of all items. Errors: those of cs_collection_each_hash. */
clipsearch_status cs_content_keys_read(cs_content_keys *keys, clipsearch_collection *collection, clipsearch_error *err);
bool cs_content_keys_has(const cs_content_keys *keys, const uint8_t hash[32]);
void cs_content_keys_free(cs_content_keys *keys);

/* A growing set of contents, eight bytes of hash each. Zero is an empty set. */
typedef struct cs_content_set {
    uint64_t *slots; /* [capacity], a power of two, at most half full; 0: free */
    size_t count, capacity;
} cs_content_set;

/* Add a content. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_content_set_add(cs_content_set *set, const uint8_t hash[32], clipsearch_error *err);
bool cs_content_set_has(const cs_content_set *set, const uint8_t hash[32]);
void cs_content_set_free(cs_content_set *set);

/* The answer to one question for the items of many contents. Zero is an empty answer. */
typedef struct cs_contents {
    uint8_t (*hashes)[32]; /* [count]: the contents that were, or will be, asked for */
    size_t count, capacity;
    cs_items items; /* that have them */
} cs_contents;

/* Add a content to the next question. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_contents_add(cs_contents *contents, const uint8_t hash[32], clipsearch_error *err);
/* Ask for all that were added, at most `most_each` items of each. Errors: those of cs_collection_by_hashes. */
clipsearch_status cs_contents_ask(cs_contents *contents, clipsearch_collection *collection, size_t most_each,
                                  clipsearch_error *err);
/* Whether this content was asked for. */
bool cs_contents_has(const cs_contents *contents, const uint8_t hash[32]);
/* The number of the first item at or behind number `from` that has this content; items.count when there is none. */
size_t cs_contents_next(const cs_contents *contents, const uint8_t hash[32], size_t from);
/* Forget the answer: the collection has changed. */
void cs_contents_clear(cs_contents *contents);
void cs_contents_free(cs_contents *contents);

#endif
