/* SPDX-License-Identifier: MIT
 * i8_c.c - integer products, the plain reference. */
#include "kernels/i8_impl.h"

#include <assert.h>

static void dot(const int8_t *query, const uint8_t *rows, size_t stride, const uint32_t *picked, size_t count, size_t n,
                int32_t *out)
{
    assert(n % CS_I8_STEP == 0 && n <= CS_I8_MAX && stride >= n);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = rows + picked[i] * stride;
        int32_t sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += query[j] * row[j];
        out[i] = sum;
    }
}

static void dot_run(const int8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n, int32_t *out)
{
    for (size_t i = 0; i < count; i++)
        dot(query, rows + i * stride, stride, &(uint32_t){0}, 1, n, out + i);
}

const cs_i8_ops cs_i8_ops_c = {.name = "i8 c", .dot = dot, .dot_run = dot_run};
