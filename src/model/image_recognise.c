/* SPDX-License-Identifier: MIT
 * image_recognise.c - recognises an image network by its tensors: which by their names, how wide by their shapes. */
#include "model/image_config.h"

#include "model/container.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 128, SHAPE_TEXT = 200, MAX_BLOCKS = 512, MOBILENET_BLOCKS = 17, LITE_STAGES = 7 };

static const float imagenet_mean[3] = {0.485F, 0.456F, 0.406F}, imagenet_std[3] = {0.229F, 0.224F, 0.225F};

/* Short side to 256, middle 224: how torchvision and timm evaluate what was trained on ImageNet. */
static cs_preprocess_config imagenet_preprocess(cs_resample resample)
{
    cs_preprocess_config config = {.resample = resample, .resize = 256, .crop = 224};
    memcpy(config.mean, imagenet_mean, sizeof config.mean);
    memcpy(config.std, imagenet_std, sizeof config.std);
    return config;
}

/* keras.applications.imagenet_utils.preprocess_input, mode "caffe", behind load_img(target_size=(224, 224)) */
static cs_preprocess_config keras_caffe_preprocess(void)
{
    return (cs_preprocess_config){.resample = CS_NEAREST,
                                  .resize = 224,
                                  .crop = 224,
                                  .mean = {103.939F, 116.779F, 123.68F},
                                  .std = {1, 1, 1},
                                  .squash = true,
                                  .bgr = true,
                                  .unscaled = true};
}

static const cs_tensor *find(const cs_weights *weights, const char *format, ...) __attribute__((format(printf, 2, 3)));

static const cs_tensor *find(const cs_weights *weights, const char *format, ...)
{
    char name[NAME_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return cs_weights_find(weights, name);
}

/* A convolution's weight must have four dimensions; *outputs is the first. */
static clipsearch_status need_conv(const cs_weights *weights, const cs_tensor *tensor, const char *name,
                                   size_t *outputs, clipsearch_error *err)
{
    char shape[SHAPE_TEXT];
    if (!tensor)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the tensor \"%s\" is not there", cs_weights_path(weights), name);
    if (tensor->rank != 4)
        return cs_fail(
            err, CLIPSEARCH_E_MODEL, "%s: the tensor \"%s\" is of shape %s; a convolution's has four dimensions",
            cs_weights_path(weights), tensor->name, cs_shape_text(tensor->rank, tensor->shape, shape, sizeof shape));
    *outputs = tensor->shape[0];
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- ResNet */

/* Format of the name of a block's convolution, from stage (0..3) and block; `last` for that of its last one. */
static const cs_tensor *resnet_conv(const cs_weights *weights, cs_image_naming naming, size_t stage, size_t block,
                                    unsigned conv)
{
    if (naming == CS_IMAGE_TORCH)
        return find(weights, "layer%zu.%zu.conv%u.weight", stage + 1, block, conv + 1);
    const char *const prefixes[] = {"resnet.", ""};
    const cs_tensor *tensor = NULL;
    for (size_t i = 0; i < 2 && !tensor; i++)
        tensor = find(weights, "%sencoder.stages.%zu.layers.%zu.layer.%u.convolution.weight", prefixes[i], stage, block,
                      conv);
    return tensor;
}

static void name_resnet(cs_image_config *config)
{
    static const struct {
        const char *name;
        bool bottleneck;
        size_t blocks[4];
    } known[] = {{"resnet18", false, {2, 2, 2, 2}},
                 {"resnet34", false, {3, 4, 6, 3}},
                 {"resnet50", true, {3, 4, 6, 3}},
                 {"resnet101", true, {3, 4, 23, 3}},
                 {"resnet152", true, {3, 8, 36, 3}}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].bottleneck == config->bottleneck &&
            memcmp(known[i].blocks, config->blocks, sizeof known[i].blocks) == 0) {
            snprintf(config->name, sizeof config->name, "%s", known[i].name);
            return;
        }
    snprintf(config->name, sizeof config->name, "resnet-%zu-%zu-%zu-%zu%s", config->blocks[0], config->blocks[1],
             config->blocks[2], config->blocks[3], config->bottleneck ? "b" : "");
}

