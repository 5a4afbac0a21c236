/* SPDX-License-Identifier: MIT
 * image_recognise.c - recognises an image network by its tensors: which by their names, how wide by their shapes. */
#include "model/image_config.h"

#include "model/container.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 128, SHAPE_TEXT = 200, MAX_BLOCKS = 512, MOBILENET_BLOCKS = 17 };

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
    for (size_t i = 0; i < CS_IMAGE_STAGES; i++)
        convolutions += config->blocks[i];
    snprintf(config->name, sizeof config->name, "vgg%zu%s", convolutions + 3, suffix); /* + its three dense layers */
}

static clipsearch_status recognise_keras_vgg(const cs_weights *weights, cs_image_config *config, clipsearch_error *err)
{
    const cs_tensor *last = NULL;
    config->family = CS_FAMILY_VGG;
    for (size_t block = 0; block < CS_IMAGE_STAGES; block++) {
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
        if (!find(weights, "features.%zu.weight", at) && stage + 1 < CS_IMAGE_STAGES) {
            at++;
            stage++;
        }
    }
    if (config->blocks[CS_IMAGE_STAGES - 1] == 0)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: a VGG of %zu stages of convolutions (the last is features.%zu), expected %d",
                       cs_weights_path(weights), stage, at, CS_IMAGE_STAGES);
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

/* ---------------------------------------------------------------- which */

typedef enum kind { NONE, TORCH_RESNET, TRANSFORMERS_RESNET, KERAS_VGG, TORCH_VGG, MOBILENET } kind;

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
    case NONE:
        break;
    }
    return cs_fail(err, CLIPSEARCH_E_MODEL,
                   "%s: none of its %zu tensors is called as in a model that is read: CLIP (transformers', OpenAI's or "
                   "open_clip's names), ResNet (layer1.0.conv1.weight), VGG (features.0.weight, or Keras's "
                   "block1_conv1) or MobileNetV2 (features.0.0.weight)",
                   cs_weights_path(weights), cs_weights_count(weights));
}
