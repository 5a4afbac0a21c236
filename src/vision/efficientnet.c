/* SPDX-License-Identifier: MIT
 * efficientnet.c - EfficientNet-Lite 0 to 4. Sources: the network as TensorFlow's tpu/models/official/efficientnet/lite
 * describes it, in the names of efficientnet_lite_pytorch's model.py and of timm's tf_efficientnet_lite*. */
#include "vision/classifier.h"

#include <stdio.h>

enum { NAME_SIZE = 64, STAGES = 7, X = 0, WIDE, FILTERED, OTHER };

/* The depthwise kernel of a stage's blocks, and the stride of its first one. */
static const struct {
    size_t kernel, stride;
} stages[STAGES] = {{3, 1}, {3, 2}, {5, 2}, {3, 2}, {5, 1}, {5, 2}, {3, 1}};

/* A layer's names in one of the two namings: "<block>" and the layer in it. */
typedef struct layer_names {
    const char *conv, *norm;
} layer_names;

typedef enum block_layer { EXPAND, FILTER, PROJECT } block_layer;

/* timm numbers a block's norms in the order of its layers, the first of which is missing in the first stage. */
static layer_names name_layer(const cs_image_config *config, block_layer layer, bool expands)
{
    static const layer_names package[] = {
        {"_expand_conv", "_bn0"}, {"_depthwise_conv", "_bn1"}, {"_project_conv", "_bn2"}};
    static const layer_names timm[] = {{"conv_pw", "bn1"}, {"conv_dw", "bn2"}, {"conv_pwl", "bn3"}};
    static const layer_names timm_first[] = {{"", ""}, {"conv_dw", "bn1"}, {"conv_pw", "bn2"}};
    return config->naming != CS_IMAGE_TIMM ? package[layer] : expands ? timm[layer] : timm_first[layer];
}

/* `block` is a prefix ending in a dot, or empty. */
static void add(cs_net_builder *builder, const char *block, layer_names names, cs_net_conv spec, int from, int to,
                int residual)
{
    char conv[NAME_SIZE], norm[NAME_SIZE];
    snprintf(conv, sizeof conv, "%s%s", block, names.conv);
    snprintf(norm, sizeof norm, "%s%s", block, names.norm);
    spec.conv = conv;
    spec.norm = norm;
    spec.same = true;
    cs_net_add_conv(builder, &spec, from, to, residual);
}

/* Expand (not in the first stage), filter each channel, project; a block whose output has the shape of its input adds
 * the two. Returns the buffer of the result. */
static int add_block(cs_net_builder *builder, const cs_image_config *config, size_t stage, const char *block,
                     bool first, int x)
{
    const cs_net_conv point = {.kernel = 1, .stride = 1, .activation = CS_CONV_RELU6};
    const cs_net_conv project = {.kernel = 1, .stride = 1, .activation = CS_CONV_NONE};
    const cs_net_conv filter = {.kernel = stages[stage].kernel,
                                .stride = first ? stages[stage].stride : 1,
                                .depthwise = true,
                                .activation = CS_CONV_RELU6};
    const bool expands = stage > 0;
    const int to = first ? x == X ? OTHER : X : x;
    if (expands)
        add(builder, block, name_layer(config, EXPAND, true), point, x, WIDE, CS_NET_NONE);
    add(builder, block, name_layer(config, FILTER, expands), filter, expands ? WIDE : x, FILTERED, CS_NET_NONE);
    add(builder, block, name_layer(config, PROJECT, expands), project, FILTERED, to, first ? CS_NET_NONE : x);
    return to;
}

void cs_efficientnet_build(cs_net_builder *builder, const cs_image_config *config)
{
    const bool timm = config->naming == CS_IMAGE_TIMM;
    const cs_net_conv stem = {.kernel = 3, .stride = 2, .activation = CS_CONV_RELU6};
    const cs_net_conv head = {.kernel = 1, .stride = 1, .activation = CS_CONV_RELU6};
    char block[NAME_SIZE / 2];
    size_t number = 0;
    int x = X;
    add(builder, "", timm ? (layer_names){"conv_stem", "bn1"} : (layer_names){"_conv_stem", "_bn0"}, stem,
        CS_NET_PIXELS, X, CS_NET_NONE);
    cs_net_show(builder, "stem", 0);
    for (size_t stage = 0; stage < STAGES; stage++) {
        for (size_t i = 0; i < config->blocks[stage]; i++, number++) {
            if (timm)
                snprintf(block, sizeof block, "blocks.%zu.%zu.", stage, i);
            else
                snprintf(block, sizeof block, "_blocks.%zu.", number);
            x = add_block(builder, config, stage, block, i == 0, x);
            cs_net_show(builder, "block", number);
        }
        if (stage + 1 == STAGES || stages[stage + 1].stride > 1) /* the last map of this size */
            cs_net_keep(builder);
    }
    add(builder, "", timm ? (layer_names){"conv_head", "bn2"} : (layer_names){"_conv_head", "_bn1"}, head, x, WIDE,
        CS_NET_NONE);
    cs_net_show(builder, "final", 0);
}
