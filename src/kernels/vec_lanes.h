/* SPDX-License-Identifier: MIT
 * vec_lanes.h - products and distances, in the words of lanes_<set>.h. */
#include "kernels/sum_lanes.h"
#include "kernels/vec_impl.h"

/* Rows of this many floats and more are scored one at a time: read from memory, four interleaved streams of 2 KB rows
 * came at half the speed of one (docs/speed.md, "Exact scan"); shorter rows gain from sharing the query's registers.
 * Where VEC_ROWS is 1, two loads an accumulation are still far faster than memory brings new rows. */
enum { LONG_ROW = 256 };

/* `count` <= VEC_ROWS rows against a. */
static inline __attribute__((always_inline)) void score(int distance, const float *a, const float *rows, size_t stride,
                                                        size_t count, size_t n, float *out)
{
    lanes sums[VEC_ROWS][ACCUMULATORS];
    size_t i = 0;
    for (size_t r = 0; r < count; r++)
        for (size_t v = 0; v < ACCUMULATORS; v++)
            sums[r][v] = lanes_zero();
    for (; i + SUM_STEP <= n; i += SUM_STEP)
        for (size_t v = 0; v < ACCUMULATORS; v++) {
            lanes x = lanes_load(a + i + v * LANES);
            for (size_t r = 0; r < count; r++)
                sums[r][v] = add(distance, x, lanes_load(rows + r * stride + i + v * LANES), sums[r][v]);
        }
    for (size_t v = 0; v < ACCUMULATORS; v++) {
        const size_t done = i + v * LANES;
        const lanes_mask mask = lanes_first(done < n ? n - done : 0);
        lanes x = lanes_load_masked(a + done, mask);
        for (size_t r = 0; r < count; r++)
            sums[r][v] = add(distance, x, lanes_load_masked(rows + r * stride + done, mask), sums[r][v]);
    }
    for (size_t r = 0; r < count; r++)
        out[r] = total(sums[r]);
}

static float dot(const float *a, const float *b, size_t n)
{
    float sum;
    score(0, a, b, 0, 1, n, &sum);
    return sum;
}

static float l2sq(const float *a, const float *b, size_t n)
{
    float sum;
    score(1, a, b, 0, 1, n, &sum);
    return sum;
}

static void dot_many(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out)
{
    size_t r = 0;
    for (; VEC_ROWS > 1 && n < LONG_ROW && r + VEC_ROWS <= count; r += VEC_ROWS)
        score(0, query, rows + r * stride, stride, VEC_ROWS, n, out + r);
    for (; r < count; r++)
        score(0, query, rows + r * stride, stride, 1, n, out + r);
}

static void l2sq_many(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out)
{
    size_t r = 0;
    for (; VEC_ROWS > 1 && n < LONG_ROW && r + VEC_ROWS <= count; r += VEC_ROWS)
        score(1, query, rows + r * stride, stride, VEC_ROWS, n, out + r);
    for (; r < count; r++)
        score(1, query, rows + r * stride, stride, 1, n, out + r);
}
