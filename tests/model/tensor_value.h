/* SPDX-License-Identifier: MIT
 * tensor_value.h - single weights as float, for tests: written plainly and apart from the code under test. */
#ifndef TESTS_MODEL_TENSOR_VALUE_H
#define TESTS_MODEL_TENSOR_VALUE_H

#include "base/dtype.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Element number `i` of a little-endian array of `dtype` at `data`, which may be unaligned. */
static inline float tensor_value(cs_dtype dtype, const void *data, size_t i)
{
    const uint8_t *bytes = (const uint8_t *)data + i * cs_dtype_size(dtype);
    uint32_t bits = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
    if (dtype == CS_F16) {
        int exponent = bits >> 10 & 31, fraction = bits & 1023;
        float value = exponent == 0    ? ldexpf((float)fraction, -24)
                      : exponent == 31 ? (fraction ? NAN : INFINITY)
                                       : ldexpf((float)(fraction + 1024), exponent - 25);
        return bits >> 15 ? -value : value;
    }
    bits = dtype == CS_BF16 ? bits << 16 : bits | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
