/* SPDX-License-Identifier: MIT
 * depthwise_lanes.h - one row of a depthwise convolution, in the words of lanes_<set>.h. */
#include "kernels/depthwise_impl.h"
#include "kernels/masked_lanes.h"

enum { LINE = 64 /* bytes of a cache line */ };

/* LANES channels from `c` on, or as many as are left. */
typedef struct channels_at {
    size_t c;
    int whole; /* all lanes are channels */
    lanes_mask mask;
} channels_at;

/* Kernel rows that lie inside the image: `count` from `first` on. */
typedef struct kernel_rows {
    size_t first, count;
} kernel_rows;

/* One output, any kernel, any place. */
static void pixel(const cs_depthwise_call *call, kernel_rows rows, size_t x, channels_at at)
{
    const size_t place = x * call->channels + at.c;
    lanes sum = load(call->bias + at.c, at.whole, at.mask);
    for (size_t ky = rows.first; ky < rows.first + rows.count; ky++)
        for (size_t kx = 0; kx < call->kernel_w; kx++) {
            const size_t column = x * call->stride + kx - call->pad; /* below 0 wraps around to more than any width */
            if (column >= call->width)
                continue;
            const float *w = call->weights + (ky * call->kernel_w + kx) * call->channels + at.c;
            sum = lanes_fma(load(call->rows[ky] + column * call->channels + at.c, at.whole, at.mask),
                            load(w, at.whole, at.mask), sum);
        }
    if (call->residual)
        sum = lanes_add(sum, load(call->residual + place, at.whole, at.mask));
    /* the second operand comes out when one is NaN */
    sum = lanes_min(lanes_set(call->high), lanes_max(lanes_set(call->low), sum));
    store(call->y + place, at.whole, at.mask, sum);
}

/* Outputs [begin, end), none of whose taps is outside, of a kernel 3 wide with `count` rows: its weights stay in
 * registers. */
static inline __attribute__((always_inline)) void span(const cs_depthwise_call *call, size_t first, size_t count,
                                                       size_t begin, size_t end, int whole, channels_at at)
{
    const size_t channels = call->channels, move = call->stride * channels;
    const lanes bias = load(call->bias + at.c, whole, at.mask);
    const lanes low = lanes_set(call->low), high = lanes_set(call->high);
    lanes w[3][3];
    const float *x[3];
    for (size_t r = 0; r < count; r++) {
        x[r] = call->rows[first + r] + (begin * call->stride - call->pad) * channels + at.c;
        for (size_t kx = 0; kx < 3; kx++)
            w[r][kx] = load(call->weights + ((first + r) * 3 + kx) * channels + at.c, whole, at.mask);
    }
    float *y = call->y + begin * channels + at.c;
    const float *residual = call->residual ? call->residual + begin * channels + at.c : NULL;
    /* of the next row's input an even share for each output; a number, since rounding may lead past the end */
    const size_t share = call->next_floats * LANES / (call->out_width * channels) * sizeof(float);
    uintptr_t next = (uintptr_t)call->next + at.c / LANES * share * (end - begin);
    for (size_t i = begin; i < end; i++, y += channels) {
        for (size_t k = 0; k < share; k += LINE)
            __builtin_prefetch((const char *)(next + k), 0, 2);
        next += share;
        lanes sum = bias;
        for (size_t r = 0; r < count; r++, x[r - 1] += move)
            for (size_t kx = 0; kx < 3; kx++)
                sum = lanes_fma(load(x[r] + kx * channels, whole, at.mask), w[r][kx], sum);
        if (residual) {
            sum = lanes_add(sum, load(residual, whole, at.mask));
            residual += channels;
        }
        /* the second operand comes out when one is NaN */
        store(y, whole, at.mask, lanes_min(high, lanes_max(low, sum)));
    }
}

static inline __attribute__((always_inline)) void spans(const cs_depthwise_call *call, kernel_rows rows, size_t begin,
                                                        size_t end, int whole, channels_at at)
{
    if (rows.count == 3)
        span(call, rows.first, 3, begin, end, whole, at);
    else if (rows.count == 2)
        span(call, rows.first, 2, begin, end, whole, at);
    else
        span(call, rows.first, 1, begin, end, whole, at);
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
        const channels_at at = {c, left >= LANES, lanes_first(left)};
        for (size_t x = 0; x < begin; x++)
            pixel(call, rows, x, at);
        if (begin < end && at.whole)
            spans(call, rows, begin, end, 1, at);
        else if (begin < end)
            spans(call, rows, begin, end, 0, at);
        for (size_t x = end; x < call->out_width; x++)
            pixel(call, rows, x, at);
    }
}
