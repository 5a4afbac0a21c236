/* SPDX-License-Identifier: MIT
 * bench_conv.c - milliseconds that convolutions take: bench_conv WHAT THREADS BATCH [int8], where WHAT is resnet34,
 * resnet50, vgg16, mobilenetv2, efficientnet-lite0 (random weights, all up to the pooled feature) or one layer as
 * in,out,kernel,stride,pad,groups,size. For each line on stdin: one pass, and a line with the milliseconds on the clock
 * and of the processors; so bench/conv.py makes it take turns with another engine. */
#include "base/mem.h"
#include "nn/conv2d.h"
#include "nn/pooling.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_STEPS = 128, BUFFERS = 4, CACHE_FLOATS = 1 << 20 };

/* One operation from a buffer to another. */
typedef struct step {
    enum { CONV, MAX_POOL, GLOBAL_AVERAGE, GLOBAL_MAX } kind;
    cs_conv conv;
    size_t window, stride, pad; /* MAX_POOL */
    size_t channels, size;      /* of the input: channels, height and width */
    int from, to, residual;     /* buffers; -1: the images, or none */
} step;

typedef struct network {
    step steps[MOST_STEPS];
    size_t count;
    size_t channels, size; /* what the last step gives */
    size_t largest;        /* floats of the largest step's output, one image */
    size_t image;          /* the images' height and width */
    bool planar;           /* the next convolution reads the images */
    bool coded;            /* in 8 bits */
    cs_pool *pool;
} network;

static void *must(void *block)
{
    if (!block) {
        fprintf(stderr, "bench_conv: out of memory\n");
        exit(1);
    }
    return block;
}

/* Uniform in [-1, 1). */
static float next_random(void)
{
    static uint64_t state = 0x9e3779b97f4a7c15u; /* xorshift64* (Vigna 2016) */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (float)(int32_t)(state * 0x2545f4914f6cdd1du >> 32) * 0x1p-31f;
}

static step *add_step(network *net, int kind, int from, int to)
{
    step *s = &net->steps[net->count++];
    *s = (step){.channels = net->channels, .size = net->size, .from = from, .to = to, .residual = -1};
    s->kind = kind;
    return s;
}

static void resize(network *net, size_t channels, size_t size)
{
    net->channels = channels;
    net->size = size;
    if (channels * size * size > net->largest)
        net->largest = channels * size * size;
}

static void add_conv(network *net, int from, int to, int residual, size_t out, size_t kernel, size_t stride, size_t pad,
                     size_t groups, cs_conv_activation activation)
{
    step *s = add_step(net, CONV, from, to);
    s->residual = residual;
    cs_conv_spec spec = {net->channels, out,        kernel,      kernel, stride,    pad,
                         groups,        activation, net->planar, 0,      net->size, net->size};
    const size_t fan = spec.in / groups * kernel * kernel;
    float *weight = must(cs_alloc_array(out * fan, sizeof *weight)), *bias = must(cs_alloc_array(out, sizeof *bias));
    for (size_t i = 0; i < out * fan; i++)
        weight[i] = next_random() * sqrtf(6.0f / (float)fan) * (residual >= 0 ? 0.2f : 1);
    for (size_t i = 0; i < out; i++)
        bias[i] = next_random() * 0.1f;
    clipsearch_error err;
    if ((net->coded ? cs_conv_open_coded : cs_conv_open)(&s->conv, &spec, weight, bias, net->pool, &err) !=
        CLIPSEARCH_OK) {
        fprintf(stderr, "bench_conv: %s\n", err.message);
        exit(1);
    }
    cs_free(weight);
    cs_free(bias);
    net->planar = false;
    resize(net, out, cs_conv_output_height(&s->conv, net->size));
}

static void add_max_pool(network *net, int from, int to, size_t window, size_t stride, size_t pad)
{
    step *s = add_step(net, MAX_POOL, from, to);
    s->window = window;
    s->stride = stride;
    s->pad = pad;
    resize(net, net->channels, cs_pool_output(net->size, window, stride, pad));
}

