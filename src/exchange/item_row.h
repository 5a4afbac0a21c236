/* SPDX-License-Identifier: MIT
 * item_row.h - what a row of a table says of an image, as an item; and an item as a row. */
#ifndef CS_EXCHANGE_ITEM_ROW_H
#define CS_EXCHANGE_ITEM_ROW_H

#include "base/buf.h"
#include "exchange/rows.h"

/* Make an item of `row`. Its path is the field `path_field`, or when that is NULL the first of path_b64, path,
 * image_path, url, file, filename and key that the row has. size, mtime_ns, width, height, and hash or sha256 become
 * those of the item if they can be. All other fields become attributes; in a row as cs_put_item_row writes it the
 * field "attributes" has them. `path` and `attributes` (both emptied first) hold the item's texts. Errors, which do
 * not name the file: CLIPSEARCH_E_FORMAT (no path; a path that is not allowed), _LIMIT (attributes of more than 1
 * MiB), _MEMORY. */
clipsearch_status cs_item_from_row(const cs_row *row, const char *path_field, cs_buf *path, cs_buf *attributes,
                                   clipsearch_item *item, clipsearch_error *err);

/* Append the item as a line of JSON, or as a row of CSV with the columns of cs_item_csv_header. A path that is not
 * UTF-8 is in path_b64, in base64 (RFC 4648), and path is then null. */
void cs_put_item_row(cs_buf *buf, const clipsearch_hit *item);
void cs_put_item_csv(cs_buf *buf, const clipsearch_hit *item);
extern const char cs_item_csv_header[];

/* Write the SHA-256 in hex digits into `text` and return that; "" when it is not known. */
const char *cs_item_hash_text(const clipsearch_hit *item, char text[65]);

#endif
