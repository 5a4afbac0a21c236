/* SPDX-License-Identifier: MIT
 * test_conv2d.c - convolutions, and batch normalisation folded into them, against plain double arithmetic. */
#include "kernels/cpu_level.h"
#include "nn/conv2d.h"

#include "base/mem.h"
#include "kernels/kernel_test.h"
#include "kernels/winograd_bound.h"
#include "nn/batchnorm.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POOLS = 3 };
static cs_pool *pools[POOLS]; /* of 1, 2, 3 threads */

/* A convolution, its input and what double arithmetic makes of it. */
typedef struct problem {
    cs_conv_spec spec;
    size_t count, height, width, out_height, out_width;
    size_t in_floats, out_floats; /* of one image */
    kt_block weight, bias, x, residual;
    bool has_bias, has_residual;
    double *want, *size; /* before the activation; sums of absolute terms */
    double epsilons;     /* how many times FLT_EPSILON * size rounding may amount to */
} problem;

static void *must(void *block)
{
    if (!block)
        abort();
    return block;
}

static float at(const problem *p, size_t image, size_t c, size_t y, size_t x)
{
    const float *from = (const float *)p->x.at + image * p->in_floats;
    return p->spec.planar ? from[(c * p->height + y) * p->width + x] : from[(y * p->width + x) * p->spec.in + c];
}

static void sum_pixel(problem *p, size_t image, size_t oy, size_t ox, size_t o)
{
    const cs_conv_spec *s = &p->spec;
    const size_t each = s->in / s->groups, place = ((image * p->out_height + oy) * p->out_width + ox) * s->out + o;
    const float *w = (const float *)p->weight.at + o * each * s->kernel_h * s->kernel_w;
    double sum = p->has_bias ? ((float *)p->bias.at)[o] : 0, size = fabs(sum);
    for (size_t ky = 0; ky < s->kernel_h; ky++)
        for (size_t kx = 0; kx < s->kernel_w; kx++)
            for (size_t c = 0; c < each; c++) {
                const size_t iy = oy * s->stride + ky - s->pad, ix = ox * s->stride + kx - s->pad;
                if (iy >= p->height || ix >= p->width)
                    continue;
                const double term =
                    (double)at(p, image, s->groups > 1 ? o : c, iy, ix) * w[(c * s->kernel_h + ky) * s->kernel_w + kx];
                sum += term;
                size += fabs(term);
            }
    if (p->has_residual) {
        sum += ((float *)p->residual.at)[place];
        size += fabs(((float *)p->residual.at)[place]);
    }
    p->want[place] = sum;
    p->size[place] = size;
}

static void problem_open(problem *p, cs_conv_spec spec, size_t count, size_t height, size_t width, bool bias,
                         bool residual)
{
    *p = (problem){.spec = spec, .count = count, .height = height, .width = width};
    p->has_bias = bias;
    p->has_residual = residual;
    p->out_height = (height + 2 * spec.pad + spec.pad_more - spec.kernel_h) / spec.stride + 1;
    p->out_width = (width + 2 * spec.pad + spec.pad_more - spec.kernel_w) / spec.stride + 1;
    p->in_floats = height * width * spec.in;
    p->out_floats = p->out_height * p->out_width * spec.out;
    const size_t weights = spec.out * (spec.in / spec.groups) * spec.kernel_h * spec.kernel_w;
    p->weight = kt_exact(weights * 4, 4);
    p->bias = kt_exact(spec.out * 4, 4);
    p->x = kt_exact(count * p->in_floats * 4, 4);
    p->residual = kt_exact(count * p->out_floats * 4, 4);
    kt_fill(p->weight.at, weights, KT_PLAIN);
    kt_fill(p->bias.at, spec.out, KT_PLAIN);
    kt_fill(p->x.at, count * p->in_floats, KT_PLAIN);
    kt_fill(p->residual.at, count * p->out_floats, KT_PLAIN);
    p->want = must(calloc(count * p->out_floats, sizeof *p->want));
    p->size = must(calloc(count * p->out_floats, sizeof *p->size));
    p->epsilons = (double)(spec.in / spec.groups * spec.kernel_h * spec.kernel_w + 2);
    for (size_t image = 0; image < count; image++)
        for (size_t oy = 0; oy < p->out_height; oy++)
            for (size_t ox = 0; ox < p->out_width; ox++)
                for (size_t o = 0; o < spec.out; o++)
                    sum_pixel(p, image, oy, ox, o);
}

