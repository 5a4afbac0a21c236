/* SPDX-License-Identifier: MIT
 * convnet.c - builds the list of steps, measures its buffers, runs it. */
#include "vision/convnet.h"

#include "base/mem.h"

#include <string.h>

enum {
    GROUP_BYTES = 4 << 20, /* of one buffer: what a layer writes is still in the caches when the next layer reads it */
    MOST_IN_GROUP = 8
};

void cs_convnet_init(cs_convnet *net, size_t image_size)
{
    *net = (cs_convnet){.image_size = image_size};
    net->shapes[CS_NET_PIXELS] = (cs_map_shape){image_size, image_size, 3};
}

size_t cs_convnet_packed_bytes(const cs_convnet *net)
{
    size_t bytes = 0;
    for (size_t i = 0; i < net->count; i++)
        if (net->steps[i].kind == CS_STEP_CONV)
            bytes += cs_conv_packed_bytes(&net->steps[i].conv);
    return bytes;
}

void cs_convnet_close(cs_convnet *net)
{
    for (size_t i = 0; i < net->count; i++)
        cs_conv_close(&net->steps[i].conv);
    cs_free(net->steps);
    *net = (cs_convnet){0};
}

/* ---------------------------------------------------------------- building */

/* Make room for one more step, which becomes part of the network with finish_step. NULL after a failure. */
static cs_step *new_step(cs_net_builder *builder, cs_step_kind kind, int from, int to)
{
    cs_convnet *net = builder->net;
    if (builder->status != CLIPSEARCH_OK)
        return NULL;
    cs_step *steps = cs_grow(net->steps, &net->capacity, net->count + 1, sizeof *steps);
    if (!steps) {
        builder->status = cs_fail_memory(builder->err, "a model's layers");
        return NULL;
    }
    net->steps = steps;
    cs_step *step = &net->steps[net->count];
    *step = (cs_step){.kind = kind, .from = from, .to = to, .residual = CS_NET_NONE, .in = net->shapes[from]};
    return step;
}

/* Add the step, whose shape is now known, to the network. */
static void finish_step(cs_net_builder *builder, cs_step *step)
{
    cs_convnet *net = builder->net;
    const cs_map_shape *out = &step->out;
    net->count++;
    if (out->height == 0 || out->width == 0) {
        builder->status =
            cs_fail(builder->err, CLIPSEARCH_E_MODEL, "%s: images of %zu pixels are too small for this network",
                    cs_weights_path(builder->source->weights), net->image_size);
        return;
    }
    size_t floats = out->height * out->width * out->channels; /* sides and channels are limited */
    if (floats > net->floats[step->to])
        net->floats[step->to] = floats;
    net->shapes[step->to] = *out;
}

static bool same_shape(const cs_map_shape *a, const cs_map_shape *b)
{
    return a->height == b->height && a->width == b->width && a->channels == b->channels;
}

static void finish_conv(cs_net_builder *builder, cs_step *step, const char *name, int residual)
{
    const cs_map_shape *other = residual == CS_NET_NONE ? NULL : &builder->net->shapes[residual];
    step->out = (cs_map_shape){cs_conv_output_height(&step->conv, step->in.height),
                               cs_conv_output_width(&step->conv, step->in.width), step->conv.spec.out};
    step->residual = residual;
    if (other && !same_shape(other, &step->out))
        builder->status = cs_fail(
            builder->err, CLIPSEARCH_E_MODEL,
            "%s: the convolution \"%s\" makes %zu x %zu x %zu numbers and is added to %zu x %zu x %zu: a block's "
            "shortcut is missing, or of another model",
            cs_weights_path(builder->source->weights), name, step->out.height, step->out.width, step->out.channels,
            other->height, other->width, other->channels);
    finish_step(builder, step);
}

/* Zeros in front of and behind `size` numbers, so that a convolution makes ceil(size / stride) of them. */
static size_t same_padding(size_t size, const cs_net_conv *conv)
{
    const size_t reach = ((size + conv->stride - 1) / conv->stride - 1) * conv->stride + conv->kernel;
    return reach > size ? reach - size : 0;
}

