/* SPDX-License-Identifier: MIT
 * encoder.h - a model, opened: towers, tokenizer and the identity that collections are bound to. */
#ifndef CS_ENCODE_ENCODER_H
#define CS_ENCODE_ENCODER_H

#include "base/identity.h"
#include "text/text_tower.h"
#include "text/tokenizer.h"
#include "vision/tower.h"

#include <stdatomic.h>

/* Immutable once open. A tower that was not asked for is NULL. */
struct clipsearch_encoder {
    cs_model_dir dir;
    cs_weights *weights;
    cs_image_tower *image;
    cs_text_tower *text;
    cs_tokenizer *tokenizer;
    char *name;
    char *path; /* absolute, as it was opened; NULL: the caller gave the name that it is found by */
    char fingerprint[65];
    char preprocessing[256];
    clipsearch_precision image_precision, text_precision; /* CLIPSEARCH_PRECISION_AUTO: the tower is not there */
    float logit_scale;
    uint64_t parameters;
    _Atomic size_t handles; /* that users have: its own and those of its sessions. The last one closes it */
};

/* As clipsearch_encoder_open and _close say. `options` is not NULL. */
clipsearch_status cs_encoder_open(const char *path, const clipsearch_encoder_options *options,
                                  clipsearch_encoder **encoder, clipsearch_error *err);
void cs_encoder_close(clipsearch_encoder **encoder);
/* One more handle, for a session; close it with cs_encoder_close. */
clipsearch_encoder *cs_encoder_share(const clipsearch_encoder *encoder);
void cs_encoder_describe(const clipsearch_encoder *encoder, clipsearch_encoder_info *info);

/* What collections are bound to. Its strings belong to the encoder. */
cs_encoder_identity cs_encoder_identify(const clipsearch_encoder *encoder);

/* CLIPSEARCH_E_ARGUMENT, saying why there is no text tower. */
clipsearch_status cs_encoder_refuse_texts(const clipsearch_encoder *encoder, clipsearch_error *err);

clipsearch_status cs_encoder_tokenize(const clipsearch_encoder *encoder, const char *text, clipsearch_overflow overflow,
                                      int32_t *ids, size_t capacity, size_t *count, clipsearch_error *err);
/* NULL also without a text tower. */
const char *cs_encoder_piece(const clipsearch_encoder *encoder, int32_t id);

#endif
