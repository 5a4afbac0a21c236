/* SPDX-License-Identifier: MIT
 * depthwise_lanes.h - one row of a depthwise convolution, in the words of lanes_<set>.h. */
#include "kernels/depthwise_impl.h"
#include "kernels/masked_lanes.h"

enum {
    LINE = 64,  /* bytes of a cache line */
    BESIDE = 4, /* outputs, or vectors of channels, whose sums go on side by side: one waits on itself at each tap */
    WIDE = 5    /* a kernel that is computed for outputs side by side */
};

/* LANES channels from `c` on, or as many as are left. */
typedef struct channels_at {
    size_t c;
    lanes_mask mask;
} channels_at;

/* Kernel rows that lie inside the image: `count` from `first` on. */
typedef struct kernel_rows {
    size_t first, count;
} kernel_rows;

/* What outputs are clamped to. */
typedef struct limits {
    lanes low, high;
} limits;

static inline limits read_limits(const cs_depthwise_call *call)
{
    return (limits){lanes_set(call->low), lanes_set(call->high)};
}

/* `residual` (NULL: there is none) and `y` are at the output's place. */
static inline __attribute__((always_inline)) void finish(limits to, const float *residual, float *y, int whole,
                                                         lanes_mask mask, lanes sum)
{
    if (residual)
        sum = lanes_add(sum, load(residual, whole, mask));
    /* the second operand comes out when one is NaN */
    store(y, whole, mask, lanes_min(to.high, lanes_max(to.low, sum)));
}

/* The residual of an output, NULL when there is none. */
static inline const float *residual_at(const cs_depthwise_call *call, size_t place)
{
    return call->residual ? call->residual + place : NULL;
}

/* One output, any kernel, any place; `vectors` times LANES channels. */
static inline __attribute__((always_inline)) void pixel(const cs_depthwise_call *call, kernel_rows rows, size_t x,
                                                        size_t vectors, int whole, channels_at at)
{
    const size_t channels = call->channels, place = x * channels + at.c, left = x * call->stride;
    const size_t end = call->width + call->pad > left ? call->width + call->pad - left : 0;
    const size_t first = call->pad > left ? call->pad - left : 0, last = end < call->kernel_w ? end : call->kernel_w;
    lanes sums[BESIDE];
    for (size_t v = 0; v < vectors; v++)
        sums[v] = load(call->bias + at.c + v * LANES, whole, at.mask);
    for (size_t ky = rows.first; ky < rows.first + rows.count; ky++) {
        const float *from = call->rows[ky] + (left + first - call->pad) * channels + at.c;
        const float *w = call->weights + (ky * call->kernel_w + first) * channels + at.c;
        for (size_t kx = first; kx < last; kx++, from += channels, w += channels)
            for (size_t v = 0; v < vectors; v++)
                sums[v] =
                    lanes_fma(load(from + v * LANES, whole, at.mask), load(w + v * LANES, whole, at.mask), sums[v]);
    }
    const limits to = read_limits(call);
    for (size_t v = 0; v < vectors; v++)
        finish(to, residual_at(call, place + v * LANES), call->y + place + v * LANES, whole, at.mask, sums[v]);
}

/* All channels of one output. */
static void all_channels(const cs_depthwise_call *call, kernel_rows rows, size_t x)
{
    channels_at at = {.mask = lanes_first(LANES)};
    for (; at.c + BESIDE * LANES <= call->channels; at.c += BESIDE * LANES)
        pixel(call, rows, x, BESIDE, 1, at);
    for (; at.c + LANES <= call->channels; at.c += LANES)
        pixel(call, rows, x, 1, 1, at);
    at.mask = lanes_first(call->channels - at.c);
    if (at.c < call->channels)
        pixel(call, rows, x, 1, 0, at);
}

/* What of the next row's input is called into the cache while outputs are computed: an even share for each of them. */
static size_t share_ahead(const cs_depthwise_call *call)
{
    return call->next_floats * LANES / (call->out_width * call->channels) * sizeof(float);
}

/* `count` outputs from x on, none of whose taps is outside, of a kernel WIDE wide. Inputs are loaded once for all of
 * them. */
static inline __attribute__((always_inline)) void wide(const cs_depthwise_call *call, kernel_rows rows, size_t x,
                                                       size_t count, size_t stride, int whole, channels_at at)
{
    const size_t channels = call->channels;
    lanes sums[BESIDE];
    for (size_t i = 0; i < count; i++)
        sums[i] = load(call->bias + at.c, whole, at.mask);
    for (size_t ky = rows.first; ky < rows.first + rows.count; ky++) {
        const float *from = call->rows[ky] + (x * stride - call->pad) * channels + at.c;
        const float *w = call->weights + ky * WIDE * channels + at.c;
        lanes in[(BESIDE - 1) * 2 + WIDE];
        for (size_t k = 0; k < (count - 1) * stride + WIDE; k++)
            in[k] = load(from + k * channels, whole, at.mask);
        for (size_t kx = 0; kx < WIDE; kx++) {
            const lanes one = load(w + kx * channels, whole, at.mask);
            for (size_t i = 0; i < count; i++)
                sums[i] = lanes_fma(in[i * stride + kx], one, sums[i]);
        }
    }
    const limits to = read_limits(call);
    for (size_t i = 0; i < count; i++) {
        const size_t place = (x + i) * channels + at.c;
        finish(to, residual_at(call, place), call->y + place, whole, at.mask, sums[i]);
    }
}