void cs_net_add_conv(cs_net_builder *builder, const cs_net_conv *conv, int from, int to, int residual)
{
    cs_step *step = new_step(builder, CS_STEP_CONV, from, to);
    if (!step)
        return;
    const size_t padding = conv->same ? same_padding(step->in.height, conv) : conv->kernel / 2 * 2;
    cs_conv_spec spec = {.in = step->in.channels,
                         .out = conv->depthwise ? step->in.channels : conv->out,
                         .kernel_h = conv->kernel,
                         .kernel_w = conv->kernel,
                         .stride = conv->stride,
                         .pad = padding / 2,
                         .pad_more = padding % 2,
                         .groups = conv->depthwise ? step->in.channels : 1,
                         .activation = conv->activation,
                         .planar = from == CS_NET_PIXELS,
                         .height = step->in.height,
                         .width = step->in.width};
    builder->status = cs_conv_bind(builder->source, conv->conv, conv->norm, &spec, &step->conv, builder->err);
    if (builder->status == CLIPSEARCH_OK)
        finish_conv(builder, step, conv->conv, residual);
}

void cs_net_add_keras_conv(cs_net_builder *builder, const cs_tensor *kernel, const cs_tensor *bias, int from, int to)
{
    cs_step *step = new_step(builder, CS_STEP_CONV, from, to);
    if (!step)
        return;
    cs_conv_spec spec = {.in = step->in.channels,
                         .kernel_h = 3,
                         .kernel_w = 3,
                         .stride = 1,
                         .pad = 1,
                         .groups = 1,
                         .activation = CS_CONV_RELU,
                         .planar = from == CS_NET_PIXELS,
                         .height = step->in.height,
                         .width = step->in.width};
    builder->status = cs_conv_bind_keras(builder->source, kernel, bias, &spec, &step->conv, builder->err);
    if (builder->status == CLIPSEARCH_OK)
        finish_conv(builder, step, kernel->name, CS_NET_NONE);
}

static void add_pool(cs_net_builder *builder, cs_step_kind kind, int from, int to, size_t window, size_t stride,
                     size_t pad)
{
    cs_step *step = new_step(builder, kind, from, to);
    if (!step)
        return;
    step->window = window;
    step->stride = stride;
    step->pad = pad;
    step->out = (cs_map_shape){cs_pool_output(step->in.height, window, stride, pad),
                               cs_pool_output(step->in.width, window, stride, pad), step->in.channels};
    finish_step(builder, step);
}

void cs_net_add_max_pool(cs_net_builder *builder, int from, int to, size_t window, size_t stride, size_t pad)
{
    add_pool(builder, CS_STEP_MAX_POOL, from, to, window, stride, pad);
}

void cs_net_add_average_pool(cs_net_builder *builder, int from, int to, size_t window)
{
    add_pool(builder, CS_STEP_AVERAGE_POOL, from, to, window, window, 0);
}

void cs_net_show(cs_net_builder *builder, const char *stage, size_t number)
{
    if (builder->status != CLIPSEARCH_OK)
        return;
    cs_step *last = &builder->net->steps[builder->net->count - 1];
    last->stage = stage;
    last->number = number;
}

void cs_net_keep(cs_net_builder *builder)
{
    cs_convnet *net = builder->net;
    if (builder->status != CLIPSEARCH_OK || net->grid == 0)
        return;
    cs_step *last = &net->steps[net->count - 1];
    const cs_map_shape *out = &last->out;
    if (out->height != out->width || out->height % net->grid) {
        builder->status =
            cs_fail(builder->err, CLIPSEARCH_E_MODEL, "%s: a map of %zu x %zu cannot be divided into %zu x %zu squares",
                    cs_weights_path(builder->source->weights), out->height, out->width, net->grid, net->grid);
        return;
    }
    last->kept = true;
    last->kept_at = net->kept;
    net->kept += out->channels;
    net->kept_widest = out->channels > net->kept_widest ? out->channels : net->kept_widest;
}

