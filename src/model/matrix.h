/* SPDX-License-Identifier: MIT
 * matrix.h - a matrix of weights where it lies in its file. */
#ifndef CS_MODEL_MATRIX_H
#define CS_MODEL_MATRIX_H

#include "base/dtype.h"

#include <stdbool.h>
#include <stddef.h>

/* A matrix [rows, columns] inside a tensor, little-endian, of any alignment. transposed: the file stores its transpose
 * [columns, rows]. */
typedef struct cs_matrix {
    cs_dtype dtype;
    const void *data;
    size_t rows, columns;
    bool transposed;
} cs_matrix;

#endif
