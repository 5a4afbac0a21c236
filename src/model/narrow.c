/* SPDX-License-Identifier: MIT
 * narrow.c - floats as the bytes of a shorter type, and what that changed. */
#include "model/narrow.h"

#include "base/half.h"

static void put(uint8_t *out, uint32_t bits, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(bits >> (8 * i));
}

void cs_narrow(cs_dtype dtype, const float *values, size_t n, void *out, cs_narrow_count *count)
{
    uint8_t *at = out;
    for (size_t i = 0; i < n; i++) {
        if (dtype == CS_F32) {
            put(at + 4 * i, cs_float_bits(values[i]), 4);
            continue;
        }
        uint16_t half = dtype == CS_F16 ? cs_f16_from_float(values[i]) : cs_bf16_from_float(values[i]);
        float back = dtype == CS_F16 ? cs_float_from_f16(half) : cs_float_from_bf16(half);
        put(at + 2 * i, half, 2);
        count->changed += back != values[i] && values[i] == values[i];
        count->overflow += back - back != 0 && values[i] - values[i] == 0;
    }
}
