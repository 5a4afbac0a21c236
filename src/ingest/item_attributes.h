/* SPDX-License-Identifier: MIT
 * item_attributes.h - an item's attributes: those that the user gave, and those that its file states.
 *
 * Both are stored as one JSON object. The user's come first, and a space stands before the first of the file's:
 * {"album":"summer", "camera":"Canon EOS R5","taken":"2024-07-01T18:30:05"}. The space says which ones another run may
 * replace when the file has changed, and nothing else has to be stored for that. In a text with white space elsewhere,
 * or with names behind the space that no file states, all is the user's. */
#ifndef CS_INGEST_ITEM_ATTRIBUTES_H
#define CS_INGEST_ITEM_ATTRIBUTES_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Append to `out` the user's attributes of those that are stored, as a JSON object. */
void cs_item_attributes_user(const char *stored, cs_buf *out);

/* Append to `out` the file's attributes of those that are stored, and which belong to `fields` (metadata.h), as a JSON
 * object. *fewer: the item has others too. */
void cs_item_attributes_file(const char *stored, uint32_t fields, cs_buf *out, bool *fewer);

/* Append to `out` what is to be stored: the user's attributes, and those of the file's whose names the user's do not
 * have. Both are JSON objects, the file's as metadata.h writes it. When the whole is longer than an item's attributes
 * may be, the file's are left out. Errors: CLIPSEARCH_E_MEMORY, and those of cs_json_parse for the user's. */
clipsearch_status cs_item_attributes_join(const char *user, const char *file, cs_buf *out, clipsearch_error *err);

/* The user's attributes `before` have a name that a file could state and that `now` does not have: only the file knows
 * what the item has under that name now. Errors: those of cs_item_attributes_join. */
clipsearch_status cs_item_attributes_uncovers(const char *before, const char *now, bool *uncovers,
                                              clipsearch_error *err);

#endif