/* Buffers turn: x is what a block reads, the others are free. */
static void add_resnet(network *net, bool bottleneck, const size_t blocks[4])
{
    add_conv(net, -1, 1, -1, 64, 7, 2, 3, 1, CS_CONV_RELU);
    add_max_pool(net, 1, 0, 3, 2, 1);
    int x = 0;
    for (size_t stage = 0; stage < 4; stage++)
        for (size_t b = 0; b < blocks[stage]; b++) {
            const size_t width = (size_t)64 << stage, out = bottleneck ? width * 4 : width;
            const size_t stride = stage && !b ? 2 : 1, in = net->channels, size = net->size;
            const int t = (x + 1) % BUFFERS, u = (x + 2) % BUFFERS, v = (x + 3) % BUFFERS;
            int residual = x;
            if (in != out || stride != 1) {
                add_conv(net, x, v, -1, out, 1, stride, 0, 1, CS_CONV_NONE);
                residual = v;
                net->channels = in;
                net->size = size;
            }
            if (bottleneck) {
                add_conv(net, x, t, -1, width, 1, 1, 0, 1, CS_CONV_RELU);
                add_conv(net, t, u, -1, width, 3, stride, 1, 1, CS_CONV_RELU);
                add_conv(net, u, t, residual, out, 1, 1, 0, 1, CS_CONV_RELU);
                x = t;
            } else {
                add_conv(net, x, t, -1, width, 3, stride, 1, 1, CS_CONV_RELU);
                add_conv(net, t, u, residual, out, 3, 1, 1, 1, CS_CONV_RELU);
                x = u;
            }
        }
    add_step(net, GLOBAL_AVERAGE, x, (x + 1) % BUFFERS);
}

static void add_vgg16(network *net)
{
    static const size_t widths[] = {64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0};
    int x = -1;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        const int to = (x + 1) % BUFFERS;
        if (widths[i])
            add_conv(net, x, to, -1, widths[i], 3, 1, 1, 1, CS_CONV_RELU);
        else
            add_max_pool(net, x, to, 2, 2, 0);
        x = to;
    }
    add_step(net, GLOBAL_MAX, x, (x + 1) % BUFFERS);
}

/* Blocks of expansion, depthwise convolution and projection. */
typedef struct inverted_stage {
    size_t kernel, expansion, channels, repeats, stride;
} inverted_stage;

static void add_inverted(network *net, const inverted_stage *stages, size_t count)
{
    add_conv(net, -1, 0, -1, 32, 3, 2, 1, 1, CS_CONV_RELU6);
    int x = 0;
    for (const inverted_stage *stage = stages; stage < stages + count; stage++)
        for (size_t b = 0; b < stage->repeats; b++) {
            const size_t in = net->channels, out = stage->channels, stride = b ? 1 : stage->stride;
            const size_t wide = in * stage->expansion;
            const int t = (x + 1) % BUFFERS, u = (x + 2) % BUFFERS, y = (x + 3) % BUFFERS;
            if (wide != in)
                add_conv(net, x, t, -1, wide, 1, 1, 0, 1, CS_CONV_RELU6);
            add_conv(net, wide != in ? t : x, u, -1, wide, stage->kernel, stride, stage->kernel / 2, wide,
                     CS_CONV_RELU6);
            add_conv(net, u, y, stride == 1 && in == out ? x : -1, out, 1, 1, 0, 1, CS_CONV_NONE);
            x = y;
        }
    add_conv(net, x, (x + 1) % BUFFERS, -1, 1280, 1, 1, 0, 1, CS_CONV_RELU6);
    add_step(net, GLOBAL_AVERAGE, (x + 1) % BUFFERS, (x + 2) % BUFFERS);
}

static void add_mobilenetv2(network *net)
{
    /* table 2 of Sandler et al. 2018 */
    static const inverted_stage stages[] = {{3, 1, 16, 1, 1}, {3, 6, 24, 2, 2},  {3, 6, 32, 3, 2}, {3, 6, 64, 4, 2},
                                            {3, 6, 96, 3, 1}, {3, 6, 160, 3, 2}, {3, 6, 320, 1, 1}};
    add_inverted(net, stages, sizeof stages / sizeof *stages);
}

static void add_efficientnet_lite0(network *net)
{
    /* table 1 of Tan and Le 2019, without squeeze-and-excitation; padding as many on both sides */
    static const inverted_stage stages[] = {{3, 1, 16, 1, 1},  {3, 6, 24, 2, 2},  {5, 6, 40, 2, 2}, {3, 6, 80, 3, 2},
                                            {5, 6, 112, 3, 1}, {5, 6, 192, 4, 2}, {3, 6, 320, 1, 1}};
    add_inverted(net, stages, sizeof stages / sizeof *stages);
}

static bool add_layer(network *net, const char *what)
{
    size_t in, out, kernel, stride, pad, groups, size;
    if (sscanf(what, "%zu,%zu,%zu,%zu,%zu,%zu,%zu", &in, &out, &kernel, &stride, &pad, &groups, &size) != 7)
        return false;
    net->channels = in;
    net->image = net->size = size;
    net->planar = in == 3;
    add_conv(net, -1, 0, -1, out, kernel, stride, pad, groups, CS_CONV_RELU);
    return true;
}

