/* SPDX-License-Identifier: MIT
 * half.h - the two 16-bit floating-point types and float: IEEE 754 binary16 (f16: 1 sign, 5 exponent, 10 fraction bits)
 * and bfloat16 (bf16: the upper half of a float). Bits are in numbers of the machine, not in a file's byte order. */
#ifndef CS_BASE_HALF_H
#define CS_BASE_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t cs_float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float cs_float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The upper bits of `value` once its lower `drop` (1 to 31) are rounded away: to the nearest, ties to even. */
static inline uint32_t cs_round_bits(uint32_t value, unsigned drop)
{
    uint32_t kept = value >> drop, rest = value & ((1U << drop) - 1), half = 1U << (drop - 1);
    return kept + (rest > half || (rest == half && (kept & 1)));
}

/* A float to the nearest f16, ties to even, subnormal ones too. From 65520 on it is infinity; NaN stays NaN. */
static inline uint16_t cs_f16_from_float(float value)
{
    uint32_t bits = cs_float_bits(value), sign = bits >> 16 & 0x8000, size = bits & 0x7FFFFFFF;
    if (size > 0x7F800000)
        return (uint16_t)(sign | 0x7E00); /* NaN */
    if (size >= 0x47800000)
        return (uint16_t)(sign | 0x7C00); /* 2^16 and more, infinity too */
    if (size >= 0x38800000) /* 2^-14, the smallest normal one; a carry runs into the exponent, as it should */
        return (uint16_t)(sign | cs_round_bits(size - 0x38000000, 13));
    if (size < 0x33000000) /* below 2^-25, half of the smallest subnormal one */
        return (uint16_t)sign;
    uint32_t fraction = (size & 0x7FFFFF) | 0x800000;
    return (uint16_t)(sign | cs_round_bits(fraction, 126 - (size >> 23)));
}

/* A float to the nearest bf16, ties to even. NaN stays NaN: cutting alone could leave an infinity. */
static inline uint16_t cs_bf16_from_float(float value)
{
    uint32_t bits = cs_float_bits(value);
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)cs_round_bits(bits, 16);
}

/* Both exact. */
static inline float cs_float_from_f16(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, size = half & 0x7FFF;
    if (size >= 0x7C00) /* infinity or NaN */
        return cs_float_from_bits(sign | 0x7F800000 | (size & 0x3FF) << 13);
    if (size >= 0x400)
        return cs_float_from_bits(sign | ((size << 13) + 0x38000000));
    float value = (float)size * 0x1p-24F; /* zero or subnormal: a multiple of 2^-24 */
    return sign ? -value : value;
}

static inline float cs_float_from_bf16(uint16_t half)
{
    return cs_float_from_bits((uint32_t)half << 16);
}

#endif