/* The sizes of a tile's outputs when it is computed by F(4x4, 3x3). */
static void size_tile(problem *p, size_t image, size_t top, size_t left, size_t o)
{
    const cs_conv_spec *s = &p->spec;
    double sums[36] = {0}, outputs[16];
    for (size_t c = 0; c < s->in; c++) {
        double d[36], g[9];
        for (size_t i = 0; i < 36; i++) {
            const size_t y = top + i / 6 - s->pad, x = left + i % 6 - s->pad;
            d[i] = y < p->height && x < p->width ? at(p, image, c, y, x) : 0;
        }
        for (size_t i = 0; i < 9; i++)
            g[i] = ((float *)p->weight.at)[(o * s->in + c) * 9 + i];
        winograd_bound_add(d, g, sums);
    }
    winograd_bound_outputs(sums, outputs);
    for (size_t i = 0; i < 16; i++)
        if (top + i / 4 < p->out_height && left + i % 4 < p->out_width) {
            const size_t place = ((image * p->out_height + top + i / 4) * p->out_width + left + i % 4) * s->out + o;
            p->size[place] = outputs[i] + (p->has_bias ? fabsf(((float *)p->bias.at)[o]) : 0) +
                             (p->has_residual ? fabsf(((float *)p->residual.at)[place]) : 0);
        }
}

/* kernels/winograd.h: channels + 18 roundings, each of half an epsilon, and one of the residual. */
static void size_tiles(problem *p)
{
    p->epsilons = (double)(p->spec.in + 19) / 2;
    for (size_t image = 0; image < p->count; image++)
        for (size_t top = 0; top < p->out_height; top += 4)
            for (size_t left = 0; left < p->out_width; left += 4)
                for (size_t o = 0; o < p->spec.out; o++)
                    size_tile(p, image, top, left, o);
}

static void problem_close(problem *p)
{
    kt_free(&p->weight);
    kt_free(&p->bias);
    kt_free(&p->x);
    kt_free(&p->residual);
    free(p->want);
    free(p->size);
}

/* `count` images from `first` on into *y; true when the bytes around stayed as they were. */
static bool run(const problem *p, const cs_conv *conv, size_t first, size_t count, cs_pool *pool, bool in_place,
                kt_block *y)
{
    const size_t bytes = count * p->out_floats * 4;
    const size_t scratch_bytes = cs_conv_scratch(conv, count, p->height, p->width, cs_pool_threads(pool));
    const float *residual = p->has_residual ? (float *)p->residual.at + first * p->out_floats : NULL;
    void *scratch = must(cs_alloc_aligned(scratch_bytes + 64, 1));
    memset(scratch, 0xa5, scratch_bytes + 64);
    *y = kt_canary(bytes, 4);
    memset(y->at, 0xff, bytes); /* NaN: what is not written is noticed */
    if (residual && in_place) {
        memcpy(y->at, residual, bytes);
        residual = y->at;
    }
    cs_conv_forward(conv, (float *)p->x.at + first * p->in_floats, count, p->height, p->width, residual, y->at, scratch,
                    pool);
    bool good = kt_canary_lives(y, bytes);
    for (size_t i = 0; i < 64; i++)
        good &= ((unsigned char *)scratch)[scratch_bytes + i] == 0xa5;
    cs_free(scratch);
    return good;
}

static bool within(const problem *p, const float *y)
{
    for (size_t i = 0; i < p->count * p->out_floats; i++) {
        double want = p->want[i];
        if (p->spec.activation != CS_CONV_NONE && want < 0)
            want = 0;
        if (p->spec.activation == CS_CONV_RELU6 && want > 6)
            want = 6;
        if (!(fabs(y[i] - want) <= p->epsilons * FLT_EPSILON * p->size[i]))
            return false;
    }
    return true;
}

