/* SPDX-License-Identifier: MIT
 * resnet.c - ResNet-18 to -152. Source: torchvision.models.resnet (version 1.5 of the paper's network: a bottleneck's
 * stride is on its 3x3 convolution). */
#include "vision/classifier.h"

#include <stdio.h>

enum { NAME_SIZE = 96, X = 0, FIRST, SECOND, SHORTCUT }; /* buffers: the stream, and the results within a block */

/* A block's convolution (0, 1, 2) or its shortcut (-1), and its norm, by name. */
typedef struct block_names {
    char conv[NAME_SIZE], norm[NAME_SIZE];
} block_names;

static block_names names_of(const cs_image_config *config, size_t stage, size_t block, int conv)
{
    block_names names;
    char prefix[NAME_SIZE / 2];
    if (config->naming == CS_IMAGE_TRANSFORMERS) {
        snprintf(prefix, sizeof prefix, "encoder.stages.%zu.layers.%zu.", stage, block);
        char part[sizeof "layer." + 11] = "shortcut"; /* any int */
        if (conv >= 0)
            snprintf(part, sizeof part, "layer.%d", conv);
        snprintf(names.conv, NAME_SIZE, "%s%s.convolution", prefix, part);
        snprintf(names.norm, NAME_SIZE, "%s%s.normalization", prefix, part);
        return names;
    }
    snprintf(prefix, sizeof prefix, "layer%zu.%zu.", stage + 1, block);
    if (conv < 0) {
        snprintf(names.conv, NAME_SIZE, "%sdownsample.0", prefix);
        snprintf(names.norm, NAME_SIZE, "%sdownsample.1", prefix);
    } else {
        snprintf(names.conv, NAME_SIZE, "%sconv%d", prefix, conv + 1);
        snprintf(names.norm, NAME_SIZE, "%sbn%d", prefix, conv + 1);
    }
    return names;
}

static bool has_conv(const cs_conv_source *source, const char *conv)
{
    char name[2 * NAME_SIZE];
    snprintf(name, sizeof name, "%s%s.weight", source->prefix, conv);
    return cs_weights_find(source->weights, name) != NULL;
}

static void add(cs_net_builder *builder, const block_names *names, size_t kernel, size_t stride, bool relu, int from,
                int to, int residual)
{
    cs_net_conv conv = {.conv = names->conv,
                        .norm = names->norm,
                        .kernel = kernel,
                        .stride = stride,
                        .activation = relu ? CS_CONV_RELU : CS_CONV_NONE};
    cs_net_add_conv(builder, &conv, from, to, residual);
}

/* One block, from buffer X to buffer X, or to SHORTCUT when it has one: the buffer is returned. */
static int add_block(cs_net_builder *builder, const cs_image_config *config, size_t stage, size_t block, int x)
{
    size_t stride = stage > 0 && block == 0 ? 2 : 1;
    block_names names[3], shortcut = names_of(config, stage, block, -1);
    for (int i = 0; i < 3; i++)
        names[i] = names_of(config, stage, block, i);
    int to = x;
    if (has_conv(builder->source, shortcut.conv)) {
        to = x == X ? SHORTCUT : X;
        add(builder, &shortcut, 1, stride, false, x, to, CS_NET_NONE);
    }
    if (config->bottleneck) {
        add(builder, &names[0], 1, 1, true, x, FIRST, CS_NET_NONE);
        add(builder, &names[1], 3, stride, true, FIRST, SECOND, CS_NET_NONE);
        add(builder, &names[2], 1, 1, true, SECOND, to, to);
    } else {
        add(builder, &names[0], 3, stride, true, x, FIRST, CS_NET_NONE);
        add(builder, &names[1], 3, 1, true, FIRST, to, to);
    }
    return to;
}

void cs_resnet_build(cs_net_builder *builder, const cs_image_config *config)
{
    block_names stem = {"conv1", "bn1"};
    if (config->naming == CS_IMAGE_TRANSFORMERS) {
        if (has_conv(builder->source, "resnet.embedder.embedder.convolution"))
            builder->source->prefix = "resnet.";
        stem = (block_names){"embedder.embedder.convolution", "embedder.embedder.normalization"};
    }
    add(builder, &stem, 7, 2, true, CS_NET_PIXELS, FIRST, CS_NET_NONE);
    cs_net_add_max_pool(builder, FIRST, X, 3, 2, 1);
    cs_net_show(builder, "stem", 0);
    int x = X;
    for (size_t stage = 0; stage < 4; stage++) {
        for (size_t block = 0; block < config->blocks[stage]; block++)
            x = add_block(builder, config, stage, block, x);
        cs_net_show(builder, "block", stage);
    }
}
