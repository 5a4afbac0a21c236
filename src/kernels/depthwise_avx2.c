/* SPDX-License-Identifier: MIT
 * depthwise_avx2.c - one row of a depthwise convolution in 256-bit registers; the same bits as depthwise_avx512.c. */
#include "kernels/depthwise_impl.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 8 };

/* All bits set in the first n lanes. */
static inline __m256i first_lanes(size_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}

/* 8 channels from `c` on, or as many as are left. */
typedef struct channels_at {
    size_t c;
    int whole; /* all lanes are channels */
    __m256i mask;
} channels_at;

/* Kernel rows that lie inside the image: `count` from `first` on. */
typedef struct kernel_rows {
    size_t first, count;
} kernel_rows;

static inline __m256 load(channels_at at, const float *from)
{
    return at.whole ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, at.mask);
}

static inline void finish(const cs_depthwise_call *call, size_t x, channels_at at, __m256 sum)
{
    const size_t place = x * call->channels + at.c;
    if (call->residual)
        sum = _mm256_add_ps(sum, load(at, call->residual + place));
    /* the second operand comes out when one is NaN */
    sum = _mm256_min_ps(_mm256_set1_ps(call->high), _mm256_max_ps(_mm256_set1_ps(call->low), sum));
    if (at.whole)
        _mm256_storeu_ps(call->y + place, sum);
    else
        _mm256_maskstore_ps(call->y + place, at.mask, sum);
}

/* One output, any kernel, any place. */
static void pixel(const cs_depthwise_call *call, kernel_rows rows, size_t x, channels_at at)
{
    __m256 sum = load(at, call->bias + at.c);
    for (size_t ky = rows.first; ky < rows.first + rows.count; ky++)
        for (size_t kx = 0; kx < call->kernel_w; kx++) {
            const size_t column = x * call->stride + kx - call->pad; /* below 0 wraps around to more than any width */
            if (column >= call->width)
                continue;
            const float *w = call->weights + (ky * call->kernel_w + kx) * call->channels + at.c;
            sum = _mm256_fmadd_ps(load(at, call->rows[ky] + column * call->channels + at.c), load(at, w), sum);
        }
    finish(call, x, at, sum);
}

/* Outputs [begin, end), none of whose taps is outside, of a kernel 3 wide with `count` rows: its weights stay in
 * registers. */
static inline __attribute__((always_inline)) void span(const cs_depthwise_call *call, size_t first, size_t count,
                                                       size_t begin, size_t end, channels_at at)
{
    __m256 w[3][3];
    const __m256 bias = load(at, call->bias + at.c);
    const float *from[3];
    for (size_t r = 0; r < count; r++) {
        from[r] = call->rows[first + r] + at.c;
        for (size_t kx = 0; kx < 3; kx++)
            w[r][kx] = load(at, call->weights + ((first + r) * 3 + kx) * call->channels + at.c);
    }
    for (size_t x = begin; x < end; x++) {
        const size_t column = (x * call->stride - call->pad) * call->channels;
        __m256 sum = bias;
        for (size_t r = 0; r < count; r++)
            for (size_t kx = 0; kx < 3; kx++)
                sum = _mm256_fmadd_ps(load(at, from[r] + column + kx * call->channels), w[r][kx], sum);
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
        const channels_at at = {c, left >= LANES, first_lanes(left < LANES ? left : LANES)};
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

const cs_depthwise_ops cs_depthwise_ops_avx2 = {.name = "depthwise avx2", .row = row};
