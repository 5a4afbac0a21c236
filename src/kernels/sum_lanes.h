/* SPDX-License-Identifier: MIT
 * sum_lanes.h - how the bodies that add up many products do it: one order, so that all levels give the same bits. */
#ifndef CS_KERNELS_SUM_LANES_H
#define CS_KERNELS_SUM_LANES_H

/* Element i goes into place i % 16 of sum i / 16 % 4, by fused multiply-add; at the end the four sums, then halves of
 * places, are added pairwise. A sum is SUM_PARTS vectors, one after another. */
enum { SUM_PARTS = 16 / LANES, ACCUMULATORS = 4 * SUM_PARTS, SUM_STEP = LANES * ACCUMULATORS };

static inline __attribute__((always_inline)) float total(const lanes s[ACCUMULATORS])
{
    lanes parts[SUM_PARTS];
    for (size_t p = 0; p < SUM_PARTS; p++)
        parts[p] = lanes_add(lanes_add(s[p], s[SUM_PARTS + p]), lanes_add(s[2 * SUM_PARTS + p], s[3 * SUM_PARTS + p]));
    return lanes_total(parts);
}

/* sum + a * b, or with `distance` sum + (a - b)^2. */
static inline __attribute__((always_inline)) lanes add(int distance, lanes a, lanes b, lanes sum)
{
    if (!distance)
        return lanes_fma(a, b, sum);
    a = lanes_sub(a, b);
    return lanes_fma(a, a, sum);
}

#endif