/* In 8 bits: the errors of all outputs together, beside the outputs. */
static bool near(const problem *p, const float *y)
{
    double error = 0, size = 0;
    for (size_t i = 0; i < p->count * p->out_floats; i++) {
        double want = p->want[i];
        want = p->spec.activation != CS_CONV_NONE && want < 0 ? 0 : want;
        want = p->spec.activation == CS_CONV_RELU6 && want > 6 ? 6 : want;
        error += (y[i] - want) * (y[i] - want);
        size += want * want;
    }
    return sqrt(error) <= 0.03 * sqrt(size);
}

/* Near the sums in double; the same bits over every pool, in place, and for each image alone. `digest`: in 8 bits, and
 * the outputs are added to it. */
static bool form_good(cs_conv_spec spec, size_t count, size_t height, size_t width, bool bias, bool residual,
                      uint64_t *digest)
{
    problem p;
    cs_conv conv;
    clipsearch_error err = {0};
    problem_open(&p, spec, count, height, width, bias, residual);
    if ((digest ? cs_conv_open_coded : cs_conv_open)(&conv, &spec, p.weight.at, bias ? p.bias.at : NULL,
                                                     pools[spec.in % POOLS], &err) != CLIPSEARCH_OK) {
        tap_note("%s", err.message);
        problem_close(&p);
        return false;
    }
    if (conv.winograd.ops)
        size_tiles(&p);
    kt_block first, y;
    bool good = (conv.winograd.ops != NULL) == (spec.height > 0) &&
                cs_conv_output_height(&conv, height) == p.out_height &&
                cs_conv_output_width(&conv, width) == p.out_width && run(&p, &conv, 0, count, NULL, false, &first) &&
                (digest ? near(&p, first.at) : within(&p, first.at));
    if (digest) {
        *digest = kt_digest(*digest, first.at, count * p.out_floats);
        good &= conv.coded.ops && cs_conv_packed_bytes(&conv) >= spec.in * spec.out * spec.kernel_h * spec.kernel_w;
    }
    for (int variant = 0; variant < POOLS * 2; variant++) {
        good &= run(&p, &conv, 0, count, pools[variant % POOLS], variant >= POOLS, &y);
        good &= kt_same(first.at, y.at, count * p.out_floats);
        kt_free(&y);
    }
    for (size_t i = 0; i < count && count > 1; i++) {
        good &= run(&p, &conv, i, 1, pools[i % POOLS], false, &y);
        good &= kt_same((float *)first.at + i * p.out_floats, y.at, p.out_floats);
        kt_free(&y);
    }
    kt_free(&first);
    cs_conv_close(&conv);
    problem_close(&p);
    if (!good)
        tap_note(
            "wrong at %zu images %zu x %zu, %zu to %zu channels, kernel %zu x %zu, stride %zu, pad %zu, groups %zu",
            count, height, width, spec.in, spec.out, spec.kernel_h, spec.kernel_w, spec.stride, spec.pad, spec.groups);
    return good;
}

static bool shape_good(cs_conv_spec spec, size_t count, size_t height, size_t width, bool bias, bool residual)
{
    return form_good(spec, count, height, width, bias, residual, NULL);
}

static size_t pick(size_t most)
{
    return 1 + kt_random() % most;
}

static void test_dense(bool planar)
{
    bool good = true;
    for (int i = 0; i < 300; i++) {
        cs_conv_spec spec = {.in = pick(i % 5 ? 9 : 70),
                             .out = pick(i % 7 ? 40 : 200),
                             .kernel_h = pick(5),
                             .kernel_w = pick(5),
                             .stride = pick(3),
                             .groups = 1,
                             .activation = (cs_conv_activation)(i % 3),
                             .planar = planar};
        spec.pad = kt_random() % (spec.kernel_h < spec.kernel_w ? spec.kernel_h : spec.kernel_w);
        spec.pad_more = kt_random() % ((spec.kernel_h < spec.kernel_w ? spec.kernel_h : spec.kernel_w) - spec.pad);
        good &=
            shape_good(spec, pick(3), spec.kernel_h + kt_random() % 9, spec.kernel_w + kt_random() % 9, i & 1, i & 2);
    }
    TAP_OK(good, "%s input, random shapes", planar ? "planar" : "interleaved");
}

