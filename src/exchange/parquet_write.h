/* SPDX-License-Identifier: MIT
 * parquet_write.h - items as a Parquet file: a flat table with the columns of the other formats. */
#ifndef CS_EXCHANGE_PARQUET_WRITE_H
#define CS_EXCHANGE_PARQUET_WRITE_H

#include "base/error.h"

#include <stdio.h>

/* Columns, in their order: id, path, path_b64, size, mtime_ns, hash, width, height, gone, attributes. Of path and
 * path_b64 one is null, as in a line of JSON; hash is null when it is not known; attributes is JSON as text. Not
 * compressed. Up to 65,536 rows, or 32 MiB, are gathered in memory and written as one group. */
typedef struct cs_parquet_writer cs_parquet_writer;

/* `stream` is at its begin, and stays open. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_parquet_writer_open(FILE *stream, cs_parquet_writer **writer, clipsearch_error *err);
/* Add a row. Whether the stream took what was written is for the caller to see (ferror). CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_parquet_writer_add(cs_parquet_writer *writer, const clipsearch_hit *item, clipsearch_error *err);
/* Write what is left, and the description at the end of the file. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_parquet_writer_finish(cs_parquet_writer *writer, clipsearch_error *err);
void cs_parquet_writer_close(cs_parquet_writer **writer);

#endif
