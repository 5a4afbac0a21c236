/* SPDX-License-Identifier: MIT
 * pooling.c - windows over images, a row of outputs a piece. */
#include "nn/pooling.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

typedef struct pool_job {
    const float *x;
    size_t height, width, channels; /* of x */
    size_t window, stride, pad;
    size_t out_height, out_width;
    float *y;
} pool_job;

size_t cs_pool_output(size_t size, size_t window, size_t stride, size_t pad)
{
    return size + 2 * pad < window ? 0 : (size + 2 * pad - window) / stride + 1;
}

/* The larger one; NaN when there is one. */
static inline float larger(float a, float b)
{
    return a > b || a != a ? a : b;
}

static void max_into(float *y, const float *x, size_t n)
{
    for (size_t c = 0; c < n; c++)
        y[c] = larger(y[c], x[c]);
}

static void max_row(void *context, size_t piece, unsigned worker)
{
    const pool_job *job = context;
    const size_t image = piece / job->out_height, oy = piece % job->out_height, channels = job->channels;
    const float *x = job->x + image * job->height * job->width * channels;
    (void)worker;
    for (size_t ox = 0; ox < job->out_width; ox++) {
        float *y = job->y + (piece * job->out_width + ox) * channels;
        bool first = true;
        for (size_t ky = 0; ky < job->window; ky++)
            for (size_t kx = 0; kx < job->window; kx++) {
                /* counted from the padding's edge */
                const size_t iy = oy * job->stride + ky, ix = ox * job->stride + kx;
                if (iy < job->pad || iy - job->pad >= job->height || ix < job->pad || ix - job->pad >= job->width)
                    continue;
                const float *from = x + ((iy - job->pad) * job->width + ix - job->pad) * channels;
                if (first)
                    memcpy(y, from, channels * sizeof *y);
                else
                    max_into(y, from, channels);
                first = false;
            }
    }
}

void cs_max_pool(const float *x, size_t count, size_t height, size_t width, size_t channels, size_t window,
                 size_t stride, size_t pad, float *y, cs_pool *pool)
{
    assert(stride >= 1 && pad < window);
    pool_job job = {.x = x,
                    .height = height,
                    .width = width,
                    .channels = channels,
                    .window = window,
                    .stride = stride,
                    .pad = pad,
                    .out_height = cs_pool_output(height, window, stride, pad),
                    .out_width = cs_pool_output(width, window, stride, pad),
                    .y = y};
    cs_pool_run(pool, count * job.out_height, max_row, &job);
}

static void average_row(void *context, size_t piece, unsigned worker)
{
    const pool_job *job = context;
    const size_t image = piece / job->out_height, oy = piece % job->out_height, channels = job->channels;
    const float *x = job->x + (image * job->height + oy * job->window) * job->width * channels;
    const float pixels = (float)(job->window * job->window);
    (void)worker;
    for (size_t ox = 0; ox < job->out_width; ox++) {
        float *y = job->y + (piece * job->out_width + ox) * channels;
        memset(y, 0, channels * sizeof *y);
        for (size_t ky = 0; ky < job->window; ky++)
            for (size_t kx = 0; kx < job->window; kx++) {
                const float *from = x + (ky * job->width + ox * job->window + kx) * channels;
                for (size_t c = 0; c < channels; c++)
                    y[c] += from[c];
            }
        for (size_t c = 0; c < channels; c++)
            y[c] /= pixels;
    }
}

void cs_average_pool(const float *x, size_t count, size_t height, size_t width, size_t channels, size_t window,
                     float *y, cs_pool *pool)
{
    assert(window >= 1);
    pool_job job = {.x = x,
                    .height = height,
                    .width = width,
                    .channels = channels,
                    .window = window,
                    .out_height = height / window,
                    .out_width = width / window,
                    .y = y};
    cs_pool_run(pool, count * job.out_height, average_row, &job);
}

/* Channels summed at a time: their sums fit the stack. */
enum { CHANNELS = 64 };

static void global_average(void *context, size_t piece, unsigned worker)
{
    const pool_job *job = context;
    const size_t pixels = job->height, channels = job->channels;
    const float *x = job->x + piece * pixels * channels;
    (void)worker;
    for (size_t begin = 0; begin < channels; begin += CHANNELS) {
        const size_t n = channels - begin < CHANNELS ? channels - begin : CHANNELS;
        double sums[CHANNELS] = {0};
        for (size_t i = 0; i < pixels; i++)
            for (size_t c = 0; c < n; c++)
                sums[c] += x[i * channels + begin + c];
        for (size_t c = 0; c < n; c++)
            job->y[piece * channels + begin + c] = (float)(sums[c] / (double)pixels);
    }
}

static void global_max(void *context, size_t piece, unsigned worker)
{
    const pool_job *job = context;
    const size_t pixels = job->height, channels = job->channels;
    const float *x = job->x + piece * pixels * channels;
    float *y = job->y + piece * channels;
    (void)worker;
    memcpy(y, x, channels * sizeof *y);
    for (size_t i = 1; i < pixels; i++)
        max_into(y, x + i * channels, channels);
}

void cs_global_average_pool(const float *x, size_t count, size_t pixels, size_t channels, float *y, cs_pool *pool)
{
    assert(pixels >= 1);
    pool_job job = {.x = x, .height = pixels, .channels = channels, .y = y};
    cs_pool_run(pool, count, global_average, &job);
}

void cs_global_max_pool(const float *x, size_t count, size_t pixels, size_t channels, float *y, cs_pool *pool)
{
    assert(pixels >= 1);
    pool_job job = {.x = x, .height = pixels, .channels = channels, .y = y};
    cs_pool_run(pool, count, global_max, &job);
}
