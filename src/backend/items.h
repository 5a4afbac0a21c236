/* SPDX-License-Identifier: MIT
 * items.h - items copied out of a collection, with strings of their own. */
#ifndef CS_BACKEND_ITEMS_H
#define CS_BACKEND_ITEMS_H

#include "base/buf.h"
#include "base/error.h"
#include "base/item_file.h"

/* Zero is an empty list. Fill it with cs_items_add, then call cs_items_bind; before that the items have no strings. A
 * list may be cleared and filled again: its memory is kept. */
typedef struct cs_items {
    clipsearch_item *items; /* [count]; one that is not there has id 0 and path NULL */
    cs_item_file *files;    /* [count]: what is known of their files */
    size_t count, capacity, file_capacity;
    cs_buf strings; /* path and attributes of each that is there, in turn */
} cs_items;

/* Add a copy of `item` and `file`; item NULL: an item that is not there. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_items_add(cs_items *list, const clipsearch_item *item, const cs_item_file *file,
                               clipsearch_error *err);
/* Point the items at their strings, once all are added. */
void cs_items_bind(cs_items *list);
void cs_items_clear(cs_items *list);
void cs_items_free(cs_items *list);

#endif
