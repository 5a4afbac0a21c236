/* SPDX-License-Identifier: MIT
 * rows.h - a table of what is known of images, read row by row: JSON lines, CSV or Parquet. */
#ifndef CS_EXCHANGE_ROWS_H
#define CS_EXCHANGE_ROWS_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Limits of every table. */
enum { CS_ROWS_MAX_FIELDS = 1000, CS_ROWS_MAX_ROW = 16 << 20 };

typedef enum cs_field_kind {
    CS_FIELD_NULL,
    CS_FIELD_TEXT, /* UTF-8 without NUL bytes */
    CS_FIELD_JSON  /* a number, true, false, an array or an object as JSON text */
} cs_field_kind;

typedef struct cs_field {
    const char *name; /* NUL-terminated */
    cs_field_kind kind;
    const char *text; /* [length], not NUL-terminated; valid until the next row is read */
    size_t length;
} cs_field;

typedef struct cs_row {
    const cs_field *fields; /* [count] */
    size_t count;
} cs_row;

typedef struct cs_rows cs_rows;

/* Open the table `path`: Parquet if it begins as one, CSV if the name ends in .csv, JSON lines otherwise. The file is
 * mapped; a CSV file and one row of another are copied.
 * Errors: CLIPSEARCH_E_NOT_FOUND, _IO, _FORMAT, _UNSUPPORTED (a Parquet file with what is not read), _LIMIT,
 * _MEMORY. */
clipsearch_status cs_rows_open(const char *path, cs_rows **rows, clipsearch_error *err);

/* Read the next row; *more is false behind the last. The errors name the file and the line or row: CLIPSEARCH_E_FORMAT,
 * _UNSUPPORTED, _LIMIT, _MEMORY; reading ends there. */
clipsearch_status cs_rows_next(cs_rows *rows, cs_row *row, bool *more, clipsearch_error *err);

/* What the file has and the rows do not: "columns a and b, which are lists"; "" when nothing is left out. */
const char *cs_rows_left_out(const cs_rows *rows);
void cs_rows_close(cs_rows **rows);

/* ---- for the three readers */

typedef struct cs_rows_ops {
    clipsearch_status (*next)(cs_rows *rows, cs_row *row, bool *more, clipsearch_error *err);
    void (*close)(cs_rows *rows);
} cs_rows_ops;

/* Each reader's struct begins with this. */
struct cs_rows {
    const cs_rows_ops *ops;
    char left_out[512];
};

clipsearch_status cs_json_lines_open(const char *path, cs_rows **rows, clipsearch_error *err);
clipsearch_status cs_csv_rows_open(const char *path, cs_rows **rows, clipsearch_error *err);
clipsearch_status cs_parquet_open(const char *path, cs_rows **rows, clipsearch_error *err);

/* The same for the `size` bytes at `data`, which must stay valid; `name` is for messages. */
clipsearch_status cs_parquet_parse(const void *data, size_t size, const char *name, cs_rows **rows,
                                   clipsearch_error *err);

#endif
