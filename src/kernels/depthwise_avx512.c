/* SPDX-License-Identifier: MIT
 * depthwise_avx512.c - one row of a depthwise convolution in 512-bit registers. */
#include "kernels/depthwise_impl.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 16 };

/* 16 channels from `c` on, or as many as are left. */
typedef struct channels_at {
    size_t c;
    __mmask16 mask;
} channels_at;

/* Kernel rows that lie inside the image: `count` from `first` on. */
typedef struct kernel_rows {
    size_t first, count;
} kernel_rows;

static inline void finish(const cs_depthwise_call *call, size_t x, channels_at at, __m512 sum)
{
    const size_t place = x * call->channels + at.c;
    if (call->residual)
        sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(at.mask, call->residual + place));
    /* the second operand comes out when one is NaN */
    sum = _mm512_min_ps(_mm512_set1_ps(call->high), _mm512_max_ps(_mm512_set1_ps(call->low), sum));
    _mm512_mask_storeu_ps(call->y + place, at.mask, sum);
}

/* One output, any kernel, any place. */
static void pixel(const cs_depthwise_call *call, kernel_rows rows, size_t x, channels_at at)
{
    __m512 sum = _mm512_maskz_loadu_ps(at.mask, call->bias + at.c);
    for (size_t ky = rows.first; ky < rows.first + rows.count; ky++)
        for (size_t kx = 0; kx < call->kernel_w; kx++) {
            const size_t column = x * call->stride + kx - call->pad; /* below 0 wraps around to more than any width */
            if (column >= call->width)
                continue;
            const float *w = call->weights + (ky * call->kernel_w + kx) * call->channels + at.c;
            sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(at.mask, call->rows[ky] + column * call->channels + at.c),
                                  _mm512_maskz_loadu_ps(at.mask, w), sum);
        }
    finish(call, x, at, sum);
}

/* Outputs [begin, end), none of whose taps is outside, of a kernel 3 wide with `count` rows: its weights stay in
 * registers. */
static inline __attribute__((always_inline)) void span(const cs_depthwise_call *call, size_t first, size_t count,
                                                       size_t begin, size_t end, channels_at at)
{
    __m512 w[3][3];
    const __m512 bias = _mm512_maskz_loadu_ps(at.mask, call->bias + at.c);
    const float *from[3];
    for (size_t r = 0; r < count; r++) {
        from[r] = call->rows[first + r] + at.c;
        for (size_t kx = 0; kx < 3; kx++)
            w[r][kx] = _mm512_maskz_loadu_ps(at.mask, call->weights + ((first + r) * 3 + kx) * call->channels + at.c);
    }
    for (size_t x = begin; x < end; x++) {
        const size_t column = (x * call->stride - call->pad) * call->channels;
        __m512 sum = bias;
        for (size_t r = 0; r < count; r++)
            for (size_t kx = 0; kx < 3; kx++)
                sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(at.mask, from[r] + column + kx * call->channels), w[r][kx],
                                      sum);
        finish(call, x, at, sum);
    }
}

static void row(const cs_depthwise_call *call)
{
    kernel_rows rows = {0, 0};
    while (rows.first < call->kernel_h && !call->rows[rows.first])
        rows.first++;
    while (rows.first + rows.count < call->kernel_h && call->rows[rows.first + rows.count])
        rows.count++;
    /* [begin, end): outputs with all their taps inside; none when span() does not know the kernel */
    size_t begin = (call->pad + call->stride - 1) / call->stride, end = begin;
    if (call->kernel_w == 3 && rows.count >= 1 && rows.count <= 3 && call->width + call->pad >= 3)
        end = (call->width + call->pad - 3) / call->stride + 1;
    end = end < call->out_width ? end : call->out_width;
    begin = begin < end ? begin : end;
    for (size_t c = 0; c < call->channels; c += LANES) {
        const size_t left = call->channels - c;
        const channels_at at = {c, (__mmask16)(left >= LANES ? 0xffff : (1u << left) - 1)};
        for (size_t x = 0; x < begin; x++)
            pixel(call, rows, x, at);
        if (begin < end && rows.count == 3)
            span(call, rows.first, 3, begin, end, at);
        else if (begin < end && rows.count == 2)
            span(call, rows.first, 2, begin, end, at);
        else if (begin < end)
            span(call, rows.first, 1, begin, end, at);
        for (size_t x = end; x < call->out_width; x++)
            pixel(call, rows, x, at);
    }
}

const cs_depthwise_ops cs_depthwise_ops_avx512 = {.name = "depthwise avx512", .row = row};
