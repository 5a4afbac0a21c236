/* SPDX-License-Identifier: MIT
 * npy.h - NumPy's .npy files of vectors (NEP 1), read in place and written. */
#ifndef CS_EXCHANGE_NPY_H
#define CS_EXCHANGE_NPY_H

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"

/* Bytes of the header that cs_npy_put_header writes, for any number of rows: a file is written with any count, and the
 * right one is put in its place at the end. */
enum { CS_NPY_HEADER = 128 };

/* Append the header of a .npy file, format version 1.0, of a C-ordered little-endian array [rows, columns] of
 * float32, or with `half` of float16. The numbers follow it. */
void cs_npy_put_header(cs_buf *buf, size_t rows, size_t columns, bool half);

typedef enum cs_npy_type { CS_NPY_F16, CS_NPY_F32, CS_NPY_F64 } cs_npy_type;

/* An array [rows, columns] in memory that belongs to another, or in the file that `map` maps. */
typedef struct cs_npy {
    cs_map map; /* data NULL: the bytes are the caller's */
    const uint8_t *numbers;
    size_t rows, columns;
    cs_npy_type type;
} cs_npy;

/* Find the array in the `size` bytes at `data`, which must stay valid. Accepted: float16, float32 and float64,
 * little-endian, C-ordered, of two dimensions. `name` is for messages.
 * Errors: CLIPSEARCH_E_FORMAT (not a .npy file, or its header is damaged, or numbers are missing behind it),
 * _UNSUPPORTED (another type or order; the message says how NumPy changes it), _LIMIT (a header of more than 64
 * KiB). */
clipsearch_status cs_npy_parse(const void *data, size_t size, const char *name, cs_npy *npy, clipsearch_error *err);

/* The same for a file, which is mapped. Errors: those, CLIPSEARCH_E_NOT_FOUND, _IO. Close in any case. */
clipsearch_status cs_npy_open(const char *path, cs_npy *npy, clipsearch_error *err);
void cs_npy_close(cs_npy *npy);

/* Copy row `row` as float32 into `vector` [columns]. A float64 beyond float32's range becomes an infinity. */
void cs_npy_row(const cs_npy *npy, size_t row, float *vector);

#endif
