/* SPDX-License-Identifier: MIT
 * clip_resnet.c - OpenAI's modified ResNet, then one query of attention over all places of its last map. */
#include "vision/clip_resnet.h"

#include "base/mem.h"
#include "nn/attention.h"
#include "nn/floats.h"
#include "nn/linear.h"
#include "vision/convnet.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 64, X = 0, FIRST, SECOND, OTHER };

/* C = channels of the last map, T = 1 + its positions. */
struct cs_clip_resnet {
    cs_convnet net;
    size_t dim, channels, places, heads;
    float *positions;  /* [T, C] */
    cs_linear q, k, v; /* [C, C] */
    cs_linear out;     /* [dim, C] */
};

/* ---------------------------------------------------------------- the network */

static void add(cs_net_builder *builder, const char *block, const char *conv, const char *norm, size_t kernel,
                size_t stride, bool relu, int from, int to, int residual)
{
    char conv_name[NAME_SIZE], norm_name[NAME_SIZE];
    snprintf(conv_name, sizeof conv_name, "%s%s", block, conv);
    snprintf(norm_name, sizeof norm_name, "%s%s", block, norm);
    cs_net_conv spec = {.conv = conv_name,
                        .norm = norm_name,
                        .kernel = kernel,
                        .stride = stride,
                        .activation = relu ? CS_CONV_RELU : CS_CONV_NONE};
    cs_net_add_conv(builder, &spec, from, to, residual);
}

/* A bottleneck from buffer x; returns the buffer of its result. Where it has a stride, both ways are averaged over 2x2
 * squares in front of their 1x1 convolutions. */
static int add_block(cs_net_builder *builder, size_t stage, size_t block, int x)
{
    char prefix[32], shortcut[NAME_SIZE + 32];
    const bool halves = stage > 0 && block == 0;
    int to = x, inner = SECOND;
    snprintf(prefix, sizeof prefix, "layer%zu.%zu.", stage + 1, block);
    snprintf(shortcut, sizeof shortcut, "%s%sdownsample.0.weight", builder->source->prefix, prefix);
    add(builder, prefix, "conv1", "bn1", 1, 1, true, x, FIRST, CS_NET_NONE);
    add(builder, prefix, "conv2", "bn2", 3, 1, true, FIRST, SECOND, CS_NET_NONE);
    if (halves) {
        cs_net_add_average_pool(builder, SECOND, FIRST, 2);
        inner = FIRST;
    }
    if (cs_weights_find(builder->source->weights, shortcut)) {
        int from = x;
        to = x == X ? OTHER : X;
        if (halves) {
            cs_net_add_average_pool(builder, x, SECOND, 2);
            from = SECOND;
        }
        add(builder, prefix, "downsample.0", "downsample.1", 1, 1, false, from, to, CS_NET_NONE);
    }
    add(builder, prefix, "conv3", "bn3", 1, 1, true, inner, to, to);
    return to;
}

static void build(cs_net_builder *builder, const cs_clip_config *config)
{
    add(builder, "", "conv1", "bn1", 3, 2, true, CS_NET_PIXELS, FIRST, CS_NET_NONE);
    add(builder, "", "conv2", "bn2", 3, 1, true, FIRST, SECOND, CS_NET_NONE);
    add(builder, "", "conv3", "bn3", 3, 1, true, SECOND, FIRST, CS_NET_NONE);
    cs_net_add_average_pool(builder, FIRST, X, 2);
    cs_net_show(builder, "stem", 0);
    int x = X;
    for (size_t stage = 0; stage < CS_RESNET_STAGES; stage++) {
        for (size_t block = 0; block < config->resnet_stages[stage]; block++)
            x = add_block(builder, stage, block, x);
        cs_net_show(builder, "block", stage);
    }
}

