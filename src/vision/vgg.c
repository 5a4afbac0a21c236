/* SPDX-License-Identifier: MIT
 * vgg.c - VGG-11 to -19 without its dense layers. Sources: torchvision.models.vgg, keras.applications.vgg16. */
#include "vision/classifier.h"

#include <stdio.h>

static void add_keras(cs_net_builder *builder, size_t block, size_t layer, int from, int to)
{
    const cs_weights *weights = builder->source->weights;
    const cs_tensor *kernel = cs_image_keras_tensor(weights, block + 1, layer + 1, 4);
    const cs_tensor *bias = cs_image_keras_tensor(weights, block + 1, layer + 1, 1);
    if (builder->status == CLIPSEARCH_OK && (!kernel || !bias))
        builder->status = cs_fail(builder->err, CLIPSEARCH_E_MODEL, "%s: block%zu_conv%zu has no %s",
                                  cs_weights_path(weights), block + 1, layer + 1, kernel ? "bias" : "kernel");
    if (builder->status == CLIPSEARCH_OK)
        cs_net_add_keras_conv(builder, kernel, bias, from, to);
}

void cs_vgg_build(cs_net_builder *builder, const cs_image_config *config)
{
    int from = CS_NET_PIXELS, to = 0;
    size_t number = 0; /* of torchvision's `features`, where ReLUs and poolings have numbers too */
    for (size_t block = 0; block < CS_VGG_STAGES; block++) {
        for (size_t layer = 0; layer < config->blocks[block]; layer++) {
            char name[32];
            snprintf(name, sizeof name, "features.%zu", number);
            cs_net_conv conv = {.conv = name, .kernel = 3, .stride = 1, .activation = CS_CONV_RELU};
            if (config->naming == CS_IMAGE_KERAS)
                add_keras(builder, block, layer, from, to);
            else
                cs_net_add_conv(builder, &conv, from, to, CS_NET_NONE);
            number += 2;
            from = to;
            to = 1 - to;
        }
        number++;
        cs_net_add_max_pool(builder, from, to, 2, 2, 0);
        cs_net_show(builder, "block", block);
        from = to;
        to = 1 - to;
    }
}
