/* SPDX-License-Identifier: MIT
 * model_dir.h - a model on disk: a directory or a weight file, of CLIP or of an image network alone. */
#ifndef CS_MODEL_MODEL_DIR_H
#define CS_MODEL_MODEL_DIR_H

#include "model/clip_config.h"
#include "model/image_config.h"

/* The file beside the vocabulary that has it in a form which need not be parsed (text/compiled.h). */
#define CS_COMPILED_VOCABULARY "vocab.compiled"

/* Strings are owned. */
typedef struct cs_model_dir {
    char *path;            /* as it was given */
    char *weights;         /* model.safetensors, open_clip_model.safetensors, or the only weight file there */
    char *vocab;           /* vocab.json, or NULL */
    char *merges;          /* merges.txt, bpe_simple_vocab_16e6.txt[.gz], tokenizer.json, or NULL */
    char *compiled;        /* vocab.compiled, which `model convert` writes, or NULL */
    bool image_only;       /* true: `image` is used and there is no text tower; false: `config` is used */
    cs_clip_config config; /* of CLIP */
    cs_image_config image; /* of an image network; and of the network in CLIP's image tower when config.lite */
} cs_model_dir;

/* Look through the directory `path` and read its configuration, in this order: config.json of the Hugging Face layout
 * (+ preprocessor_config.json when there) of CLIP or of transformers' ResNet, or timm's; open_clip_config.json or
 * open_clip's config.json ({"model_cfg":..., or embed_dim/vision_cfg/text_cfg at the top}, + its preprocess_cfg); and
 * with none the sizes are read off the tensors: of CLIP as OpenAI's build_model does (heads = width / 64, QuickGELU,
 * CLIP mean and std), of image networks as cs_image_recognise does. A clipsearch.json overrides an image network's
 * pre- and postprocessing. `path` may also be a weight file, which is then used alone: of the files beside it only the
 * vocabulary is read.
 * A sharded or other model is refused by name. Weights are opened to infer and are returned open.
 * Errors: CLIPSEARCH_E_NOT_FOUND (no such model, no weights: says what was looked for), _IO, _MODEL (names file
 * and key), _UNSUPPORTED, _MEMORY. */
clipsearch_status cs_model_dir_open(const char *path, cs_model_dir *dir, cs_weights **weights, clipsearch_error *err);
void cs_model_dir_free(cs_model_dir *dir);

/* What both kinds of model have. */
size_t cs_model_dim(const cs_model_dir *dir);
const cs_preprocess_config *cs_model_preprocess(const cs_model_dir *dir);

/* What kind of network it is, for people: "clip-vit", "clip-resnet",
 * "clip-efficientnet-lite", or an image network's name. */
const char *cs_model_architecture(const cs_model_dir *dir);

#endif