static clipsearch_status recognise_resnet(const cs_weights *weights, cs_image_config *config, clipsearch_error *err)
{
    bool torch = config->naming == CS_IMAGE_TORCH;
    config->family = CS_FAMILY_RESNET;
    config->bottleneck = resnet_conv(weights, config->naming, 0, 0, 2) != NULL;
    for (size_t stage = 0; stage < 4; stage++) {
        while (config->blocks[stage] < MAX_BLOCKS &&
               resnet_conv(weights, config->naming, stage, config->blocks[stage], 0))
            config->blocks[stage]++;
        if (config->blocks[stage] == 0)
            return cs_fail(
                err, CLIPSEARCH_E_MODEL, "%s: a ResNet of which stage %zu is missing (there is no \"%s%zu.0...\")",
                cs_weights_path(weights), stage + 1, torch ? "layer" : "encoder.stages.", torch ? stage + 1 : stage);
    }
    name_resnet(config);
    unsigned last = config->bottleneck ? 2 : 1;
    /* as in the documentation: torchvision's ResNet-50 unchanged, timm's ResNet-34 normalised */
    config->normalise = !config->bottleneck;
    config->metric = config->bottleneck ? CLIPSEARCH_L2 : CLIPSEARCH_COSINE;
    config->preprocess = imagenet_preprocess(config->bottleneck ? CS_BILINEAR : CS_BICUBIC);
    return need_conv(weights, resnet_conv(weights, config->naming, 3, config->blocks[3] - 1, last),
                     "the last convolution of layer4", &config->dim, err);
}

/* ---------------------------------------------------------------- VGG */

const cs_tensor *cs_image_keras_tensor(const cs_weights *weights, size_t block, size_t layer, int rank)
{
    char part[NAME_SIZE];
    size_t n = (size_t)snprintf(part, sizeof part, "block%zu_conv%zu", block, layer);
    for (size_t i = 0; i < cs_weights_count(weights); i++) {
        const cs_tensor *tensor = cs_weights_at(weights, i);
        const char *at = tensor->rank == rank ? strstr(tensor->name, part) : NULL;
        if (at && (at == tensor->name || at[-1] == '/' || at[-1] == '.') && !(at[n] >= '0' && at[n] <= '9'))
            return tensor;
    }
    return NULL;
}

static void name_vgg(cs_image_config *config, const char *suffix)
{
    size_t convolutions = 0;
    for (size_t i = 0; i < CS_VGG_STAGES; i++)
        convolutions += config->blocks[i];
    snprintf(config->name, sizeof config->name, "vgg%zu%s", convolutions + 3, suffix); /* + its three dense layers */
}

static clipsearch_status recognise_keras_vgg(const cs_weights *weights, cs_image_config *config, clipsearch_error *err)
{
    const cs_tensor *last = NULL;
    config->family = CS_FAMILY_VGG;
    for (size_t block = 0; block < CS_VGG_STAGES; block++) {
        const cs_tensor *tensor;
        while (config->blocks[block] < MAX_BLOCKS &&
               (tensor = cs_image_keras_tensor(weights, block + 1, config->blocks[block] + 1, 4))) {
            config->blocks[block]++;
            last = tensor;
        }
        if (config->blocks[block] == 0)
            return cs_fail(err, CLIPSEARCH_E_MODEL,
                           "%s: a Keras VGG without a kernel of block%zu_conv1 (four dimensions)",
                           cs_weights_path(weights), block + 1);
    }
    name_vgg(config, "-keras");
    config->dim = last->shape[3]; /* [3, 3, inputs, outputs] */
    config->normalise = true;
    config->metric = CLIPSEARCH_L2;
    config->preprocess = keras_caffe_preprocess();
    return CLIPSEARCH_OK;
}

/* features.N: a convolution, then its ReLU at N + 1; a pooling, if there is one, is at N + 2, and the next convolution
 * then at N + 3. With BatchNorm the numbers differ; such a network is not read. */
static clipsearch_status recognise_torch_vgg(const cs_weights *weights, cs_image_config *config, clipsearch_error *err)
{
    size_t at = 0, stage = 0;
    const cs_tensor *last = NULL, *tensor;
    config->family = CS_FAMILY_VGG;
    if (find(weights, "features.1.running_mean") || find(weights, "features.1.weight"))
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: a VGG with BatchNorm (features.1), which is not read; plain VGGs are",
                       cs_weights_path(weights));
    while ((tensor = find(weights, "features.%zu.weight", at)) && config->blocks[stage] < MAX_BLOCKS) {
        last = tensor;
        config->blocks[stage]++;
        at += 2;
        if (!find(weights, "features.%zu.weight", at) && stage + 1 < CS_VGG_STAGES) {
            at++;
            stage++;
        }
    }
    if (config->blocks[CS_VGG_STAGES - 1] == 0)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: a VGG of %zu stages of convolutions (the last is features.%zu), expected %d",
                       cs_weights_path(weights), stage, at, CS_VGG_STAGES);
    name_vgg(config, "");
    config->normalise = true;
    config->metric = CLIPSEARCH_L2;
    config->preprocess = imagenet_preprocess(CS_BILINEAR);
    return need_conv(weights, last, "features", &config->dim, err);
}

