/* SPDX-License-Identifier: MIT
 * qconv_row.h - quantizing: plain C that every table compiles with its own flags, with the same bits. */
#ifndef CS_KERNELS_QCONV_ROW_H
#define CS_KERNELS_QCONV_ROW_H

#include "kernels/qconv_impl.h"

#include <string.h>

/* To the nearest whole number: adding 1.5 * 2^23 rounds a float to one, which then is in its lowest bits. Compilers
 * make vectors of this and not of rintf. */
static inline int32_t qconv_nearest(float x)
{
    const float shifted = x + 0x1.8p23f;
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    return bits - 0x4b400000;
}

static inline void qconv_quantize(const float *restrict x, size_t n, const cs_qconv_scale *scale,
                                  uint8_t *restrict codes, size_t run)
{
    memset(codes + n, 0, run - n);
    if (!(scale->scale > 0)) {
        memset(codes, 0, n);
        return;
    }
    const float inverse = 1 / scale->scale;
    const int32_t zero = scale->zero, most = scale->most;
    for (size_t i = 0; i < n; i++) {
        const int32_t code = qconv_nearest(x[i] * inverse) + zero;
        codes[i] = (uint8_t)(code < 0 ? 0 : code > most ? most : code);
    }
}

#endif