static clipsearch_status open_net(cs_clip_resnet *resnet, const cs_weights *weights, const cs_clip_config *config,
                                  cs_weight_form form, cs_pool *pool, clipsearch_error *err)
{
    static const char *const behind[] = {"attnpool.", NULL};
    cs_conv_source source;
    clipsearch_status status = cs_conv_source_open(&source, weights, CS_OPENAI_IMAGE_PREFIX, 1e-5, pool, err);
    cs_net_builder builder = {.net = &resnet->net, .source = &source, .status = status, .err = err};
    source.coded = form == CS_WEIGHTS_INT8;
    cs_convnet_init(&resnet->net, config->image_size);
    build(&builder, config);
    status = builder.status;
    const cs_tensor *rest = status == CLIPSEARCH_OK ? cs_conv_source_rest(&source, behind) : NULL;
    if (rest)
        status = cs_fail(err, CLIPSEARCH_E_MODEL,
                         "%s: the tensor \"%s\" has no place in a CLIP ResNet of %zu, %zu, %zu and %zu blocks; the "
                         "configuration and the weights are of different models",
                         cs_weights_path(weights), rest->name, config->resnet_stages[0], config->resnet_stages[1],
                         config->resnet_stages[2], config->resnet_stages[3]);
    cs_conv_source_close(&source);
    if (status != CLIPSEARCH_OK)
        return status;
    const cs_map_shape *map = cs_convnet_result(&resnet->net);
    resnet->places = map->height * map->width;
    if (map->channels != resnet->channels)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the last stage makes %zu channels, expected %zu",
                       cs_weights_path(weights), map->channels, resnet->channels);
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- opening */

static clipsearch_status open_pooling(cs_clip_resnet *resnet, const cs_weights *weights, const cs_clip_config *config,
                                      bool pack, cs_pool *pool, clipsearch_error *err)
{
    cs_attnpool_tensors t;
    clipsearch_status status = cs_clip_attnpool(weights, config, &t, err);
    const struct {
        cs_linear *linear;
        const cs_matrix *weight, *bias;
    } linears[] = {{&resnet->q, &t.q_weight, &t.q_bias},
                   {&resnet->k, &t.k_weight, &t.k_bias},
                   {&resnet->v, &t.v_weight, &t.v_bias},
                   {&resnet->out, &t.out_weight, &t.out_bias}};
    if (status == CLIPSEARCH_OK)
        status = cs_floats_copy(&t.positions, &resnet->positions, err);
    for (size_t i = 0; i < sizeof linears / sizeof *linears && status == CLIPSEARCH_OK; i++)
        status = cs_linear_open(linears[i].linear, linears[i].weight, linears[i].bias, pack, pool, err);
    return status;
}

clipsearch_status cs_clip_resnet_open(const cs_weights *weights, const cs_clip_config *config, cs_weight_form form,
                                      cs_pool *pool, cs_clip_resnet **out, clipsearch_error *err)
{
    *out = NULL;
    cs_clip_resnet *resnet = cs_zalloc_array(1, sizeof *resnet);
    if (!resnet)
        return cs_fail_memory(err, "the image tower");
    resnet->dim = config->dim;
    resnet->heads = config->vision.heads;
    resnet->channels = CS_RESNET_SHRINK * config->vision.width;
    clipsearch_status status = open_net(resnet, weights, config, form, pool, err);
    if (status == CLIPSEARCH_OK)
        status = open_pooling(resnet, weights, config, form != CS_WEIGHTS_MAPPED, pool, err);
    if (status != CLIPSEARCH_OK)
        cs_clip_resnet_close(&resnet);
    *out = resnet;
    return status;
}

void cs_clip_resnet_close(cs_clip_resnet **handle)
{
    cs_clip_resnet *resnet = *handle;
    if (!resnet)
        return;
    cs_linear *linears[] = {&resnet->q, &resnet->k, &resnet->v, &resnet->out};
    for (size_t i = 0; i < sizeof linears / sizeof *linears; i++)
        cs_linear_close(linears[i]);
    cs_free(resnet->positions);
    cs_convnet_close(&resnet->net);
    cs_free(resnet);
    *handle = NULL;
}

size_t cs_clip_resnet_packed_bytes(const cs_clip_resnet *resnet)
{
    return cs_convnet_packed_bytes(&resnet->net) + cs_linear_packed_bytes(&resnet->q) +
           cs_linear_packed_bytes(&resnet->k) + cs_linear_packed_bytes(&resnet->v) +
           cs_linear_packed_bytes(&resnet->out);
}

/* ---------------------------------------------------------------- forward */

/* N images, T rows each. */
typedef struct scratch {
    cs_net_scratch net;
    float *x, *k, *v; /* [N * T, C] */
    float *q, *mixed; /* [N, C] */
    size_t *offsets;  /* [N + 1] */
    float *gemm;
    cs_attention_scratch attention;
} scratch;

