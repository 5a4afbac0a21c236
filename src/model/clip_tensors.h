/* SPDX-License-Identifier: MIT
 * clip_tensors.h - CLIP's tensors by their place in the model, whichever of the three namings the file uses. */
#ifndef CS_MODEL_CLIP_TENSORS_H
#define CS_MODEL_CLIP_TENSORS_H

#include "model/clip_config.h"
#include "model/matrix.h"
#include "model/weights.h"

typedef enum cs_clip_naming {
    CS_NAMING_HUGGING_FACE, /* vision_model.encoder.layers.N.self_attn.q_proj ... */
    CS_NAMING_OPENAI        /* visual.transformer.resblocks.N.attn.in_proj_weight ...; open_clip's too */
} cs_clip_naming;

/* A pre-LN transformer block, W = width, M = mlp. */
typedef struct cs_block_tensors {
    cs_matrix ln1_weight, ln1_bias;                     /* [1, W] */
    cs_matrix q_weight, k_weight, v_weight, out_weight; /* [W, W], out x in */
    cs_matrix q_bias, k_bias, v_bias, out_bias;         /* [1, W] */
    cs_matrix ln2_weight, ln2_bias;                     /* [1, W] */
    cs_matrix fc1_weight, fc1_bias;                     /* [M, W], [1, M] */
    cs_matrix fc2_weight, fc2_bias;                     /* [W, M], [1, W] */
} cs_block_tensors;

typedef struct cs_vision_tensors {
    cs_matrix patch_weight;    /* [W, 3*P*P]: a patch flattened as channel, row, column */
    cs_matrix class_embedding; /* [1, W] */
    cs_matrix positions;       /* [1 + (S/P)^2, W] */
    cs_matrix pre_ln_weight, pre_ln_bias, post_ln_weight, post_ln_bias; /* [1, W] */
    cs_matrix projection; /* [dim, W] out x in; transposed for OpenAI naming */
} cs_vision_tensors;

typedef struct cs_text_tensors {
    cs_matrix tokens;                         /* [vocabulary, W] */
    cs_matrix positions;                      /* [context, W] */
    cs_matrix final_ln_weight, final_ln_bias; /* [1, W] */
    cs_matrix projection;                     /* [dim, W] out x in; transposed for OpenAI naming */
} cs_text_tensors;

/* Which naming the file uses. CLIPSEARCH_E_MODEL when neither tower is there in either. */
clipsearch_status cs_clip_naming_detect(const cs_weights *weights, cs_clip_naming *naming, clipsearch_error *err);

/* Whether the image tower is OpenAI's modified ResNet (OpenAI's naming always): nn/fold.h binds its convolutions. */
bool cs_clip_is_resnet(const cs_weights *weights);

/* Whether the file holds that tower at all. */
bool cs_clip_has_vision(const cs_weights *weights, cs_clip_naming naming);
bool cs_clip_has_text(const cs_weights *weights, cs_clip_naming naming);

/* Each looks up its tensors and checks every shape against the configuration. CLIPSEARCH_E_MODEL names tensor, file,
 * expected and found shape. */
clipsearch_status cs_clip_vision(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                 cs_vision_tensors *out, clipsearch_error *err);
clipsearch_status cs_clip_text(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                               cs_text_tensors *out, clipsearch_error *err);
clipsearch_status cs_clip_vision_block(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                       size_t layer, cs_block_tensors *out, clipsearch_error *err);
clipsearch_status cs_clip_text_block(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                     size_t layer, cs_block_tensors *out, clipsearch_error *err);

/* The attention pooling of a ResNet image tower, C = 32 times its width. */
typedef struct cs_attnpool_tensors {
    cs_matrix positions;                    /* [1 + (S/32)^2, C] */
    cs_matrix q_weight, k_weight, v_weight; /* [C, C], out x in */
    cs_matrix q_bias, k_bias, v_bias;       /* [1, C] */
    cs_matrix out_weight, out_bias;         /* [dim, C], [1, dim] */
} cs_attnpool_tensors;

clipsearch_status cs_clip_attnpool(const cs_weights *weights, const cs_clip_config *config, cs_attnpool_tensors *out,
                                   clipsearch_error *err);

/* exp of the logit_scale tensor; 100 when the file has none. */
float cs_clip_logit_scale(const cs_weights *weights);

#endif
