/* SPDX-License-Identifier: MIT
 * floats.h - a copy of a weight file's tensor as floats. */
#ifndef CS_NN_FLOATS_H
#define CS_NN_FLOATS_H

#include "base/error.h"
#include "model/matrix.h"

/* Row `row` of a matrix whose transpose the file does not store, as floats: out [columns]. */
void cs_floats_row(const cs_matrix *matrix, size_t row, float *out);

/* A copy of `matrix` in f32, [rows, columns] even if the file stores the transpose; the caller frees it with cs_free.
 * For what is small or transposed: large matrices are read in place (nn/linear). CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_floats_copy(const cs_matrix *matrix, float **floats, clipsearch_error *err);

#endif
