/* SPDX-License-Identifier: MIT
 * pix_c.c - the two passes of 8-bit resampling, the plain reference. */
#include "kernels/pix_impl.h"

#include <assert.h>

enum { HALF = 1 << (CS_PIX_PRECISION - 1) };

static uint8_t clip8(int32_t sum)
{
    int32_t value = sum >> CS_PIX_PRECISION;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void horizontal(const uint8_t *in, size_t out_width, const uint32_t *first, const uint32_t *used,
                       const int32_t *coef, size_t taps, uint8_t *out)
{
    for (size_t x = 0; x < out_width; x++, coef += taps, out += 3) {
        const uint8_t *p = in + (size_t)first[x] * 3;
        int32_t r = HALF, g = HALF, b = HALF;
        assert(used[x] <= taps);
        for (uint32_t j = 0; j < used[x]; j++, p += 3) {
            r += coef[j] * p[0];
            g += coef[j] * p[1];
            b += coef[j] * p[2];
        }
        out[0] = clip8(r);
        out[1] = clip8(g);
        out[2] = clip8(b);
    }
}

static void vertical(const uint8_t *in, size_t stride, size_t n, const int32_t *coef, size_t used, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        int32_t sum = HALF;
        for (size_t j = 0; j < used; j++)
            sum += coef[j] * in[j * stride + i];
        out[i] = clip8(sum);
    }
}

const cs_pix_ops cs_pix_ops_c = {.name = "pix c", .horizontal = horizontal, .vertical = vertical};
