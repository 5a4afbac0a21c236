/* SPDX-License-Identifier: MIT
 * clip_config.h - the hyper-parameters of a CLIP model and of its preprocessing, as the files beside it say. */
#ifndef CS_MODEL_CLIP_CONFIG_H
#define CS_MODEL_CLIP_CONFIG_H

#include "base/activation.h"
#include "base/error.h"
#include "model/weights.h"

#include <stddef.h>
#include <stdint.h>

/* One transformer tower. */
typedef struct cs_tower_config {
    size_t width, layers, heads, mlp; /* head size is width / heads */
    cs_activation activation;
    float layernorm_eps;
} cs_tower_config;

typedef enum cs_resample { CS_NEAREST, CS_BILINEAR, CS_BICUBIC } cs_resample;

/* What is done to a picture before the tower: resize, crop, scale, normalise. */
typedef struct cs_preprocess_config {
    cs_resample resample;
    size_t resize;         /* short side after resizing, long side in proportion (truncated) */
    size_t crop;           /* centre crop, square */
    float mean[3], std[3]; /* after division by 255 */
} cs_preprocess_config;

typedef struct cs_clip_config {
    cs_tower_config vision, text;
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
    CS_MAX_IMAGE = 2048,
    CS_MAX_CONTEXT = 4096,
    CS_MAX_VOCABULARY = 1 << 20,
    CS_MAX_DIM = 4096
};

/* A model directory, as found. Strings are owned. */
typedef struct cs_model_dir {
    char *path;
    char *weights; /* model.safetensors, open_clip_model.safetensors, or the only weight file there */
    char *vocab;   /* vocab.json, or NULL */
    char *merges;  /* merges.txt or bpe_simple_vocab_16e6.txt[.gz], or NULL */
    cs_clip_config config;
} cs_model_dir;

/* Look through the directory `path` and read its configuration, in this order: config.json of the Hugging Face layout
 * (+ preprocessor_config.json when there), open_clip_config.json or open_clip's config.json ({"model_cfg":..., or
 * embed_dim/vision_cfg/text_cfg at the top}, + its preprocess_cfg), and with neither the sizes are inferred from the
 * tensors' shapes as OpenAI's build_model does (heads = width / 64, QuickGELU, CLIP mean and std).
 * A sharded or non-CLIP model is refused by name. Weights are opened to infer and are returned open.
 * Errors: CLIPSEARCH_E_NOT_FOUND (no such directory, no weights: says what was looked for), _IO, _MODEL (names file
 * and key), _UNSUPPORTED, _MEMORY. */
clipsearch_status cs_model_dir_open(const char *path, cs_model_dir *dir, cs_weights **weights, clipsearch_error *err);
void cs_model_dir_free(cs_model_dir *dir);

#endif
