/* SPDX-License-Identifier: MIT
 * stored_files.h - what a collection holds for the files found, asked for some hundred files at a time. */
#ifndef CS_INGEST_STORED_FILES_H
#define CS_INGEST_STORED_FILES_H

#include "backend/backend.h"
#include "ingest/sources.h"

enum { CS_STORED_FILES_PAGE = 256 };

/* One page of answers: the items of files [first, first + items.count). Zero is an empty page. */
typedef struct cs_stored_files {
    size_t first;
    cs_items items; /* id 0: the collection has no item with that path */
} cs_stored_files;

/* *item is the item with the path of file `number`, or NULL, and *known what is known of its file; they live until the
 * next call. Asks for a page when the
 * number is in none yet. `collection` NULL: there are no items. Errors: those of cs_collection_by_paths. */
clipsearch_status cs_stored_files_find(cs_stored_files *stored, clipsearch_collection *collection,
                                       const cs_sources *sources, size_t number, const clipsearch_item **item,
                                       const cs_item_file **known, clipsearch_error *err);
/* Forget the page: items of the collection got other paths. */
void cs_stored_files_clear(cs_stored_files *stored);
void cs_stored_files_free(cs_stored_files *stored);

#endif
