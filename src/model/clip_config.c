/* SPDX-License-Identifier: MIT
 * clip_config.c - what the configurations of all sources have in common. */
#include "model/clip_config.h"

#include "model/config_source.h"
#include "model/image_source.h"

#include <string.h>

static bool has_string(const cs_json *array, const char *string)
{
    if (!array || array->type != CS_JSON_ARRAY)
        return false;
    for (const cs_json *item = array->first; item; item = item->next)
        if (item->type == CS_JSON_STRING && strcmp(item->string, string) == 0)
            return true;
    return false;
}

cs_config_kind cs_config_kind_of(const cs_json *root)
{
    const cs_json *type = cs_json_get(root, "model_type"), *model_cfg = cs_json_get(root, "model_cfg");
    if ((model_cfg && model_cfg->type == CS_JSON_OBJECT) ||
        (cs_json_get(root, "embed_dim") && cs_json_get(root, "vision_cfg") && cs_json_get(root, "text_cfg")))
        return CS_CONFIG_OPEN_CLIP;
    bool typed = type && type->type != CS_JSON_NULL;
    if (typed ? type->type == CS_JSON_STRING && strcmp(type->string, "clip") == 0
              : has_string(cs_json_get(root, "architectures"), "CLIPModel"))
        return CS_CONFIG_HUGGING_FACE;
    const cs_json *architecture = cs_json_get(root, "architecture");
    if (typed)
        return type->type == CS_JSON_STRING && strcmp(type->string, "resnet") == 0 ? CS_CONFIG_HF_RESNET
                                                                                   : CS_CONFIG_OTHER;
    return architecture && architecture->type == CS_JSON_STRING && cs_timm_architecture_known(architecture->string)
               ? CS_CONFIG_TIMM
               : CS_CONFIG_OTHER;
}

clipsearch_status cs_config_refuse_other(const cs_json *root, const char *file, clipsearch_error *err)
{
    /* transformers names its models model_type, timm architecture */
    static const char *const keys[] = {"model_type", "architecture"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const cs_json *value = cs_json_get(root, keys[i]);
        if (value && value->type == CS_JSON_STRING)
            return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                           "%s: %s is \"%.100s\": this is no CLIP model (expected model_type \"clip\", or open_clip's "
                           "model_cfg), nor an image network that is read (docs/model.md)",
                           file, keys[i], value->string);
    }
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                   "%s: neither a CLIP configuration of transformers (model_type \"clip\") nor one of open_clip "
                   "(model_cfg)",
                   file);
}

static clipsearch_status check_tower(const cs_tower_config *tower, const char *name, const char *file,
                                     clipsearch_error *err)
{
    const struct {
        const char *what;
        size_t value, max;
    } limits[] = {{"width", tower->width, CS_MAX_WIDTH},
                  {"layers", tower->layers, CS_MAX_LAYERS},
                  {"heads", tower->heads, CS_MAX_HEADS},
                  {"MLP width", tower->mlp, CS_MAX_MLP}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i].value < 1 || limits[i].value > limits[i].max)
            return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the %s tower's %s is %zu, expected 1 to %zu", file, name,
                           limits[i].what, limits[i].value, limits[i].max);
    if (tower->width % tower->heads)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the %s tower's width %zu is not a multiple of its %zu heads", file,
                       name, tower->width, tower->heads);
    if (!(tower->layernorm_eps > 0 && tower->layernorm_eps <= 0.1F))
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the %s tower's LayerNorm epsilon is %g, expected above 0 to 0.1",
                       file, name, (double)tower->layernorm_eps);
    return CLIPSEARCH_OK;
}

static clipsearch_status check_preprocess(const cs_clip_config *config, const char *file, clipsearch_error *err)
{
    const cs_preprocess_config *preprocess = &config->preprocess;
    if (preprocess->crop != config->image_size)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: images are cropped to %zu pixels, but the model's image_size is %zu; one of the two files "
                       "is of another model",
                       file, preprocess->crop, config->image_size);
    return cs_preprocess_check(preprocess, file, err);
}

static clipsearch_status check_resnet(const cs_clip_config *config, const char *file, clipsearch_error *err)
{
    size_t width = config->vision.width, heads = config->vision.heads;
    for (size_t i = 0; i < CS_RESNET_STAGES; i++)
        if (config->resnet_stages[i] < 1 || config->resnet_stages[i] > CS_MAX_LAYERS)
            return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: stage %zu of the ResNet has %zu blocks, expected 1 to %d",
                           file, i + 1, config->resnet_stages[i], CS_MAX_LAYERS);
    if (width < 2 || width > CS_MAX_WIDTH / CS_RESNET_SHRINK || width % 2)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the ResNet's width is %zu, expected an even one from 2 to %d",
                       file, width, CS_MAX_WIDTH / CS_RESNET_SHRINK);
    if (heads < 1 || heads > CS_MAX_HEADS || CS_RESNET_SHRINK * width % heads)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: the attention pooling has %zu heads for %zu channels; expected 1 to %d that divide them",
                       file, heads, CS_RESNET_SHRINK * width, CS_MAX_HEADS);
    if (config->image_size % CS_RESNET_SHRINK)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: the image size %zu is not a multiple of %d, as the ResNet's strides require", file,
                       config->image_size, CS_RESNET_SHRINK);
    return CLIPSEARCH_OK;
}

static clipsearch_status check_lite(const cs_clip_config *config, const char *file, clipsearch_error *err)
{
    if (config->image_size % CS_LITE_SHRINK == 0)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                   "%s: the image size %zu is not a multiple of %d, as the head of an EfficientNet-Lite requires", file,
                   config->image_size, CS_LITE_SHRINK);
}

static clipsearch_status check_image_tower(const cs_clip_config *config, const char *file, clipsearch_error *err)
{
    if (config->lite)
        return check_lite(config, file, err);
    return config->resnet ? check_resnet(config, file, err) : check_tower(&config->vision, "image", file, err);
}

clipsearch_status cs_clip_config_finish(cs_clip_config *config, const char *file, clipsearch_error *err)
{
    clipsearch_status status = check_image_tower(config, file, err);
    if (status == CLIPSEARCH_OK)
        status = check_tower(&config->text, "text", file, err);
    if (status != CLIPSEARCH_OK)
        return status;
    /* a vocabulary and a text each hold at least the two special tokens */
    const struct {
        const char *what;
        size_t value, min, max;
    } limits[] = {{"image size", config->image_size, 1, CS_MAX_IMAGE},
                  {"patch size", config->patch_size, 1, config->image_size},
                  {"context length", config->context_length, 2, CS_MAX_CONTEXT},
                  {"vocabulary", config->vocabulary, 2, CS_MAX_VOCABULARY},
                  {"projection dimension", config->dim, 1, CS_MAX_DIM}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i].value < limits[i].min || limits[i].value > limits[i].max)
            return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the %s is %zu, expected %zu to %zu", file, limits[i].what,
                           limits[i].value, limits[i].min, limits[i].max);
    config->start_token = (int32_t)config->vocabulary - 2;
    config->end_token = (int32_t)config->vocabulary - 1;
    return check_preprocess(config, file, err);
}
