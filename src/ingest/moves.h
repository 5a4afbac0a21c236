/* SPDX-License-Identifier: MIT
 * moves.h - which item a new file is, when several items have its content and some of their files are gone. */
#ifndef CS_INGEST_MOVES_H
#define CS_INGEST_MOVES_H

#include "backend/backend.h"
#include "base/id_list.h"

/* An item whose file is gone. */
typedef struct cs_gone_item {
    const char *name; /* the last part of its path */
    size_t number;    /* in the content's items */
} cs_gone_item;

/* The items of one content. */
typedef struct cs_moves_content {
    uint8_t hash[32];
    cs_items items;
    cs_gone_item *gone; /* [gone_count], by name */
    size_t gone_count;
    size_t *next; /* [gone_count + 1]: i while gone[i] is not chosen, else a later number on the way to such a one */
} cs_moves_content;

/* Contents that were asked for in this run: each is read once, however many files have it. Zero is an empty set. */
typedef struct cs_moves {
    cs_moves_content *contents; /* [count] */
    size_t count, capacity;
    size_t *slots; /* [slot_count]: 0 or a content's number + 1, by open addressing; at most half are taken */
    size_t slot_count;
} cs_moves;

/* Choose the item that the new file `path` is: one with this content whose file is gone, with the same file name if
 * there is such a one. It is not chosen again. Items of `taken` are not chosen either. *item lives until cs_moves_free;
 * NULL: there is none. Errors: those of cs_collection_by_hashes. */
clipsearch_status cs_moves_choose(cs_moves *moves, clipsearch_collection *collection, const uint8_t hash[32],
                                  const char *path, const cs_id_list *taken, const clipsearch_item **item,
                                  clipsearch_error *err);
void cs_moves_free(cs_moves *moves);

#endif
