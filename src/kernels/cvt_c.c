/* SPDX-License-Identifier: MIT
 * cvt_c.c - number type conversions, the plain reference. Files are little-endian, whatever the machine is. */
#include "kernels/cvt_impl.h"

#include "base/half.h"

#include <assert.h>

static void to_f32(cs_dtype dtype, const void *src, size_t n, float *dst)
{
    const uint8_t *p = src;
    assert(n == 0 || (src && dst));
    if (dtype == CS_F32)
        for (size_t i = 0; i < n; i++, p += 4)
            dst[i] = cs_float_from_bits(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
    else if (dtype == CS_F16)
        for (size_t i = 0; i < n; i++, p += 2)
            dst[i] = cs_float_from_f16((uint16_t)(p[0] | (uint32_t)p[1] << 8));
    else
        for (size_t i = 0; i < n; i++, p += 2)
            dst[i] = cs_float_from_bf16((uint16_t)(p[0] | (uint32_t)p[1] << 8));
}

const cs_cvt_ops cs_cvt_ops_c = {.name = "cvt c", .to_f32 = to_f32};
