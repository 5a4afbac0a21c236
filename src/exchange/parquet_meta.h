/* SPDX-License-Identifier: MIT
 * parquet_meta.h - what a Parquet file says of itself at its end: columns, and where their pieces lie. */
#ifndef CS_EXCHANGE_PARQUET_META_H
#define CS_EXCHANGE_PARQUET_META_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Physical types. */
enum {
    CS_PARQUET_BOOLEAN = 0,
    CS_PARQUET_INT32 = 1,
    CS_PARQUET_INT64 = 2,
    CS_PARQUET_FLOAT = 4,
    CS_PARQUET_DOUBLE = 5,
    CS_PARQUET_BYTES = 6
};

enum { CS_PARQUET_PLAIN_CODEC = 0, CS_PARQUET_SNAPPY = 1 };

typedef struct cs_parquet_column {
    char *name; /* owned */
    int type;
    bool optional;    /* values may be null */
    bool is_unsigned; /* integers */
} cs_parquet_column;

/* The values of one column in one group of rows. */
typedef struct cs_parquet_chunk {
    uint64_t offset, size; /* in the file; checked */
    int codec;
} cs_parquet_chunk;

typedef struct cs_parquet_meta {
    cs_parquet_column *columns; /* [count], those that can be read */
    size_t count;
    cs_parquet_chunk *chunks; /* [groups, count] */
    uint64_t *rows;           /* [groups] */
    size_t groups;
    char left_out[512]; /* as cs_rows_left_out */
} cs_parquet_meta;

/* Read the description of the file of `size` bytes at `data`. Columns of lists, structs and types that no attribute
 * can hold are left out. Free in any case. Errors: CLIPSEARCH_E_FORMAT, _UNSUPPORTED (an encrypted file, a
 * compression that is not read, no column that can be read), _LIMIT, _MEMORY. */
clipsearch_status cs_parquet_read_meta(const uint8_t *data, size_t size, const char *name, cs_parquet_meta *meta,
                                       clipsearch_error *err);
void cs_parquet_free_meta(cs_parquet_meta *meta);

#endif