/* Outputs [begin, end) of such a kernel, up to BESIDE at a time. */
static inline __attribute__((always_inline)) void wide_span(const cs_depthwise_call *call, kernel_rows rows,
                                                            size_t begin, size_t end, size_t stride, int whole,
                                                            channels_at at)
{
    const size_t share = share_ahead(call);
    uintptr_t next = (uintptr_t)call->next + at.c / LANES * share * (end - begin);
    for (size_t x = begin, blocks = (end - begin + BESIDE - 1) / BESIDE; blocks; blocks--) {
        const size_t count = (end - x + blocks - 1) / blocks;
        for (size_t k = 0; k < share * count; k += LINE)
            __builtin_prefetch((const char *)(next + k), 0, 2);
        next += share * count;
        switch (count) {
        case 4:
            wide(call, rows, x, 4, stride, whole, at);
            break;
        case 3:
            wide(call, rows, x, 3, stride, whole, at);
            break;
        case 2:
            wide(call, rows, x, 2, stride, whole, at);
            break;
        default:
            wide(call, rows, x, 1, stride, whole, at);
            break;
        }
        x += count;
    }
}

/* Outputs [begin, end), none of whose taps is outside, of a kernel 3 wide with `count` rows: its weights stay in
 * registers. */
static inline __attribute__((always_inline)) void span(const cs_depthwise_call *call, size_t first, size_t count,
                                                       size_t begin, size_t end, int whole, channels_at at)
{
    const size_t channels = call->channels, move = call->stride * channels;
    const lanes bias = load(call->bias + at.c, whole, at.mask);
    const limits to = read_limits(call);
    float *y = call->y + begin * channels + at.c;
    const float *residual = residual_at(call, begin * channels + at.c);
    lanes w[3][3];
    const float *x[3];
    for (size_t r = 0; r < count; r++) {
        x[r] = call->rows[first + r] + (begin * call->stride - call->pad) * channels + at.c;
        for (size_t kx = 0; kx < 3; kx++)
            w[r][kx] = load(call->weights + ((first + r) * 3 + kx) * channels + at.c, whole, at.mask);
    }
    const size_t share = share_ahead(call); /* `next` is a number, since rounding may lead past the end */
    uintptr_t next = (uintptr_t)call->next + at.c / LANES * share * (end - begin);
    for (size_t i = begin; i < end; i++, y += channels) {
        for (size_t k = 0; k < share; k += LINE)
            __builtin_prefetch((const char *)(next + k), 0, 2);
        next += share;
        lanes sum = bias;
        for (size_t r = 0; r < count; r++, x[r - 1] += move)
            for (size_t kx = 0; kx < 3; kx++)
                sum = lanes_fma(load(x[r] + kx * channels, whole, at.mask), w[r][kx], sum);
        finish(to, residual, y, whole, at.mask, sum);
        if (residual)
            residual += channels;
    }
}

static inline __attribute__((always_inline)) void spans(const cs_depthwise_call *call, kernel_rows rows, size_t begin,
                                                        size_t end, int whole, channels_at at)
{
    if (call->kernel_w == WIDE && call->stride == 1)
        wide_span(call, rows, begin, end, 1, whole, at);
    else if (call->kernel_w == WIDE)
        wide_span(call, rows, begin, end, 2, whole, at);
    else if (rows.count == 3)
        span(call, rows.first, 3, begin, end, whole, at);
    else if (rows.count == 2)
        span(call, rows.first, 2, begin, end, whole, at);
    else
        span(call, rows.first, 1, begin, end, whole, at);
}

/* Whether there is a loop for the kernel where none of its taps is outside. */
static int known_kernel(const cs_depthwise_call *call, kernel_rows rows)
{
    return (call->kernel_w == 3 && rows.count >= 1 && rows.count <= 3) || (call->kernel_w == WIDE && call->stride <= 2);
}

static void row(const cs_depthwise_call *call)
{
    kernel_rows rows = {0, 0};
    while (rows.first < call->kernel_h && !call->rows[rows.first])
        rows.first++;
    while (rows.first + rows.count < call->kernel_h && call->rows[rows.first + rows.count])
        rows.count++;
    /* [begin, end): outputs with all their taps inside; none when the kernel has no loop */
    size_t begin = (call->pad + call->stride - 1) / call->stride, end = begin;
    if (known_kernel(call, rows) && call->width + call->pad >= call->kernel_w)
        end = (call->width + call->pad - call->kernel_w) / call->stride + 1;
    end = end < call->out_width ? end : call->out_width;
    begin = begin < end ? begin : end;
    for (size_t x = 0; x < begin; x++)
        all_channels(call, rows, x);
    for (size_t c = 0; begin < end && c < call->channels; c += LANES) {
        const size_t left = call->channels - c;
        const channels_at at = {c, lanes_first(left)};
        if (left >= LANES) /* all lanes are channels */
            spans(call, rows, begin, end, 1, at);
        else
            spans(call, rows, begin, end, 0, at);
    }
    for (size_t x = end; x < call->out_width; x++)
        all_channels(call, rows, x);
}
