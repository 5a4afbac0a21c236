/* SPDX-License-Identifier: MIT
 * floats.c - converts and, if the file stores the transpose, transposes. */
#include "nn/floats.h"

#include "base/mem.h"
#include "kernels/cvt.h"
#include "model/byte_rows.h"

void cs_floats_row(const cs_matrix *matrix, size_t row, float *out)
{
    const size_t columns = matrix->columns;
    if (matrix->bytes)
        cs_byte_rows_read(matrix, row * columns, columns, out);
    else
        cs_cvt()->to_f32(matrix->dtype, (const uint8_t *)matrix->data + row * columns * cs_dtype_size(matrix->dtype),
                         columns, out);
}

/* out [rows, columns] from the file's [columns, rows], a stored row at a time through `row` [rows] */
static void transpose(const cs_matrix *matrix, float *row, float *out)
{
    const uint8_t *stored = matrix->data;
    size_t row_bytes = matrix->rows * cs_dtype_size(matrix->dtype);
    for (size_t c = 0; c < matrix->columns; c++) {
        cs_cvt()->to_f32(matrix->dtype, stored + c * row_bytes, matrix->rows, row);
        for (size_t r = 0; r < matrix->rows; r++)
            out[r * matrix->columns + c] = row[r];
    }
}

clipsearch_status cs_floats_copy(const cs_matrix *matrix, float **floats, clipsearch_error *err)
{
    *floats = NULL;
    size_t count = 0;
    float *out = NULL, *row = NULL;
    if (!__builtin_mul_overflow(matrix->rows, matrix->columns, &count))
        out = cs_alloc_aligned(count, sizeof *out);
    if (!out)
        return cs_fail_memory(err, "a model's weights");
    if (!matrix->transposed) {
        for (size_t r = 0; r < matrix->rows; r++)
            cs_floats_row(matrix, r, out + r * matrix->columns);
    } else {
        row = cs_alloc_aligned(matrix->rows, sizeof *row);
        if (!row) {
            cs_free(out);
            return cs_fail_memory(err, "a model's weights");
        }
        transpose(matrix, row, out);
        cs_free(row);
    }
    *floats = out;
    return CLIPSEARCH_OK;
}
