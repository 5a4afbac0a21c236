/* SPDX-License-Identifier: MIT
 * byte_rows.h - matrices that a file may store in 8 bits, with a scale for each row. */
#ifndef CS_MODEL_BYTE_ROWS_H
#define CS_MODEL_BYTE_ROWS_H

#include "model/matrix.h"
#include "model/weights.h"

/* The scales of the matrix NAME are the tensor NAME and this ending: F32 [rows]. */
#define CS_BYTE_SCALE "_scale"

/* Whether a tensor is stored so: I8 of two dimensions, with another beside it that is named as its scales. */
bool cs_is_byte_rows(const cs_weights *weights, const cs_tensor *tensor);

/* Whether a tensor belongs to one that is stored so. */
bool cs_is_byte_scales(const cs_weights *weights, const cs_tensor *tensor);

/* The matrix `name` [rows, columns], of floats or of bytes with scales. CLIPSEARCH_E_MODEL names file, tensor, and what
 * was expected: also for scales that are missing, of another shape or type, or not finite. */
clipsearch_status cs_byte_rows_get(const cs_weights *weights, const char *name, size_t rows, size_t columns,
                                   cs_matrix *matrix, clipsearch_error *err);

/* The numbers [first, first + n) of a matrix of bytes, counted row by row, at `out`. */
void cs_byte_rows_read(const cs_matrix *matrix, size_t first, size_t n, float *out);

#endif
