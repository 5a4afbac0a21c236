/* SPDX-License-Identifier: MIT
 * byte_rows.c - finds the bytes and their scales, and checks both. */
#include "model/byte_rows.h"

#include "base/half.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME = 256 };

static const cs_tensor *find_scales(const cs_weights *weights, const char *name, char full[NAME])
{
    const int length = snprintf(full, NAME, "%s%s", name, CS_BYTE_SCALE);
    return length < NAME ? cs_weights_find(weights, full) : NULL;
}

bool cs_is_byte_rows(const cs_weights *weights, const cs_tensor *tensor)
{
    char full[NAME];
    return tensor->rank == 2 && strcmp(tensor->stored, "I8") == 0 && find_scales(weights, tensor->name, full);
}

bool cs_is_byte_scales(const cs_weights *weights, const cs_tensor *tensor)
{
    const size_t length = strlen(tensor->name), ending = sizeof CS_BYTE_SCALE - 1;
    char name[NAME];
    if (length <= ending || length - ending >= sizeof name ||
        strcmp(tensor->name + length - ending, CS_BYTE_SCALE) != 0)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(length - ending), tensor->name);
    const cs_tensor *rows = cs_weights_find(weights, name);
    return rows && cs_is_byte_rows(weights, rows);
}

static float scale_of(const void *scales, size_t row)
{
    const uint8_t *p = (const uint8_t *)scales + 4 * row;
    return cs_float_from_bits(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

/* Scales that are not numbers would make vectors of no numbers, which are noticed late. */
static clipsearch_status check_scales(const cs_weights *weights, const cs_tensor *scales, clipsearch_error *err)
{
    for (size_t i = 0; i < scales->count; i++)
        if (!isfinite(scale_of(scales->data, i)))
            return cs_fail(
                err, CLIPSEARCH_E_MODEL,
                "%s: number %zu of the tensor \"%s\", the scale of a row of 8-bit weights, is not finite; the "
                "file is damaged",
                cs_weights_path(weights), i, scales->name);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_byte_rows_get(const cs_weights *weights, const char *name, size_t rows, size_t columns,
                                   cs_matrix *matrix, clipsearch_error *err)
{
    const size_t shape[] = {rows, columns};
    const cs_tensor *tensor = cs_weights_find(weights, name);
    char full[NAME];
    if (!tensor || strcmp(tensor->stored, "I8") != 0 || tensor->rank != 2 || tensor->shape[0] != rows ||
        tensor->shape[1] != columns) {
        clipsearch_status status = cs_weights_get(weights, name, 2, shape, &tensor, err);
        if (status == CLIPSEARCH_OK)
            *matrix = (cs_matrix){.dtype = tensor->dtype, .data = tensor->data, .rows = rows, .columns = columns};
        return status;
    }
    const cs_tensor *scales = find_scales(weights, name, full);
    if (!scales || strcmp(scales->stored, "F32") != 0 || scales->rank != 1 || scales->shape[0] != rows)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: the tensor \"%s\" of %zu F32 numbers, the scales of the 8-bit rows of \"%s\", is not there",
                       cs_weights_path(weights), full, rows, name);
    *matrix =
        (cs_matrix){.data = tensor->data, .rows = rows, .columns = columns, .bytes = true, .scales = scales->data};
    return check_scales(weights, scales, err);
}

void cs_byte_rows_read(const cs_matrix *matrix, size_t first, size_t n, float *out)
{
    const int8_t *bytes = (const int8_t *)matrix->data + first;
    while (n > 0) {
        const size_t left = matrix->columns - first % matrix->columns, count = left < n ? left : n;
        const float scale = scale_of(matrix->scales, first / matrix->columns);
        for (size_t i = 0; i < count; i++)
            out[i] = scale * (float)bytes[i];
        first += count;
        bytes += count;
        out += count;
        n -= count;
    }
}