static void test_network_shapes(void)
{
    TAP_OK(shape_good((cs_conv_spec){3, 64, 7, 7, 2, 3, 1, CS_CONV_RELU, true, 0, 0, 0}, 2, 33, 37, true, false),
           "a ResNet's first convolution");
    TAP_OK(shape_good((cs_conv_spec){3, 64, 3, 3, 1, 1, 1, CS_CONV_RELU, true, 0, 0, 0}, 1, 21, 19, true, false),
           "VGG's first convolution");
    TAP_OK(shape_good((cs_conv_spec){64, 64, 3, 3, 1, 1, 1, CS_CONV_RELU, false, 0, 0, 0}, 2, 14, 15, true, true),
           "3 x 3 with a residual");
    TAP_OK(shape_good((cs_conv_spec){512, 130, 3, 3, 1, 1, 1, CS_CONV_RELU, false, 0, 0, 0}, 2, 7, 7, true, true),
           "3 x 3 over many channels");
    TAP_OK(shape_good((cs_conv_spec){300, 190, 1, 1, 1, 0, 1, CS_CONV_NONE, false, 0, 0, 0}, 3, 7, 7, true, true),
           "1 x 1");
    TAP_OK(shape_good((cs_conv_spec){130, 257, 1, 1, 2, 0, 1, CS_CONV_NONE, false, 0, 0, 0}, 2, 14, 13, false, false),
           "1 x 1 with a stride, no bias");
    TAP_OK(shape_good((cs_conv_spec){20, 20, 16, 16, 16, 0, 1, CS_CONV_NONE, true, 0, 0, 0}, 1, 48, 32, false, false),
           "patches");
}

static void test_depthwise(void)
{
    bool good = true;
    for (int i = 0; i < 200; i++) {
        const size_t channels = pick(i % 3 ? 70 : 200) + 1;
        cs_conv_spec spec = {.in = channels,
                             .out = channels,
                             .kernel_h = i % 2 ? 3 : pick(5),
                             .kernel_w = i % 2 ? 3 : pick(5),
                             .stride = pick(i % 2 ? 2 : 3),
                             .groups = channels,
                             .activation = (cs_conv_activation)(i % 3)};
        spec.pad = i % 4 == 1 ? 1 : kt_random() % (spec.kernel_h < spec.kernel_w ? spec.kernel_h : spec.kernel_w);
        spec.pad_more = kt_random() % ((spec.kernel_h < spec.kernel_w ? spec.kernel_h : spec.kernel_w) - spec.pad);
        good &=
            shape_good(spec, pick(3), spec.kernel_h + kt_random() % 12, spec.kernel_w + kt_random() % 12, i & 4, i & 8);
    }
    TAP_OK(good, "depthwise, random shapes");
}

/* Maps of odd sizes, of less than a tile, and of enough tiles that each thread takes blocks of its own. */
static void test_winograd(void)
{
    static const size_t sizes[][2] = {{1, 1}, {3, 2}, {4, 4}, {5, 9}, {13, 6}, {23, 29}};
    bool good = true;
    for (size_t i = 0; i < 18; i++) {
        cs_conv_spec spec = {.in = 32 + kt_random() % 40,
                             .out = 32 + kt_random() % 70,
                             .kernel_h = 3,
                             .kernel_w = 3,
                             .pad = i % 3,
                             .stride = 1,
                             .groups = 1,
                             .activation = (cs_conv_activation)(i % 3),
                             .height = 56,
                             .width = 56};
        spec.pad_more = i % 3 < 2 && i % 2;
        const size_t *size = sizes[i % 6], more = spec.pad ? 0 : 2;
        good &= shape_good(spec, pick(3), size[0] + more, size[1] + more, i & 1, i & 2);
    }
    TAP_OK(good, "F(4x4, 3x3), random shapes");
    TAP_OK(shape_good((cs_conv_spec){32, 36, 3, 3, 1, 1, 1, CS_CONV_RELU, false, 0, 56, 56}, 2, 57, 62, true, true),
           "F(4x4, 3x3), many tiles");
}

