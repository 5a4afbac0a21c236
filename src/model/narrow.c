/* SPDX-License-Identifier: MIT
 * narrow.c - float to f16 and bf16, to the nearest, ties to even. */
#include "model/narrow.h"

#include <string.h>

/* The upper bits of `value` once its lower `drop` (1 to 31) are rounded away. */
static uint32_t round_off(uint32_t value, unsigned drop)
{
    uint32_t kept = value >> drop, rest = value & ((1U << drop) - 1), half = 1U << (drop - 1);
    return kept + (rest > half || (rest == half && (kept & 1)));
}

/* Bits of an IEEE 754 binary16. A carry out of the fraction runs into the exponent, as it should. */
static uint16_t to_f16(uint32_t bits)
{
    uint32_t sign = bits >> 16 & 0x8000, size = bits & 0x7FFFFFFF;
    if (size > 0x7F800000)
        return (uint16_t)(sign | 0x7E00); /* NaN */
    if (size >= 0x47800000)
        return (uint16_t)(sign | 0x7C00); /* 2^16 and more, infinity too */
    if (size >= 0x38800000)               /* 2^-14, the smallest normal one */
        return (uint16_t)(sign | round_off(size - 0x38000000, 13));
    if (size < 0x33000000) /* below 2^-25, half of the smallest subnormal one */
        return (uint16_t)sign;
    uint32_t fraction = (size & 0x7FFFFF) | 0x800000;
    return (uint16_t)(sign | round_off(fraction, 126 - (size >> 23)));
}

static uint16_t to_bf16(uint32_t bits)
{
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return (uint16_t)(bits >> 16 | 0x40); /* a quiet NaN: cutting could leave an infinity */
    return (uint16_t)round_off(bits, 16);
}

static float f16_value(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, size = bits & 0x7FFF;
    float value;
    if (size < 0x400) {
        value = (float)size * 0x1p-24F;
        return sign ? -value : value;
    }
    uint32_t wide = sign | (size >= 0x7C00 ? 0x7F800000 | (size & 0x3FF) << 13 : (size << 13) + 0x38000000);
    memcpy(&value, &wide, sizeof value);
    return value;
}

static float bf16_value(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

static void put(uint8_t *out, uint32_t bits, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(bits >> (8 * i));
}

void cs_narrow(cs_dtype dtype, const float *values, size_t n, void *out, cs_narrow_count *count)
{
    uint8_t *at = out;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        if (dtype == CS_F32) {
            put(at + 4 * i, bits, 4);
            continue;
        }
        uint16_t small = dtype == CS_F16 ? to_f16(bits) : to_bf16(bits);
        float back = dtype == CS_F16 ? f16_value(small) : bf16_value(small);
        put(at + 2 * i, small, 2);
        count->changed += back != values[i] && values[i] == values[i];
        count->overflow += back - back != 0 && values[i] - values[i] == 0;
    }
}
