/* SPDX-License-Identifier: MIT
 * cvt_c.c - number type conversions, the plain reference. Files are little-endian, whatever the machine is. */
#include "kernels/cvt_impl.h"

#include <stdint.h>
#include <string.h>

static float from_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
static float from_f16(uint32_t half)
{
    uint32_t sign = (half & 0x8000) << 16, exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
    if (exponent == 0x1f) /* infinity or NaN */
        return from_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent == 0) { /* zero or subnormal: fraction * 2^-24, which a float holds exactly */
        float size = (float)fraction * 0x1p-24f;
        return sign ? -size : size;
    }
    return from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13);
}

static void to_f32(cs_dtype dtype, const void *src, size_t n, float *dst)
{
    const uint8_t *p = src;
    if (dtype == CS_F32)
        for (size_t i = 0; i < n; i++, p += 4)
            dst[i] = from_bits(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
    else if (dtype == CS_F16)
        for (size_t i = 0; i < n; i++, p += 2)
            dst[i] = from_f16(p[0] | (uint32_t)p[1] << 8);
    else
        for (size_t i = 0; i < n; i++, p += 2)
            dst[i] = from_bits((uint32_t)p[0] << 16 | (uint32_t)p[1] << 24);
}

const cs_cvt_ops cs_cvt_ops_c = {.name = "cvt c", .to_f32 = to_f32};
