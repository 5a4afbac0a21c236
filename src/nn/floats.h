/* SPDX-License-Identifier: MIT
 * floats.h - a tensor of a weight file as floats of our own. */
#ifndef CS_NN_FLOATS_H
#define CS_NN_FLOATS_H

#include "base/error.h"
#include "model/matrix.h"

/* A copy of `matrix` in f32, [rows, columns] whichever way round the file has it; the caller frees it with cs_free.
 * For what is small or transposed: big matrices are read where they lie (nn/linear). CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_floats_copy(const cs_matrix *matrix, float **floats, clipsearch_error *err);

#endif
