/* SPDX-License-Identifier: MIT
 * numbers_lanes.h - stored numbers of any type as floats, in the words of lanes_<set>.h; widening, so exact. */
#ifndef CS_KERNELS_NUMBERS_LANES_H
#define CS_KERNELS_NUMBERS_LANES_H

#include "base/dtype.h"

/* LANES numbers of `dtype` at `p`, at any alignment. */
static inline lanes load_numbers(cs_dtype dtype, const uint8_t *p)
{
    if (dtype == CS_F32)
        return lanes_load((const float *)(const void *)p);
    return dtype == CS_F16 ? lanes_load_f16(p) : lanes_load_bf16(p);
}

/* The first n, or all; zeros behind. */
static inline lanes load_numbers_first(cs_dtype dtype, const uint8_t *p, size_t n)
{
    if (dtype == CS_F32)
        return lanes_load_first((const float *)(const void *)p, n);
    return dtype == CS_F16 ? lanes_load_f16_first(p, n) : lanes_load_bf16_first(p, n);
}

#endif