/* In 8 bits: the same bits at every level, which the digest of all results shows. */
static void test_coded(void)
{
    static const struct {
        cs_conv_spec spec;
        size_t height, width;
    } shapes[] = {{{64, 64, 3, 3, 1, 1, 1, CS_CONV_RELU, false, 0, 0, 0}, 14, 15},
                  {{70, 33, 3, 3, 2, 1, 1, CS_CONV_NONE, false, 0, 0, 0}, 13, 9},
                  {{37, 130, 3, 3, 2, 0, 1, CS_CONV_RELU6, false, 1, 0, 0}, 8, 8},
                  {{300, 190, 1, 1, 1, 0, 1, CS_CONV_NONE, false, 0, 0, 0}, 7, 7},
                  {{130, 257, 1, 1, 2, 0, 1, CS_CONV_RELU, false, 0, 0, 0}, 14, 13},
                  {{33, 36, 1, 1, 1, 0, 1, CS_CONV_NONE, false, 0, 0, 0}, 23, 17},
                  {{9, 35, 5, 3, 1, 2, 1, CS_CONV_RELU, false, 0, 0, 0}, 6, 5},
                  {{1000, 70, 1, 1, 1, 0, 1, CS_CONV_NONE, false, 0, 0, 0}, 1, 1}};
    bool good = true;
    uint64_t digest = 0;
    kt_random_again();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        good &= form_good(shapes[i].spec, 1 + i % 3, shapes[i].height, shapes[i].width, i % 2, i % 4 < 2, &digest);
    TAP_OK(good, "in 8 bits: near the sums; the same bits in every batch, over any number of threads");
    kt_check_digest(digest, UINT64_C(0x689ff64827b113e5), 1);
}

/* One image of two has a value that is no number. */
static void test_coded_no_number(void)
{
    for (size_t kernel = 1; kernel <= 3; kernel += 2) {
        const cs_conv_spec spec = {40, 32, kernel, kernel, 1, kernel / 2, 1, CS_CONV_RELU, false, 0, 0, 0};
        problem p;
        cs_conv conv;
        kt_block y;
        problem_open(&p, spec, 2, 4, 4, true, false);
        ((float *)p.x.at)[7] = NAN;
        bool good = cs_conv_open_coded(&conv, &spec, p.weight.at, p.bias.at, NULL, NULL) == CLIPSEARCH_OK &&
                    run(&p, &conv, 0, 2, pools[1], false, &y);
        for (size_t i = 0; i < p.out_floats; i++)
            good &= isnan(((float *)y.at)[i]) && !isnan(((float *)y.at)[p.out_floats + i]);
        TAP_OK(good, "in 8 bits, kernel %zu: an image with a NaN gives NaN, the other one numbers", kernel);
        kt_free(&y);
        cs_conv_close(&conv);
        clipsearch_error err = {0};
        ((float *)p.weight.at)[5] = INFINITY;
        TAP_OK(cs_conv_open_coded(&conv, &spec, p.weight.at, p.bias.at, NULL, &err) == CLIPSEARCH_E_MODEL &&
                   strstr(err.message, "not a number"),
               "a weight that is no number is refused: %s", err.message);
        problem_close(&p);
    }
    static const cs_conv_spec floats[] = {{3, 8, 3, 3, 1, 1, 1, CS_CONV_NONE, true, 0, 0, 0},
                                          {8, 8, 3, 3, 1, 1, 8, CS_CONV_NONE, false, 0, 0, 0},
                                          {16, 40, 1, 1, 1, 0, 1, CS_CONV_NONE, false, 0, 0, 0},
                                          {40, 24, 1, 1, 1, 0, 1, CS_CONV_NONE, false, 0, 0, 0},
                                          {2000, 32, 3, 3, 1, 1, 1, CS_CONV_NONE, false, 0, 0, 0}};
    bool good = true;
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) {
        float *weight = must(calloc(floats[i].in * floats[i].out * 9, sizeof *weight));
        cs_conv conv;
        good &= cs_conv_open_coded(&conv, &floats[i], weight, NULL, NULL, NULL) == CLIPSEARCH_OK && !conv.coded.ops;
        cs_conv_close(&conv);
        free(weight);
    }
    TAP_OK(good, "images, depthwise kernels, few inputs or outputs and too many inputs stay in floats");
}

