/* SPDX-License-Identifier: MIT
 * config_source.h - reads configurations from each source they can come from; private to model. */
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

/* Fail for a configuration of kind CS_CONFIG_OTHER; the message has the model's type as the file gives it. */
clipsearch_status cs_config_refuse_other(const cs_json *root, const char *file, clipsearch_error *err);

/* Sizes and activations of a transformers CLIPModel; a missing key takes the default that transformers gives it.
 * Does not change config->preprocess. Errors: CLIPSEARCH_E_MODEL, _UNSUPPORTED, naming file and key. */
clipsearch_status cs_hf_config_read(const cs_json *root, const char *file, cs_clip_config *config,
                                    clipsearch_error *err);

/* config->preprocess as transformers' CLIPImageProcessor reads it; `root` NULL (no such file): CLIP's own for
 * config->image_size. */
clipsearch_status cs_hf_preprocessor_read(const cs_json *root, const char *file, cs_clip_config *config,
                                          clipsearch_error *err);

/* The whole configuration, with its preprocessing, from an open_clip file. */
clipsearch_status cs_open_clip_config_read(const cs_json *root, const char *file, cs_clip_config *config,
                                           clipsearch_error *err);

/* The whole configuration from the shapes of tensors in OpenAI's naming, as OpenAI's build_model does it. */
clipsearch_status cs_infer_config(const cs_weights *weights, cs_clip_config *config, clipsearch_error *err);

/* Checks what no reader checks by itself (the limits, heads against width, patch and crop against the image size) and
 * sets the start and end tokens. `file` names where the configuration came from. */
clipsearch_status cs_clip_config_finish(cs_clip_config *config, const char *file, clipsearch_error *err);

#endif
