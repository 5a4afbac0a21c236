/* SPDX-License-Identifier: MIT
 * test_byte_rows.c - matrices of 8 bits with a scale for each row: read as they are written, and refused when they are
 * not whole. */
#include "base/mem.h"
#include "model/byte_rows.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 3, COLUMNS = 5, ROOM = 2048 };

/* A safetensors file in memory: "m", and "m_scale" of `scales` numbers of a type; a byte in front makes the numbers lie
 * at odd addresses. */
struct file {
    char bytes[ROOM];
    size_t size;
};

static const int8_t codes[ROWS * COLUMNS] = {0, 1, -1, 127, -127, 5, 4, 3, 2, 1, -128, 100, 50, 25, 12};

static struct file make(const char *scale_name, const char *type, size_t count, const float *scales)
{
    struct file file = {.size = 8};
    const size_t bytes = count * (strcmp(type, "F32") == 0 ? 4 : 2);
    int length = snprintf(file.bytes + 8, ROOM - 8,
                          "{\"front\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"m\":{\"dtype\":\"I8\","
                          "\"shape\":[%d,%d],\"data_offsets\":[1,%d]},\"%s\":{\"dtype\":\"%s\",\"shape\":[%zu],"
                          "\"data_offsets\":[%d,%zu]}}",
                          ROWS, COLUMNS, 1 + ROWS * COLUMNS, scale_name, type, count, 1 + ROWS * COLUMNS,
                          1 + ROWS * COLUMNS + bytes);
    for (int i = 0; i < 8; i++)
        file.bytes[i] = (char)(i < 4 ? (length >> 8 * i) & 255 : 0);
    file.size += (size_t)length + 1;
    memcpy(file.bytes + file.size, codes, sizeof codes);
    file.size += sizeof codes;
    memcpy(file.bytes + file.size, scales, bytes);
    file.size += bytes;
    return file;
}

/* What the matrix "m" of a file gives. */
static clipsearch_status get(const struct file *file, size_t rows, size_t columns, cs_weights **weights,
                             cs_matrix *matrix, clipsearch_error *err)
{
    clipsearch_status status = cs_weights_open_memory(file->bytes, file->size, "file", weights, err);
    return status == CLIPSEARCH_OK ? cs_byte_rows_get(*weights, "m", rows, columns, matrix, err) : status;
}

static void test_numbers(void)
{
    static const float scales[ROWS] = {0.5F, -3, 1e-3F};
    const struct file file = make("m_scale", "F32", ROWS, scales);
    cs_weights *weights = NULL;
    cs_matrix matrix = {0};
    clipsearch_error err = {0};
    TAP_OK(get(&file, ROWS, COLUMNS, &weights, &matrix, &err) == CLIPSEARCH_OK && matrix.bytes && !matrix.coded &&
               matrix.rows == ROWS && matrix.columns == COLUMNS,
           "a matrix of bytes %s", err.message);
    bool same = true;
    for (size_t first = 0; first < ROWS * COLUMNS; first++)
        for (size_t n = 0; first + n <= ROWS * COLUMNS; n++) {
            float out[ROWS * COLUMNS + 1];
            out[n] = 77;
            cs_byte_rows_read(&matrix, first, n, out);
            for (size_t i = 0; i < n; i++)
                same = same && out[i] == scales[(first + i) / COLUMNS] * (float)codes[first + i];
            same = same && out[n] == 77;
        }
    TAP_OK(same, "any range of its numbers: each byte times its row's scale");
    TAP_OK(cs_is_byte_rows(weights, cs_weights_find(weights, "m")) &&
               !cs_is_byte_rows(weights, cs_weights_find(weights, "m_scale")) &&
               cs_is_byte_scales(weights, cs_weights_find(weights, "m_scale")) &&
               !cs_is_byte_scales(weights, cs_weights_find(weights, "m")) &&
               !cs_is_byte_scales(weights, cs_weights_find(weights, "front")),
           "which tensor is which");
    cs_weights_close(&weights);
}

static void test_refused(void)
{
    static const float good[ROWS + 1] = {1, 2, 3, 4}, infinite[ROWS] = {1, INFINITY, 3}, none[ROWS] = {1, 2, NAN};
    static const struct {
        const char *name, *type;
        size_t count;
        const float *scales;
        size_t rows, columns;
        const char *message;
    } cases[] = {
        {"m_scales", "F32", ROWS, good, ROWS, COLUMNS,
         "\"m_scale\" of 3 F32 numbers, the scales of the 8-bit rows of \"m\""},
        {"m_scale", "F32", ROWS + 1, good, ROWS, COLUMNS, "\"m_scale\" of 3 F32 numbers"},
        {"m_scale", "F16", ROWS, good, ROWS, COLUMNS, "\"m_scale\" of 3 F32 numbers"},
        {"m_scale", "F32", ROWS, infinite, ROWS, COLUMNS, "number 1 of the tensor \"m_scale\""},
        {"m_scale", "F32", ROWS, none, ROWS, COLUMNS, "number 2 of the tensor \"m_scale\""},
        {"m_scale", "F32", ROWS, good, COLUMNS, ROWS, "\"m\" is of shape [3, 5], expected [5, 3]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct file file = make(cases[i].name, cases[i].type, cases[i].count, cases[i].scales);
        cs_weights *weights = NULL;
        cs_matrix matrix = {0};
        clipsearch_error err = {0};
        TAP_OK(get(&file, cases[i].rows, cases[i].columns, &weights, &matrix, &err) == CLIPSEARCH_E_MODEL &&
                   strstr(err.message, cases[i].message) && strstr(err.message, "file: "),
               "refused: %s", err.message);
        cs_weights_close(&weights);
    }
}

int main(void)
{
    test_numbers();
    test_refused();
    return tap_done();
}