/* The convolution with the normalisation folded in is the convolution, then the normalisation. */
static void test_batchnorm(size_t groups, bool bias, bool affine)
{
    const cs_conv_spec spec = {20, 20, 3, 3, 1, 1, groups, CS_CONV_NONE, false, 0, 0, 0};
    const size_t each = 20 / groups * 9;
    problem p;
    cs_conv conv;
    problem_open(&p, spec, 2, 6, 5, bias, false);
    float gamma[20], beta[20], mean[20], variance[20];
    kt_fill(gamma, 20, KT_PLAIN);
    kt_fill(beta, 20, KT_PLAIN);
    kt_fill(mean, 20, KT_PLAIN);
    for (size_t i = 0; i < 20; i++)
        variance[i] = fabsf(kt_float()) + 0.01f;
    const cs_batchnorm norm = {affine ? gamma : NULL, affine ? beta : NULL, mean, variance, 1e-3};
    for (size_t i = 0; i < p.count * p.out_floats; i++) {
        const size_t o = i % 20;
        const double scale = (affine ? gamma[o] : 1) / sqrt(variance[o] + 1e-3);
        p.want[i] = (p.want[i] - mean[o]) * scale + (affine ? beta[o] : 0);
        p.size[i] = (p.size[i] + fabs(mean[o])) * fabs(scale) + fabs(beta[o]);
    }
    if (!bias)
        memset(p.bias.at, 0, sizeof gamma);
    cs_batchnorm_fold(&norm, 20, each, p.weight.at, p.bias.at);
    kt_block y = {0};
    bool good = cs_conv_open(&conv, &spec, p.weight.at, p.bias.at, NULL, NULL) == CLIPSEARCH_OK &&
                run(&p, &conv, 0, p.count, NULL, false, &y) && within(&p, y.at);
    TAP_OK(good, "batch normalisation folded in, %zu groups%s%s", groups, bias ? ", bias" : "",
           affine ? ", gamma and beta" : "");
    kt_free(&y);
    cs_conv_close(&conv);
    problem_close(&p);
}

