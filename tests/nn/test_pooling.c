/* SPDX-License-Identifier: MIT
 * test_pooling.c - pooling against the definition, at odd sizes. */
#include "nn/pooling.h"

#include "kernels/kernel_test.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POOLS = 2 };
static cs_pool *pools[POOLS]; /* of 1 and 3 threads */

typedef struct shape {
    size_t count, height, width, channels, window, stride, pad;
} shape;

/* The window's maximum and sum at one place, and how many pixels of it lie inside. */
static float window_max(const shape *s, const float *x, size_t image, size_t oy, size_t ox, size_t c, double *sum,
                        double *size)
{
    float most = -INFINITY;
    *sum = *size = 0;
    for (size_t ky = 0; ky < s->window; ky++)
        for (size_t kx = 0; kx < s->window; kx++) {
            const size_t iy = oy * s->stride + ky - s->pad, ix = ox * s->stride + kx - s->pad;
            if (iy >= s->height || ix >= s->width)
                continue;
            const float value = x[((image * s->height + iy) * s->width + ix) * s->channels + c];
            most = isnan(most) || isnan(value) ? NAN : value > most ? value : most;
            *sum += value;
            *size += fabs(value);
        }
    return most;
}

static bool shape_good(shape s, bool with_nan)
{
    const size_t floats = s.count * s.height * s.width * s.channels;
    const size_t out_height = cs_pool_output(s.height, s.window, s.stride, s.pad);
    const size_t out_width = cs_pool_output(s.width, s.window, s.stride, s.pad);
    const size_t out = s.count * out_height * out_width * s.channels;
    const bool average = s.pad == 0 && s.stride == s.window;
    bool good = true;
    kt_block x = kt_exact(floats * 4, 4);
    kt_fill(x.at, floats, KT_PLAIN);
    if (with_nan)
        ((float *)x.at)[floats / 2] = NAN;
    for (int i = 0; i < POOLS; i++) {
        kt_block most = kt_canary(out * 4, 4), mean = kt_canary(out * 4, 4);
        memset(most.at, 0xff, out * 4);
        memset(mean.at, 0xff, out * 4);
        cs_max_pool(x.at, s.count, s.height, s.width, s.channels, s.window, s.stride, s.pad, most.at, pools[i]);
        if (average)
            cs_average_pool(x.at, s.count, s.height, s.width, s.channels, s.window, mean.at, pools[i]);
        good &= kt_canary_lives(&most, out * 4) && kt_canary_lives(&mean, out * 4);
        for (size_t o = 0; o < out; o++) {
            const size_t c = o % s.channels, pixel = o / s.channels;
            double sum, size;
            const float want = window_max(&s, x.at, pixel / out_width / out_height, pixel / out_width % out_height,
                                          pixel % out_width, c, &sum, &size);
            const double area = (double)(s.window * s.window);
            good &= kt_same((float *)most.at + o, &want, 1);
            if (average && !isnan(sum))
                good &= fabs(((float *)mean.at)[o] - sum / area) <= (area + 1) * FLT_EPSILON * size / area;
            if (average && isnan(sum))
                good &= isnan(((float *)mean.at)[o]);
        }
        kt_free(&most);
        kt_free(&mean);
    }
    kt_free(&x);
    if (!good)
        tap_note("wrong at %zu images %zu x %zu x %zu, window %zu, stride %zu, pad %zu", s.count, s.height, s.width,
                 s.channels, s.window, s.stride, s.pad);
    return good;
}

static void test_windows(void)
{
    bool good = true;
    for (size_t i = 0; i < 300; i++) {
        shape s = {1 + i % 3, 0, 0, 1 + kt_random() % 40, 1 + kt_random() % 4, 0, 0};
        s.height = s.window + kt_random() % 9;
        s.width = s.window + kt_random() % 9;
        s.stride = i % 2 ? s.window : 1 + kt_random() % 3;
        s.pad = i % 2 ? 0 : kt_random() % s.window;
        good &= shape_good(s, i % 5 == 0);
    }
    TAP_OK(good, "windows, random shapes");
    TAP_OK(shape_good((shape){2, 17, 15, 64, 3, 2, 1}, false), "a ResNet's 3 x 3");
    TAP_OK(shape_good((shape){2, 14, 14, 64, 2, 2, 0}, false), "2 x 2");
    TAP_OK(cs_pool_output(1, 3, 2, 0) == 0 && cs_pool_output(1, 3, 2, 1) == 1 && cs_pool_output(112, 3, 2, 1) == 56,
           "sizes that come out");
}

static void test_global(void)
{
    bool good = true;
    for (size_t channels = 1; channels < 200; channels += 7)
        for (size_t pixels = 1; pixels <= 49; pixels += 6) {
            const size_t count = 1 + pixels % 3;
            kt_block x = kt_exact(count * pixels * channels * 4, 4);
            kt_block mean = kt_canary(count * channels * 4, 4), most = kt_canary(count * channels * 4, 4);
            kt_fill(x.at, count * pixels * channels, KT_PLAIN);
            cs_global_average_pool(x.at, count, pixels, channels, mean.at, pools[1]);
            cs_global_max_pool(x.at, count, pixels, channels, most.at, pools[1]);
            good &= kt_canary_lives(&mean, count * channels * 4) && kt_canary_lives(&most, count * channels * 4);
            for (size_t o = 0; o < count * channels; o++) {
                const float *from = (float *)x.at + o / channels * pixels * channels + o % channels;
                double sum = 0;
                float largest = from[0];
                for (size_t i = 0; i < pixels; i++) {
                    sum += from[i * channels];
                    largest = from[i * channels] > largest ? from[i * channels] : largest;
                }
                good &= ((float *)mean.at)[o] == (float)(sum / (double)pixels) && ((float *)most.at)[o] == largest;
            }
            kt_free(&x);
            kt_free(&mean);
            kt_free(&most);
        }
    TAP_OK(good, "whole images");
    const float x[] = {1, -1, NAN, -2, 3, -3};
    float mean[2], most[2];
    cs_global_average_pool(x, 1, 3, 2, mean, NULL);
    cs_global_max_pool(x, 1, 3, 2, most, NULL);
    TAP_OK(isnan(mean[0]) && mean[1] == -2 && isnan(most[0]) && most[1] == -1, "NaN stays in its channel");
}

int main(void)
{
    for (unsigned i = 0; i < POOLS; i++)
        if (cs_pool_open(1 + i * 2, &pools[i], NULL) != CLIPSEARCH_OK)
            return 1;
    test_windows();
    test_global();
    for (unsigned i = 0; i < POOLS; i++)
        cs_pool_close(&pools[i]);
    return tap_done();
}