static void run_steps(const network *net, const float *images, size_t count, float *const buffers[BUFFERS],
                      void *scratch)
{
    for (size_t i = 0; i < net->count; i++) {
        const step *s = &net->steps[i];
        const float *x = s->from < 0 ? images : buffers[s->from];
        float *y = buffers[s->to];
        switch (s->kind) {
        case CONV:
            cs_conv_forward(&s->conv, x, count, s->size, s->size, s->residual < 0 ? NULL : buffers[s->residual], y,
                            scratch, net->pool);
            break;
        case MAX_POOL:
            cs_max_pool(x, count, s->size, s->size, s->channels, s->window, s->stride, s->pad, y, net->pool);
            break;
        case GLOBAL_AVERAGE:
            cs_global_average_pool(x, count, s->size * s->size, s->channels, y, net->pool);
            break;
        case GLOBAL_MAX:
            cs_global_max_pool(x, count, s->size * s->size, s->channels, y, net->pool);
            break;
        }
    }
}

/* The whole batch, a few images at a time: what a step gives the next should still lie in the caches. */
static void pass(const network *net, const float *images, size_t count, float *const buffers[BUFFERS], void *scratch)
{
    const size_t each = net->image * net->image * net->steps[0].channels;
    const size_t group = CACHE_FLOATS / net->largest + (net->largest > CACHE_FLOATS);
    for (size_t i = 0; i < count; i += group)
        run_steps(net, images + i * each, count - i < group ? count - i : group, buffers, scratch);
}

static double clock_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void serve(const network *net, size_t batch)
{
    const size_t pixels = batch * net->image * net->image * net->steps[0].channels;
    float *images = must(cs_alloc_aligned(pixels, sizeof *images)), *buffers[BUFFERS];
    size_t scratch_bytes = 0;
    for (size_t i = 0; i < pixels; i++)
        images[i] = next_random() * 2;
    for (size_t i = 0; i < net->count; i++) {
        const step *s = &net->steps[i];
        size_t bytes =
            s->kind == CONV ? cs_conv_scratch(&s->conv, batch, s->size, s->size, cs_pool_threads(net->pool)) : 0;
        scratch_bytes = bytes > scratch_bytes ? bytes : scratch_bytes;
    }
    void *scratch = must(cs_alloc_aligned(scratch_bytes, 1));
    for (int i = 0; i < BUFFERS; i++)
        buffers[i] = must(cs_alloc_aligned(batch * net->largest, sizeof *buffers[i]));
    pass(net, images, batch, buffers, scratch);
    printf("ready\n");
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        const double start = clock_ms(CLOCK_MONOTONIC), cpu = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
        pass(net, images, batch, buffers, scratch);
        printf("%.4f %.4f\n", clock_ms(CLOCK_MONOTONIC) - start, clock_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu);
        fflush(stdout);
    }
    for (int i = 0; i < BUFFERS; i++)
        cs_free(buffers[i]);
    cs_free(scratch);
    cs_free(images);
}

int main(int argc, char **argv)
{
    clipsearch_error err;
    network *net = must(cs_zalloc_array(1, sizeof *net));
    *net = (network){.channels = 3, .size = 224, .image = 224, .planar = true};
    net->coded = argc == 5 && strcmp(argv[4], "int8") == 0;
    if (argc != 4 && !net->coded) {
        fprintf(stderr, "usage: bench_conv WHAT THREADS BATCH [int8]\n");
        return 2;
    }
    if (cs_pool_open((unsigned)strtoul(argv[2], NULL, 10), &net->pool, &err) != CLIPSEARCH_OK) {
        fprintf(stderr, "bench_conv: %s\n", err.message);
        return 1;
    }
    if (strcmp(argv[1], "resnet34") == 0 || strcmp(argv[1], "resnet50") == 0) {
        add_resnet(net, strcmp(argv[1], "resnet50") == 0, (const size_t[]){3, 4, 6, 3});
    } else if (strcmp(argv[1], "vgg16") == 0) {
        add_vgg16(net);
    } else if (strcmp(argv[1], "mobilenetv2") == 0) {
        add_mobilenetv2(net);
    } else if (strcmp(argv[1], "efficientnet-lite0") == 0) {
        add_efficientnet_lite0(net);
    } else if (!add_layer(net, argv[1])) {
        fprintf(stderr, "bench_conv: %s: expected a network or in,out,kernel,stride,pad,groups,size\n", argv[1]);
        return 2;
    }
    serve(net, strtoul(argv[3], NULL, 10));
    for (size_t i = 0; i < net->count; i++)
        if (net->steps[i].kind == CONV)
            cs_conv_close(&net->steps[i].conv);
    cs_pool_close(&net->pool);
    cs_free(net);
    return 0;
}
