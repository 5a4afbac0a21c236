/* SPDX-License-Identifier: MIT
 * encoder.h - a model directory, opened: towers, tokenizer and the identity that collections are bound to. */
#ifndef CS_ENGINE_ENCODER_H
#define CS_ENGINE_ENCODER_H

#include "model/clip_config.h"
#include "text/text_tower.h"
#include "text/tokenizer.h"
#include "vision/vit.h"

/* Immutable once open. A tower that was not asked for is NULL. */
struct clipsearch_encoder {
    cs_model_dir dir;
    cs_weights *weights;
    cs_vit *vit;
    cs_text_tower *text;
    cs_tokenizer *tokenizer;
    char *name;
    char fingerprint[65];
    char preprocessing[256];
    float logit_scale;
    uint64_t parameters;
};

/* As clipsearch_encoder_open and _close say. `options` is not NULL. */
clipsearch_status cs_encoder_open(const char *path, const clipsearch_encoder_options *options,
                                  clipsearch_encoder **encoder, clipsearch_error *err);
void cs_encoder_close(clipsearch_encoder **encoder);
void cs_encoder_describe(const clipsearch_encoder *encoder, clipsearch_encoder_info *info);

clipsearch_status cs_encoder_tokenize(const clipsearch_encoder *encoder, const char *text, clipsearch_overflow overflow,
                                      int32_t *ids, size_t capacity, size_t *count, clipsearch_error *err);
/* NULL also without a text tower. */
const char *cs_encoder_piece(const clipsearch_encoder *encoder, int32_t id);

#endif
