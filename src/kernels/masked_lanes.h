/* SPDX-License-Identifier: MIT
 * masked_lanes.h - vectors that may be the last, shorter one, in the words of lanes_<set>.h, which is included before
 * it. */
#ifndef CS_KERNELS_MASKED_LANES_H
#define CS_KERNELS_MASKED_LANES_H

/* `whole`, a constant: all lanes count. A load without a mask becomes part of the instruction that uses it; masked
 * stores are slow on AMD processors (see lanes_avx2.h). */
static inline __attribute__((always_inline)) lanes load(const float *from, int whole, lanes_mask mask)
{
    return whole ? lanes_load(from) : lanes_load_masked(from, mask);
}

static inline __attribute__((always_inline)) void store(float *to, int whole, lanes_mask mask, lanes y)
{
    if (whole)
        lanes_store(to, y);
    else
        lanes_store_masked(to, mask, y);
}

#endif
