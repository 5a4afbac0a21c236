/* SPDX-License-Identifier: MIT
 * item_attributes.h - which of an item's attributes stay when its source or the choice of metadata changes. */
#ifndef CS_INGEST_ITEM_ATTRIBUTES_H
#define CS_INGEST_ITEM_ATTRIBUTES_H

#include "base/stored_attributes.h"

#include <stdint.h>

/* Append to `out` the user's attributes of those that are stored, as a JSON object: all of them when a name behind the
 * space is one that no file states, for then another program wrote the text. */
void cs_item_attributes_user(const char *stored, cs_buf *out);

/* Append to `out` the file's attributes of those that are stored, and which belong to `fields` (metadata.h), as a JSON
 * object. */
void cs_item_attributes_file(const char *stored, uint32_t fields, cs_buf *out);

/* The user's attributes `before` have a name that a file could state and that `now` does not have: only the file knows
 * what the item has under that name now. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_item_attributes_uncovers(const char *before, const char *now, bool *uncovers,
                                              clipsearch_error *err);

#endif
