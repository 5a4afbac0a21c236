/* SPDX-License-Identifier: MIT
 * matrix.h - a matrix of weights where it lies in its file. */
#ifndef CS_MODEL_MATRIX_H
#define CS_MODEL_MATRIX_H

#include "base/dtype.h"

#include <stdbool.h>
#include <stddef.h>

/* A matrix [rows, columns] inside a tensor, little-endian, of any alignment. transposed: the file stores its transpose
 * [columns, rows]. coded: a converted model's matrix of 8 bits, in the layout of kernels/qgemm.h; `data` are its
 * codes, `dtype` means nothing. paired: one in bf16, in the layout of kernels/bgemm.h. bytes: signed bytes, row by row;
 * a number is a byte times its row's scale, and `dtype` means nothing. */
typedef struct cs_matrix {
    cs_dtype dtype;
    const void *data;
    size_t rows, columns;
    size_t side;    /* the columns are pixels, images [columns / side^2, side, side]; 0: they are not */
    bool two_steps; /* in 8 bits its rows are quantized in two steps (kernels/qgemm.h) */
    bool transposed;
    bool coded, paired, bytes;
    const void *scales; /* when coded or of bytes: f32 [rows], of any alignment */
    const void *sums;   /* when coded: i32 [rows], of any alignment */
} cs_matrix;

#endif
