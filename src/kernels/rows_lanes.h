/* SPDX-License-Identifier: MIT
 * rows_lanes.h - picked-row products and distances, in the words of lanes_<set>.h. */
#include "kernels/rows_impl.h"
#include "kernels/sum_lanes.h"

enum { AHEAD = 2, LINE = 64 /* bytes of a cache line */ };

typedef enum kind { F32, F16, BF16 } kind;

static inline __attribute__((always_inline)) lanes load(kind of, const char *row, size_t i)
{
    if (of == F32)
        return lanes_load((const float *)row + i);
    return of == F16 ? lanes_load_f16((const uint16_t *)row + i) : lanes_load_bf16((const uint16_t *)row + i);
}

static inline __attribute__((always_inline)) void score(int distance, kind of, const float *query, const char *rows,
                                                        size_t stride, const uint32_t *picked, size_t count, size_t n,
                                                        float *out)
{
    const size_t bytes = of == F32 ? sizeof(float) : sizeof(uint16_t);
    for (size_t i = 0; i < count; i++) {
        const char *row = rows + picked[i] * stride * bytes;
        lanes sums[ACCUMULATORS];
        if (i + AHEAD < count)
            for (size_t j = 0; j < n * bytes; j += LINE)
                __builtin_prefetch(rows + picked[i + AHEAD] * stride * bytes + j);
        for (size_t v = 0; v < ACCUMULATORS; v++)
            sums[v] = lanes_zero();
        size_t j = 0;
        for (; j + SUM_STEP <= n; j += SUM_STEP)
            for (size_t v = 0; v < ACCUMULATORS; v++)
                sums[v] = add(distance, lanes_load(query + j + v * LANES), load(of, row, j + v * LANES), sums[v]);
        for (size_t v = 0; j < n; v++, j += LANES)
            sums[v] = add(distance, lanes_load(query + j), load(of, row, j), sums[v]);
        out[i] = total(sums);
    }
}

static void dot_f32(const float *query, const float *rows, size_t stride, const uint32_t *picked, size_t count,
                    size_t n, float *out)
{
    score(0, F32, query, (const char *)rows, stride, picked, count, n, out);
}

static void l2sq_f32(const float *query, const float *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out)
{
    score(1, F32, query, (const char *)rows, stride, picked, count, n, out);
}

static void dot_f16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                    size_t n, float *out)
{
    score(0, F16, query, (const char *)rows, stride, picked, count, n, out);
}

static void l2sq_f16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out)
{
    score(1, F16, query, (const char *)rows, stride, picked, count, n, out);
}

static void dot_bf16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out)
{
    score(0, BF16, query, (const char *)rows, stride, picked, count, n, out);
}

static void l2sq_bf16(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                      size_t n, float *out)
{
    score(1, BF16, query, (const char *)rows, stride, picked, count, n, out);
}