static void test_refusals(void)
{
    static const cs_conv_spec wrong[] = {{0, 8, 3, 3, 1, 1, 1, CS_CONV_NONE, false, 0, 0, 0},
                                         {8, 0, 3, 3, 1, 1, 1, CS_CONV_NONE, false, 0, 0, 0},
                                         {8, 8, 0, 3, 1, 0, 1, CS_CONV_NONE, false, 0, 0, 0},
                                         {8, 8, 3, 0, 1, 0, 1, CS_CONV_NONE, false, 0, 0, 0},
                                         {8, 8, 3, 3, 1, 3, 1, CS_CONV_NONE, false, 0, 0, 0},
                                         {8, 8, 3, 3, 1, 1, 1, CS_CONV_NONE, false, 2, 0, 0},
                                         {8, 8, 3, 3, 1, 1, 2, CS_CONV_NONE, false, 0, 0, 0},
                                         {8, 16, 3, 3, 1, 1, 8, CS_CONV_NONE, false, 0, 0, 0},
                                         {8, 8, 3, 3, 1, 1, 8, CS_CONV_NONE, true, 0, 0, 0},
                                         {8, 8, 17, 3, 1, 1, 8, CS_CONV_NONE, false, 0, 0, 0},
                                         {SIZE_MAX / 8, 8, 3, 3, 1, 1, 1, CS_CONV_NONE, false, 0, 0, 0},
                                         {8, SIZE_MAX, 1, 1, 1, 0, 1, CS_CONV_NONE, false, 0, 0, 0}};
    bool good = true;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        clipsearch_error err = {0};
        cs_conv conv;
        good &= cs_conv_open(&conv, &wrong[i], NULL, NULL, NULL, &err) == CLIPSEARCH_E_UNSUPPORTED && err.message[0];
        cs_conv_close(&conv);
    }
    TAP_OK(good, "what cannot be done is refused before anything is read");
    static const float weight[32 * 9 * 32], x[32 * 25];
    float y[32 * 25];
    for (size_t i = 0; i < 4; i++) {
        const size_t groups = i == 1 ? 8 : 1, out = i == 2 ? 32 : 8;
        const char *form = i == 2 ? ", 8 bits" : i == 3 ? ", F(4x4, 3x3)" : "";
        cs_conv_spec spec = {8, out, 3, 3, 0, 1, groups, CS_CONV_NONE, false, 0, 0, 0};
        if (i == 3)
            spec.in = spec.out = spec.height = spec.width = 32;
        clipsearch_status status = CLIPSEARCH_E_MEMORY;
        cs_conv conv;
        int failures = 0;
        while (status == CLIPSEARCH_E_MEMORY && failures < 9) {
            cs_mem_fail_at((uint64_t)++failures);
            status = (i == 2 ? cs_conv_open_coded : cs_conv_open)(&conv, &spec, weight, NULL, NULL, NULL);
            cs_mem_fail_at(0);
        }
        TAP_OK(status == CLIPSEARCH_OK && failures > 2 && (i == 3) == (conv.winograd.ops != NULL),
               "%zu groups%s: no memory, said so", groups, form);
        void *scratch = must(cs_alloc_aligned(cs_conv_scratch(&conv, 1, 5, 5, 3), 1));
        const uint64_t before = cs_mem_count();
        cs_conv_forward(&conv, x, 1, 5, 5, NULL, y, scratch, pools[2]);
        TAP_OK(cs_mem_count() == before && conv.spec.stride == 1, "%zu groups%s: forward allocates nothing", groups,
               form);
        y[0] = 7;
        cs_conv_forward(&conv, x, 0, 5, 5, NULL, y, scratch, pools[2]);
        TAP_OK(y[0] == 7, "%zu groups%s: no images: nothing happens", groups, form);
        TAP_OK(cs_conv_output_height(&conv, 1) == 1 && cs_conv_output_width(&conv, 0) == 0, "sizes that come out");
        cs_free(scratch);
        cs_conv_close(&conv);
    }
    const cs_conv_spec planar = {3, 8, 3, 3, 1, 1, 1, CS_CONV_NONE, true, 0, 0, 0};
    const cs_conv_spec dense = {8, 32, 3, 3, 1, 1, 1, CS_CONV_NONE, false, 0, 0, 0};
    cs_conv conv;
    TAP_OK(cs_conv_open_coded(&conv, &dense, weight, NULL, NULL, NULL) == CLIPSEARCH_OK && conv.coded.ops &&
               cs_conv_scratch(&conv, 2, SIZE_MAX / 8, 16, 1) == 0 && cs_conv_scratch(&conv, 2, SIZE_MAX, 1, 1) == 0,
           "8 bits: scratch that does not fit says 0");
    cs_conv_close(&conv);
    TAP_OK(cs_conv_open(&conv, &planar, weight, NULL, NULL, NULL) == CLIPSEARCH_OK &&
               cs_conv_scratch(&conv, 2, SIZE_MAX / 8, 16, 1) == 0 && cs_conv_scratch(&conv, 2, SIZE_MAX, 1, 1) == 0,
           "scratch that does not fit says 0");
    cs_conv_close(&conv);
    const cs_conv_spec tiles = {32, 32, 3, 3, 1, 1, 1, CS_CONV_NONE, false, 0, 32, 32};
    TAP_OK(cs_conv_open(&conv, &tiles, weight, NULL, NULL, NULL) == CLIPSEARCH_OK && conv.winograd.ops &&
               cs_conv_scratch(&conv, SIZE_MAX / 2, 16, 16, 1) == 0 &&
               cs_conv_scratch(&conv, 2, SIZE_MAX / 2, SIZE_MAX / 2, 1) == 0 &&
               cs_conv_scratch(&conv, 1 << 20, 1000, 1000, 2) == cs_conv_scratch(&conv, 1, 1000, 1000, 2),
           "F(4x4, 3x3): scratch that does not fit says 0; it does not grow with the map");
    cs_conv_close(&conv);
}

int main(void)
{
    if (!cpu_level_runs())
        return tap_done();
    for (unsigned i = 0; i < POOLS; i++)
        if (cs_pool_open(i + 1, &pools[i], NULL) != CLIPSEARCH_OK)
            return 1;
    test_dense(false);
    test_dense(true);
    test_network_shapes();
    test_depthwise();
    test_winograd();
    test_batchnorm(1, false, true);
    test_batchnorm(1, true, false);
    test_batchnorm(20, true, true);
    test_refusals();
    test_coded();
    test_coded_no_number();
    for (unsigned i = 0; i < POOLS; i++)
        cs_pool_close(&pools[i]);
    return tap_done();
}
