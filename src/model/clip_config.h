/* SPDX-License-Identifier: MIT
 * clip_config.h - the hyper-parameters of a CLIP model and of its preprocessing, as configuration files give them. */
#ifndef CS_MODEL_CLIP_CONFIG_H
#define CS_MODEL_CLIP_CONFIG_H

#include "base/activation.h"
#include "base/error.h"
#include "model/preprocess_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One transformer tower. */
typedef struct cs_tower_config {
    size_t width, layers, heads, mlp; /* head size is width / heads */
    cs_activation activation;
    float layernorm_eps;
} cs_tower_config;

/* OpenAI's modified ResNet halves the sides five times, so 32 pixels become one place of its last map. */
enum { CS_RESNET_STAGES = 4, CS_RESNET_SHRINK = 32 };

/* EfficientNet-Lite too makes one place of its last map of 32 pixels. */
enum { CS_LITE_SHRINK = 32 };

typedef struct cs_clip_config {
    cs_tower_config vision, text;
    bool resnet; /* the image tower is OpenAI's modified ResNet: of `vision` only width (of the stem; 32 times that come
                    out of the last stage) and heads (of the attention pooling) count, and patch_size is
                    CS_RESNET_SHRINK */
    size_t resnet_stages[CS_RESNET_STAGES]; /* blocks in each */
    bool lite; /* the image tower is an EfficientNet-Lite with a head (docs/model.md): `vision` is not used, and
                  patch_size is CS_LITE_SHRINK */
    size_t image_size, patch_size;
    size_t context_length, vocabulary;
    size_t dim;                     /* of the shared space */
    int32_t start_token, end_token; /* vocabulary - 2, vocabulary - 1 */
    cs_preprocess_config preprocess;
} cs_clip_config;

/* Limits on what a configuration may say, checked before anything is multiplied or allocated. */
enum {
    CS_MAX_WIDTH = 8192,
    CS_MAX_LAYERS = 256,
    CS_MAX_HEADS = 256,
    CS_MAX_MLP = 65536,
    CS_MAX_CONTEXT = 4096,
    CS_MAX_VOCABULARY = 1 << 20,
    CS_MAX_DIM = 4096
};

#endif