static void carve(const cs_clip_resnet *resnet, scratch *s, size_t images, unsigned threads, cs_workspace *workspace)
{
    size_t tokens = 1 + resnet->places, c = resnet->channels;
    cs_convnet_carve(&resnet->net, &s->net, images, threads, workspace);
    s->x = cs_workspace_floats(workspace, images * tokens, c); /* a group of images: few */
    s->k = cs_workspace_floats(workspace, images * tokens, c);
    s->v = cs_workspace_floats(workspace, images * tokens, c);
    s->q = cs_workspace_floats(workspace, images, c);
    s->mixed = cs_workspace_floats(workspace, images, c);
    s->offsets = cs_workspace_alloc(workspace, images + 1, sizeof *s->offsets);
    s->gemm = cs_workspace_floats(workspace, threads, cs_gemm_scratch(c));
    cs_attention_carve(&s->attention, c / resnet->heads, tokens, threads, workspace);
}

size_t cs_clip_resnet_scratch(const cs_clip_resnet *resnet, size_t max_images, unsigned threads)
{
    cs_workspace workspace = {0};
    scratch s;
    carve(resnet, &s, cs_convnet_group(&resnet->net, max_images), threads, &workspace);
    return cs_workspace_size(&workspace);
}

typedef struct token_job {
    const cs_clip_resnet *resnet;
    const float *maps; /* [N, T - 1, C] */
    float *x;          /* [N, T, C] */
} token_job;

/* The rows of one image: the mean over its positions, then each position, with the position embedding added. */
static void make_tokens(void *context, size_t image, unsigned worker)
{
    (void)worker;
    const token_job *j = context;
    size_t c = j->resnet->channels, places = j->resnet->places;
    const float *map = j->maps + image * places * c;
    float *x = j->x + image * (1 + places) * c;
    cs_global_average_pool(map, 1, places, c, x, NULL);
    memcpy(x + c, map, places * c * sizeof *x);
    for (size_t i = 0; i < (1 + places) * c; i++)
        x[i] += j->resnet->positions[i];
}

static void pool_group(const cs_clip_resnet *resnet, const float *maps, size_t count, const scratch *s, cs_pool *pool,
                       float *vectors)
{
    size_t tokens = 1 + resnet->places, c = resnet->channels;
    token_job job = {resnet, maps, s->x};
    cs_pool_run(pool, count, make_tokens, &job);
    for (size_t i = 0; i <= count; i++)
        s->offsets[i] = i * tokens;
    for (size_t i = 0; i < count; i++)
        memcpy(s->mixed + i * c, s->x + i * tokens * c, c * sizeof *s->mixed);
    cs_linear_forward(&resnet->q, s->mixed, count, CS_ACT_NONE, NULL, s->q, s->gemm, pool);
    cs_linear_forward(&resnet->k, s->x, count * tokens, CS_ACT_NONE, NULL, s->k, s->gemm, pool);
    cs_linear_forward(&resnet->v, s->x, count * tokens, CS_ACT_NONE, NULL, s->v, s->gemm, pool);
    cs_sequences sequences = {.count = count, .offsets = s->offsets, .longest = tokens};
    cs_attention_forward(&sequences, c, resnet->heads, false, s->q, s->k, s->v, s->mixed, &s->attention, pool);
    cs_linear_forward(&resnet->out, s->mixed, count, CS_ACT_NONE, NULL, vectors, s->gemm, pool);
}

void cs_clip_resnet_forward(const cs_clip_resnet *resnet, const float *pixels, size_t count, void *block, cs_pool *pool,
                            const cs_probe *probe, float *vectors)
{
    assert((uintptr_t)block % CS_WORKSPACE_ALIGNMENT == 0);
    size_t group = cs_convnet_group(&resnet->net, count), each = 3 * resnet->net.image_size * resnet->net.image_size;
    cs_workspace workspace = {.base = block};
    scratch s;
    carve(resnet, &s, group, cs_pool_threads(pool), &workspace);
    for (size_t done = 0, n; done < count; done += n) {
        n = group < count - done ? group : count - done;
        const float *maps = cs_convnet_forward(&resnet->net, pixels + done * each, n, &s.net, pool, probe);
        pool_group(resnet, maps, n, &s, pool, vectors + done * resnet->dim);
        cs_probe_see(probe, "project", 0, vectors + done * resnet->dim, n, resnet->dim);
    }
}
