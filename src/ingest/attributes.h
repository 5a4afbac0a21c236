/* SPDX-License-Identifier: MIT
 * attributes.h - what is known of each picture of a source besides its pixels: given values and rows of a CSV file. */
#ifndef CS_INGEST_ATTRIBUTES_H
#define CS_INGEST_ATTRIBUTES_H

#include "base/buf.h"
#include "base/error.h"

typedef struct cs_attributes cs_attributes;

/* Read a source's attributes (clipsearch_source's fields of the same names). `root` is the source's real path, `given`
 * the path as the user wrote it, which absolute paths in the CSV may begin with as well. *attributes is NULL when the
 * source says nothing about attributes. Errors: CLIPSEARCH_E_FORMAT (JSON that is no object; a CSV without the key
 * column, or with two rows for one picture: both lines are named), _IO, _LIMIT, _MEMORY. */
clipsearch_status cs_attributes_open(const clipsearch_source *source, const char *root, cs_attributes **attributes,
                                     clipsearch_error *err);
void cs_attributes_close(cs_attributes **attributes);

/* Write the attributes of the picture `relative` (its path below the root) into `out` (cleared first) as one JSON
 * object in the form that is stored: members by key (bytewise), no white space. A CSV field that is a JSON number of
 * ordinary size is written as a number, an empty one is left out, any other is a string; a CSV field beats a given
 * value. Errors: CLIPSEARCH_E_LIMIT (longer than a row may hold), _MEMORY. Not thread-safe: it keeps count of the rows
 * used. */
clipsearch_status cs_attributes_write(cs_attributes *attributes, const char *relative, cs_buf *out,
                                      clipsearch_error *err);

/* Whether there is a CSV, how many of its rows no picture has asked for, and how many pictures found none. */
typedef struct cs_attributes_counts {
    size_t rows_without_image, images_without_row;
} cs_attributes_counts;
cs_attributes_counts cs_attributes_count(const cs_attributes *attributes);

#endif