/* ---------------------------------------------------------------- running */

const cs_map_shape *cs_convnet_result(const cs_convnet *net)
{
    return &net->steps[net->count - 1].out;
}

size_t cs_convnet_group(const cs_convnet *net, size_t images)
{
    size_t largest = 1;
    for (int i = 0; i < CS_NET_BUFFERS; i++)
        largest = net->floats[i] > largest ? net->floats[i] : largest;
    size_t group = GROUP_BYTES / sizeof(float) / largest;
    group = group < 1 ? 1 : group > MOST_IN_GROUP ? MOST_IN_GROUP : group;
    return group < images ? group : images;
}

void cs_convnet_carve(const cs_convnet *net, cs_net_scratch *scratch, size_t images, unsigned threads,
                      cs_workspace *workspace)
{
    size_t bytes = 0;
    for (int i = 0; i < CS_NET_BUFFERS; i++)
        scratch->maps[i] = cs_workspace_floats(workspace, images, net->floats[i]);
    for (size_t i = 0; i < net->count; i++) {
        const cs_step *step = &net->steps[i];
        size_t needed = step->kind == CS_STEP_CONV
                            ? cs_conv_scratch(&step->conv, images, step->in.height, step->in.width, threads)
                            : 1;
        workspace->overflow |= needed == 0 && images > 0;
        bytes = needed > bytes ? needed : bytes;
    }
    scratch->conv = cs_workspace_alloc(workspace, bytes, 1);
    scratch->means = cs_workspace_floats(workspace, images * net->grid * net->grid, net->kept_widest);
    scratch->kept = cs_workspace_floats(workspace, images * net->grid * net->grid, net->kept);
}

static void run(const cs_step *step, const float *x, size_t count, float *y, const cs_net_scratch *scratch,
                cs_pool *pool)
{
    const cs_map_shape *in = &step->in;
    switch (step->kind) {
    case CS_STEP_CONV:
        cs_conv_forward(&step->conv, x, count, in->height, in->width,
                        step->residual == CS_NET_NONE ? NULL : scratch->maps[step->residual], y, scratch->conv, pool);
        break;
    case CS_STEP_MAX_POOL:
        cs_max_pool(x, count, in->height, in->width, in->channels, step->window, step->stride, step->pad, y, pool);
        break;
    case CS_STEP_AVERAGE_POOL:
        cs_average_pool(x, count, in->height, in->width, in->channels, step->window, y, pool);
        break;
    }
}

/* The means of the step's result y, into its columns of what is kept. */
static void keep(const cs_convnet *net, const cs_step *step, const float *y, size_t count,
                 const cs_net_scratch *scratch, cs_pool *pool)
{
    const cs_map_shape *out = &step->out;
    const size_t places = count * net->grid * net->grid;
    cs_average_pool(y, count, out->height, out->width, out->channels, out->height / net->grid, scratch->means, pool);
    for (size_t i = 0; i < places; i++)
        memcpy(scratch->kept + i * net->kept + step->kept_at, scratch->means + i * out->channels,
               out->channels * sizeof *scratch->kept);
}

const float *cs_convnet_forward(const cs_convnet *net, const float *pixels, size_t count, const cs_net_scratch *scratch,
                                cs_pool *pool, const cs_probe *probe)
{
    float *y = NULL;
    for (size_t i = 0; i < net->count; i++) {
        const cs_step *step = &net->steps[i];
        const float *x = step->from == CS_NET_PIXELS ? pixels : scratch->maps[step->from];
        y = scratch->maps[step->to];
        run(step, x, count, y, scratch, pool);
        if (step->kept)
            keep(net, step, y, count, scratch, pool);
        if (step->stage)
            cs_probe_see(probe, step->stage, step->number, y, count * step->out.height * step->out.width,
                         step->out.channels);
    }
    return y;
}