/* ---------------------------------------------------------------- MobileNetV2 */

static clipsearch_status recognise_mobilenet(const cs_weights *weights, cs_image_config *config, clipsearch_error *err)
{
    config->family = CS_FAMILY_MOBILENET_V2;
    snprintf(config->name, sizeof config->name, "mobilenet-v2");
    config->normalise = true;
    config->metric = CLIPSEARCH_COSINE;
    config->preprocess = imagenet_preprocess(CS_BILINEAR);
    return need_conv(weights, find(weights, "features.%d.0.weight", MOBILENET_BLOCKS + 1), "features.18.0.weight",
                     &config->dim, err);
}

/* ---------------------------------------------------------------- EfficientNet-Lite */

/* The networks, by their blocks in all; of two with as many, by the third stage's width. Width and depth grow with the
 * number, and so does the image. */
static const struct {
    size_t blocks, width, size; /* width 0: any */
} lite_networks[] = {{16, 0, 224}, {21, 40, 240}, {21, 48, 260}, {24, 0, 280}, {30, 0, 300}};

/* The weight of a block's projection: `block` counts from the start of the stage in timm's naming, and from the start
 * of the network otherwise. */
static const cs_tensor *lite_projection(const cs_weights *weights, cs_image_naming naming, size_t stage, size_t block)
{
    if (naming != CS_IMAGE_TIMM)
        return find(weights, "_blocks.%zu._project_conv.weight", block);
    return find(weights, stage == 0 ? "blocks.%zu.%zu.conv_pw.weight" : "blocks.%zu.%zu.conv_pwl.weight", stage, block);
}

/* Count the blocks of each stage, whose first block is the one that changes the number of channels. */
static clipsearch_status count_lite_blocks(const cs_weights *weights, cs_image_config *config, size_t channels,
                                           size_t *third_width, clipsearch_error *err)
{
    const bool timm = config->naming == CS_IMAGE_TIMM;
    size_t before = 0;
    for (size_t stage = 0; stage < LITE_STAGES; stage++) {
        size_t *blocks = &config->blocks[stage], width = channels;
        const cs_tensor *tensor;
        while (*blocks < MAX_BLOCKS &&
               (tensor = lite_projection(weights, config->naming, stage, *blocks + (timm ? 0 : before)))) {
            if (tensor->rank != 4)
                return cs_fail(err, CLIPSEARCH_E_MODEL,
                               "%s: the tensor \"%s\" has %zu dimensions; a convolution's has four",
                               cs_weights_path(weights), tensor->name, (size_t)tensor->rank);
            if (*blocks == 0 ? tensor->shape[0] == channels : tensor->shape[0] != width)
                break;
            width = tensor->shape[0];
            ++*blocks;
        }
        if (*blocks == 0)
            return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                           "%s: an EfficientNet whose stage %zu does not begin with a block that changes the number of "
                           "channels (%zu before it): not one of the Lite networks",
                           cs_weights_path(weights), stage + 1, channels);
        if (stage == 2)
            *third_width = width;
        before += *blocks;
        channels = width;
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status name_lite(const cs_weights *weights, cs_image_config *config, size_t third_width,
                                   clipsearch_error *err)
{
    size_t blocks = 0;
    for (size_t stage = 0; stage < LITE_STAGES; stage++)
        blocks += config->blocks[stage];
    for (size_t i = 0; i < sizeof lite_networks / sizeof *lite_networks; i++)
        if (lite_networks[i].blocks == blocks &&
            (lite_networks[i].width == 0 || lite_networks[i].width == third_width)) {
            snprintf(config->name, sizeof config->name, "efficientnet-lite%zu", i);
            config->preprocess.crop = lite_networks[i].size;
            config->preprocess.resize = lite_networks[i].size + 32;
            return CLIPSEARCH_OK;
        }
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                   "%s: an EfficientNet of %zu blocks, the third stage %zu channels wide; EfficientNet-Lite 0 to 4, "
                   "which have 16, 21 (40 or 48 wide), 24 and 30, are read",
                   cs_weights_path(weights), blocks, third_width);
}

/* Squeeze-and-excitation makes an EfficientNet of another kind (B0 to B7, MobileNetV3). */
static const cs_tensor *find_squeeze(const cs_weights *weights)
{
    const cs_tensor *tensor = find(weights, "_blocks.0._se_reduce.weight");
    return tensor ? tensor : find(weights, "blocks.0.0.se.conv_reduce.weight");
}

