/* SPDX-License-Identifier: MIT
 * stored_attributes.h - an item's attributes as they are stored: those that a user gave, and those that its file
 * states.
 *
 * Both are in one JSON object. The user's come first, and a space stands before the first of the file's:
 * {"album":"summer", "camera":"Canon EOS R5","taken":"2024-07-01T18:30:05"}. The space says which ones another run may
 * replace when the file has changed, and nothing else has to be stored for that. In a text with other white space all
 * is the user's. */
#ifndef CS_BASE_STORED_ATTRIBUTES_H
#define CS_BASE_STORED_ATTRIBUTES_H

#include "base/buf.h"
#include "base/error.h"

/* A member of the file's attributes. */
typedef struct cs_file_attribute {
    const char *name;
    size_t name_size;
    const char *text; /* [size]: name in quotes, colon, value */
    size_t size;
} cs_file_attribute;

/* The file's attributes of those that are stored, one after the other: begin with `at` as cs_file_attributes gives it
 * (NULL: there are none). False: there are no more. Also for an object of file's attributes alone, from behind its
 * brace. */
const char *cs_file_attributes(const char *stored);
bool cs_next_file_attribute(const char **at, cs_file_attribute *attribute);

/* Append to `out` the user's attributes of those that are stored, as a JSON object. */
void cs_put_user_attributes(const char *stored, cs_buf *out);

/* Append to `out` what is to be stored: the user's attributes, a JSON object, and of the file's, which begin at `file`
 * (NULL: none), those whose names neither the user's have nor `without`, another object (NULL: none). The file's are
 * left out when the whole would be longer than an item's attributes may be, and when an object is one that json.h
 * refuses, such as one with a name twice. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_join_attributes(const char *user, const char *file, const char *without, cs_buf *out,
                                     clipsearch_error *err);

#endif
