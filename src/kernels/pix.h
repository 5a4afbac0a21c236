/* SPDX-License-Identifier: MIT
 * pix.h - the two passes of an 8-bit separable resampling, in Pillow's fixed point. */
#ifndef CS_KERNELS_PIX_H
#define CS_KERNELS_PIX_H

#include "kernels/cpu.h"

#include <stddef.h>
#include <stdint.h>

enum { CS_PIX_PRECISION = 22 }; /* fractional bits of a coefficient: Pillow's 32 - 8 - 2 (Resample.c) */

/* Sums are kept in int32: safe for any number of taps as long as the absolute values of one output's coefficients add
 * up to at most 2 << 22 (255 * 2 * 2^22 + 2^21 < 2^31). Pillow's filters stay below 1.4 << 22. */
typedef struct cs_pix_ops {
    const char *name;
    /* One output row of `out_width` RGB pixels from one input row: out[x] = clip8((half + sum_j coef[x*taps+j] *
     * in[first[x]+j]) >> 22) per channel, j < used[x] <= taps. */
    void (*horizontal)(const uint8_t *in, size_t out_width, const uint32_t *first, const uint32_t *used,
                       const int32_t *coef, size_t taps, uint8_t *out);
    /* One output row of `n` bytes from `used` input rows `stride` bytes apart: out[i] = clip8((half + sum_j coef[j] *
     * in[j*stride+i]) >> 22). */
    void (*vertical)(const uint8_t *in, size_t stride, size_t n, const int32_t *coef, size_t used, uint8_t *out);
} cs_pix_ops;

/* All levels give the same bytes. */
const cs_pix_ops *cs_pix_ops_for(cs_cpu_flags flags);
const cs_pix_ops *cs_pix(void);

#endif