static clipsearch_status recognise_lite(const cs_weights *weights, cs_image_config *config, clipsearch_error *err)
{
    const bool timm = config->naming == CS_IMAGE_TIMM;
    const cs_tensor *squeeze = find_squeeze(weights);
    size_t channels, third_width = 0;
    if (squeeze)
        return cs_fail(
            err, CLIPSEARCH_E_UNSUPPORTED,
            "%s: the tensor \"%s\" is one of an EfficientNet with squeeze-and-excitation, which is not read; "
            "EfficientNet-Lite 0 to 4 are",
            cs_weights_path(weights), squeeze->name);
    config->family = CS_FAMILY_EFFICIENTNET_LITE;
    config->batchnorm_eps = 1e-3F;
    config->normalise = true;
    config->metric = CLIPSEARCH_COSINE;
    config->preprocess = (cs_preprocess_config){
        .resample = CS_BICUBIC, .mean = {127, 127, 127}, .std = {128, 128, 128}, .unscaled = true};
    const char *stem = timm ? "conv_stem.weight" : "_conv_stem.weight";
    const char *head = timm ? "conv_head.weight" : "_conv_head.weight";
    clipsearch_status status = need_conv(weights, find(weights, "%s", stem), stem, &channels, err);
    if (status == CLIPSEARCH_OK)
        status = count_lite_blocks(weights, config, channels, &third_width, err);
    if (status == CLIPSEARCH_OK)
        status = name_lite(weights, config, third_width, err);
    return status == CLIPSEARCH_OK ? need_conv(weights, find(weights, "%s", head), head, &config->dim, err) : status;
}

/* ---------------------------------------------------------------- which */

typedef enum kind { NONE, TORCH_RESNET, TRANSFORMERS_RESNET, KERAS_VGG, TORCH_VGG, MOBILENET, LITE, TIMM_LITE } kind;

static kind kind_of(const cs_weights *weights)
{
    if (find(weights, "layer1.0.conv1.weight"))
        return TORCH_RESNET;
    if (resnet_conv(weights, CS_IMAGE_TRANSFORMERS, 0, 0, 0))
        return TRANSFORMERS_RESNET;
    if (cs_image_keras_tensor(weights, 1, 1, 4))
        return KERAS_VGG;
    if (find(weights, "features.0.0.weight") && find(weights, "features.1.conv.0.0.weight"))
        return MOBILENET;
    if (find(weights, "features.0.weight") && find(weights, "features.0.bias"))
        return TORCH_VGG;
    if (find(weights, "_conv_stem.weight") && find(weights, "_blocks.0._depthwise_conv.weight"))
        return LITE;
    if (find(weights, "conv_stem.weight") && find(weights, "blocks.0.0.conv_dw.weight"))
        return TIMM_LITE;
    return NONE;
}

bool cs_image_is_one(const cs_weights *weights)
{
    return kind_of(weights) != NONE;
}

clipsearch_status cs_image_recognise(const cs_weights *weights, cs_image_config *config, clipsearch_error *err)
{
    *config = (cs_image_config){.naming = CS_IMAGE_TORCH, .batchnorm_eps = 1e-5F};
    switch (kind_of(weights)) {
    case TRANSFORMERS_RESNET:
        config->naming = CS_IMAGE_TRANSFORMERS;
        return recognise_resnet(weights, config, err);
    case TORCH_RESNET:
        return recognise_resnet(weights, config, err);
    case KERAS_VGG:
        config->naming = CS_IMAGE_KERAS;
        return recognise_keras_vgg(weights, config, err);
    case TORCH_VGG:
        return recognise_torch_vgg(weights, config, err);
    case MOBILENET:
        return recognise_mobilenet(weights, config, err);
    case LITE:
        return recognise_lite(weights, config, err);
    case TIMM_LITE:
        config->naming = CS_IMAGE_TIMM;
        return recognise_lite(weights, config, err);
    case NONE:
        break;
    }
    return cs_fail(
        err, CLIPSEARCH_E_MODEL,
        "%s: none of its %zu tensors is called as in a model that is read: CLIP (transformers', OpenAI's or "
        "open_clip's names), ResNet (layer1.0.conv1.weight), VGG (features.0.weight, or Keras's "
        "block1_conv1), MobileNetV2 (features.0.0.weight) or EfficientNet-Lite (_conv_stem.weight, or timm's "
        "conv_stem.weight)",
        cs_weights_path(weights), cs_weights_count(weights));
}
