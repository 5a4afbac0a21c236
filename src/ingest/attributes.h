/* SPDX-License-Identifier: MIT
 * attributes.h - attributes of the images of a source: given values and rows of a CSV file. */
#ifndef CS_INGEST_ATTRIBUTES_H
#define CS_INGEST_ATTRIBUTES_H

#include "base/buf.h"
#include "base/error.h"

typedef struct cs_attributes cs_attributes;

/* Read a source's attributes (clipsearch_source's fields of the same names). `root` is the source's real path, `given`
 * the path as the user wrote it, which absolute paths in the CSV may begin with as well. *attributes is NULL when the
 * source has no attributes to give. Errors: CLIPSEARCH_E_FORMAT (JSON that is no object; a CSV without the key
 * column, or with two rows for one image: both lines are named), _IO, _LIMIT, _MEMORY. */
clipsearch_status cs_attributes_open(const clipsearch_source *source, const char *root, cs_attributes **attributes,
                                     clipsearch_error *err);
void cs_attributes_close(cs_attributes **attributes);

/* Write the attributes of the image `relative` (its path below the root) into `out` (cleared first) as one JSON
 * object in the form that is stored: members by key (bytewise), no white space. A CSV field that is a JSON number of
 * ordinary size is written as a number, an empty one is left out, any other is a string; a CSV field beats a given
 * value. Errors: CLIPSEARCH_E_LIMIT (longer than an item may have), _MEMORY. Not thread-safe: it counts the rows
 * used. */
clipsearch_status cs_attributes_write(cs_attributes *attributes, const char *relative, cs_buf *out,
                                      clipsearch_error *err);

/* How many rows of the CSV were for no image, and how many images had no row; 0 without a CSV. */
typedef struct cs_attributes_counts {
    size_t rows_without_image, images_without_row;
} cs_attributes_counts;
cs_attributes_counts cs_attributes_count(const cs_attributes *attributes);

#endif
