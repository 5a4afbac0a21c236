/* SPDX-License-Identifier: MIT
 * config_source.h - the places a configuration can come from; private to this room. */
#ifndef CS_MODEL_CONFIG_SOURCE_H
#define CS_MODEL_CONFIG_SOURCE_H

#include "base/json.h"
#include "model/clip_config.h"
#include "model/weights.h"

typedef enum cs_config_kind {
    CS_CONFIG_OTHER,        /* of some other model */
    CS_CONFIG_HUGGING_FACE, /* transformers' CLIPConfig */
    CS_CONFIG_OPEN_CLIP,    /* open_clip's, with or without the outer model_cfg */
    CS_CONFIG_TIMM,         /* timm's, of an image network that is read */
    CS_CONFIG_HF_RESNET     /* transformers' ResNetConfig */
} cs_config_kind;

cs_config_kind cs_config_kind_of(const cs_json *root);

/* Refuse a configuration of kind CS_CONFIG_OTHER by the name it goes by. */
clipsearch_status cs_config_refuse_other(const cs_json *root, const char *file, clipsearch_error *err);

/* Sizes and activations of a transformers CLIPModel; a missing key takes the default that transformers gives it.
 * Leaves config->preprocess alone. Errors: CLIPSEARCH_E_MODEL, _UNSUPPORTED, naming file and key. */
clipsearch_status cs_hf_config_read(const cs_json *root, const char *file, cs_clip_config *config,
                                    clipsearch_error *err);

/* config->preprocess as transformers' CLIPImageProcessor reads it; `root` NULL (no such file): CLIP's own for
 * config->image_size. */
clipsearch_status cs_hf_preprocessor_read(const cs_json *root, const char *file, cs_clip_config *config,
                                          clipsearch_error *err);

/* Everything, preprocessing included, out of an open_clip configuration. */
clipsearch_status cs_open_clip_config_read(const cs_json *root, const char *file, cs_clip_config *config,
                                           clipsearch_error *err);

/* Everything from the shapes of OpenAI-named tensors, as OpenAI's build_model does. */
clipsearch_status cs_infer_config(const cs_weights *weights, cs_clip_config *config, clipsearch_error *err);

/* What no reader checks by itself: the limits, heads against width, patch and crop against the image size; and sets the
 * start and end tokens. `file` names where the configuration came from. */
clipsearch_status cs_clip_config_finish(cs_clip_config *config, const char *file, clipsearch_error *err);

#endif
