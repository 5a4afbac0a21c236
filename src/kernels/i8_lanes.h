/* SPDX-License-Identifier: MIT
 * i8_lanes.h - integer products, in the words of lanes_<set>.h. Bytes are widened first: vpmaddubsw would saturate. */
#include "kernels/i8_impl.h"

static void dot(const int8_t *query, const uint8_t *rows, size_t stride, const uint32_t *picked, size_t count, size_t n,
                int32_t *out)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = rows + picked[i] * stride;
        lanes_counts sums[2] = {lanes_no_counts(), lanes_no_counts()};
        if (i + 2 < count)
            for (size_t j = 0; j < n; j += CS_I8_STEP)
                __builtin_prefetch(rows + picked[i + 2] * stride + j);
        for (size_t j = 0; j < n; j += 2 * CODES)
            for (size_t v = 0; v < 2; v++) {
                const lanes_codes a = lanes_load_signed(query + j + v * CODES);
                const lanes_codes b = lanes_load_unsigned(row + j + v * CODES);
                sums[v] = lanes_count(sums[v], a, b);
            }
        out[i] = lanes_counts_total(sums[0], sums[1]);
    }
}

/* Several rows at a time: each piece of the query is widened once for all of them. */
static void dot_run(const int8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n, int32_t *out)
{
    enum { ROWS = 4 };
    size_t i = 0;
    for (; i + ROWS <= count; i += ROWS) {
        const uint8_t *row = rows + i * stride;
        lanes_counts sums[ROWS];
        for (size_t r = 0; r < ROWS; r++)
            sums[r] = lanes_no_counts();
        for (size_t j = 0; j < n; j += CODES) {
            const lanes_codes a = lanes_load_signed(query + j);
            for (size_t r = 0; r < ROWS; r++) {
                const lanes_codes b = lanes_load_unsigned(row + r * stride + j);
                sums[r] = lanes_count(sums[r], a, b);
            }
        }
        for (size_t r = 0; r < ROWS; r++)
            out[i + r] = lanes_counts_total(sums[r], lanes_no_counts());
    }
    for (; i < count; i++)
        dot(query, rows + i * stride, stride, &(uint32_t){0}, 1, n, out + i);
}
