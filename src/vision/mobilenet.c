/* SPDX-License-Identifier: MIT
 * mobilenet.c - MobileNetV2 of any width. Source: torchvision.models.mobilenetv2. */
#include "vision/classifier.h"

#include <stdio.h>

enum { NAME_SIZE = 48, BLOCKS = 17, X = 0, WIDE, FILTERED, OTHER };

/* A block that halves the image, by its number in `features`. */
static bool halves(size_t block)
{
    return block == 2 || block == 4 || block == 7 || block == 14;
}

/* features.<block>.<conv> with the norm at features.<block>.<norm> */
static void add(cs_net_builder *builder, size_t block, const char *conv, const char *norm, cs_net_conv spec, int from,
                int to, int residual)
{
    char conv_name[NAME_SIZE], norm_name[NAME_SIZE];
    snprintf(conv_name, sizeof conv_name, "features.%zu.%s", block, conv);
    snprintf(norm_name, sizeof norm_name, "features.%zu.%s", block, norm);
    spec.conv = conv_name;
    spec.norm = norm_name;
    cs_net_add_conv(builder, &spec, from, to, residual);
}

/* A block without a stride whose output is as wide as its input adds the one to the other. */
static bool adds_input(const cs_net_builder *builder, size_t block, const char *last, int x)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "features.%zu.%s.weight", block, last);
    const cs_tensor *weight = cs_weights_find(builder->source->weights, name);
    return !halves(block) && weight && weight->rank == 4 && weight->shape[0] == builder->net->shapes[x].channels;
}

/* Expand (not in the first block), filter each channel, project. Returns the buffer of the result. */
static int add_block(cs_net_builder *builder, size_t block, int x)
{
    const cs_net_conv point = {.kernel = 1, .stride = 1, .activation = CS_CONV_RELU6};
    const cs_net_conv project = {.kernel = 1, .stride = 1, .activation = CS_CONV_NONE};
    const cs_net_conv filter = {
        .kernel = 3, .stride = halves(block) ? 2 : 1, .depthwise = true, .activation = CS_CONV_RELU6};
    const bool expands = block > 1;
    const bool adds = adds_input(builder, block, expands ? "conv.2" : "conv.1", x);
    const int to = adds ? x : x == X ? OTHER : X;
    if (expands) {
        add(builder, block, "conv.0.0", "conv.0.1", point, x, WIDE, CS_NET_NONE);
        add(builder, block, "conv.1.0", "conv.1.1", filter, WIDE, FILTERED, CS_NET_NONE);
        add(builder, block, "conv.2", "conv.3", project, FILTERED, to, adds ? x : CS_NET_NONE);
    } else {
        add(builder, block, "conv.0.0", "conv.0.1", filter, x, FILTERED, CS_NET_NONE);
        add(builder, block, "conv.1", "conv.2", project, FILTERED, to, adds ? x : CS_NET_NONE);
    }
    return to;
}

void cs_mobilenet_build(cs_net_builder *builder)
{
    const cs_net_conv stem = {.kernel = 3, .stride = 2, .activation = CS_CONV_RELU6};
    const cs_net_conv last = {.kernel = 1, .stride = 1, .activation = CS_CONV_RELU6};
    add(builder, 0, "0", "1", stem, CS_NET_PIXELS, X, CS_NET_NONE);
    cs_net_show(builder, "stem", 0);
    int x = X;
    for (size_t block = 1; block <= BLOCKS; block++) {
        x = add_block(builder, block, x);
        cs_net_show(builder, "block", block - 1);
    }
    add(builder, BLOCKS + 1, "0", "1", last, x, WIDE, CS_NET_NONE);
    cs_net_show(builder, "final", 0);
}
