/* SPDX-License-Identifier: MIT
 * cvt_lanes.h - number type conversions, in the words of lanes_<set>.h. */
#include "kernels/cvt_impl.h"
#include "kernels/numbers_lanes.h"

static void to_f32(cs_dtype dtype, const void *src, size_t n, float *dst)
{
    const uint8_t *p = src;
    const size_t size = cs_dtype_size(dtype);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        lanes_store(dst + i, load_numbers(dtype, p + i * size));
    if (i < n)
        lanes_store_first(dst + i, n - i, load_numbers_first(dtype, p + i * size, n - i));
}
