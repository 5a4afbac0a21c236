/* SPDX-License-Identifier: MIT
 * half.h - floats to the two 16-bit types and back: IEEE 754 binary16 (f16), and bfloat16, a float's upper half. */
#ifndef CS_BASE_HALF_H
#define CS_BASE_HALF_H

#include <stdint.h>
#include <string.h>

/* The upper bits of `bits` when the lower `drop` (1 to 31) are rounded away, to nearest, ties to even. */
static inline uint32_t cs_round_bits(uint32_t bits, unsigned drop)
{
    return (bits + (1U << (drop - 1)) - 1 + (bits >> drop & 1)) >> drop;
}

/* To nearest, ties to even. From 65,520 on an infinity; below 2^-14 the nearest subnormal number or zero; NaN stays
 * NaN, quiet. A carry out of the fraction runs into the exponent, as it should. */
static inline uint16_t cs_f16_from_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    if (size >= 0x47800000) /* 2^16 and more, infinity; NaN */
        return (uint16_t)(sign | (size > 0x7f800000 ? 0x7e00 : 0x7c00));
    if (size >= 0x38800000) /* 2^-14, the smallest normal number */
        return (uint16_t)(sign | cs_round_bits(size - 0x38000000, 13));
    if (size < 0x33000000) /* 2^-25, half of the smallest subnormal number */
        return (uint16_t)sign;
    return (uint16_t)(sign | cs_round_bits((size & 0x7fffff) | 0x800000, 126 - (size >> 23)));
}

/* To nearest, ties to even; what rounds beyond the largest becomes an infinity; NaN stays NaN, quiet. */
static inline uint16_t cs_bf16_from_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40); /* cutting alone could leave an infinity */
    return (uint16_t)cs_round_bits(bits, 16);
}

/* Exact. */
static inline float cs_float_from_f16(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, size = half & 0x7fff;
    float value;
    if (size < 0x400) { /* zero or subnormal */
        value = (float)size * 0x1p-24f;
        return sign ? -value : value;
    }
    const uint32_t bits = sign | (size >= 0x7c00 ? 0x7f800000 | (size & 0x3ff) << 13 : (size << 13) + 0x38000000);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Exact. */
static inline float cs_float_from_bf16(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
