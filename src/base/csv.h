/* SPDX-License-Identifier: MIT
 * csv.h - a CSV (RFC 4180) reader for untrusted text. */
#ifndef CS_BASE_CSV_H
#define CS_BASE_CSV_H

#include "base/error.h"

/* Rows of fields, whole file in memory. All rows have as many fields as the header. */
typedef struct cs_csv {
    size_t columns, rows; /* rows without the header */
    char **header;        /* [columns] */
    char **fields;        /* [rows * columns], NUL-terminated UTF-8 */
    size_t *lines;        /* [rows] line number where the row begins, from 1 */
    char *storage;
} cs_csv;

/* Parse `size` bytes: commas, quoted fields with "" inside, LF or CRLF, an optional UTF-8 byte order mark, blank lines
 * are skipped. Errors: CLIPSEARCH_E_FORMAT with `name` and the line (a row with too many or too few fields, a quote
 * that is not closed, a NUL byte, a header with an empty or repeated name), _MEMORY. */
clipsearch_status cs_csv_parse(const char *text, size_t size, const char *name, cs_csv *csv, clipsearch_error *err);
void cs_csv_free(cs_csv *csv);
/* Number of the column called `name`, or -1. */
int cs_csv_column(const cs_csv *csv, const char *name);

#endif
