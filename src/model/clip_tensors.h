/* SPDX-License-Identifier: MIT
 * clip_tensors.h - CLIP's tensors by their part of the model, whichever naming the file uses. */
#ifndef CS_MODEL_CLIP_TENSORS_H
#define CS_MODEL_CLIP_TENSORS_H

#include "model/clip_config.h"
#include "model/clip_names.h"
#include "model/matrix.h"

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

/* Whether a converted model may have this part in 8 bits or in pairs of bf16: the six matrices of a block. What goes
 * with the codes of a tensor has its name and one of these endings: the scales [rows] (F32) and the codes' sums [rows]
 * (I32). */
#define CS_CLIP_SCALE "_scale"
#define CS_CLIP_SUM "_sum"
bool cs_clip_may_be_coded(cs_clip_part part);

/* What a converted model has these matrices in. */
typedef enum cs_clip_code {
    CS_CLIP_FLOATS,
    CS_CLIP_CODED, /* 8 bits, in the layout of kernels/qgemm.h */
    CS_CLIP_PAIRED /* pairs of bf16, in the layout of kernels/bgemm.h */
} cs_clip_code;
cs_clip_code cs_clip_coding(const cs_weights *weights);

/* A tensor as transformers names and shapes it; `matrix` is where the file has its numbers. */
enum { CS_CLIP_RANK = 4 };
typedef struct cs_clip_tensor {
    char name[CS_CLIP_NAME];
    cs_clip_part part;
    cs_matrix matrix;
    int rank;
    size_t shape[CS_CLIP_RANK];
} cs_clip_tensor;

typedef void cs_clip_each(void *context, const cs_clip_tensor *tensor);

/* Call `each` with every tensor of a tower, a vision transformer or the text tower, in the order in which the tower
 * reads them. `tensor` lives until `each` returns. Errors as above; some calls may have been made before one. */
clipsearch_status cs_clip_walk_vision(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                      cs_clip_each *each, void *context, clipsearch_error *err);
clipsearch_status cs_clip_walk_text(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                    cs_clip_each *each, void *context, clipsearch_error *err);

/* How many tensors the two walks give together. */
size_t cs_clip_count_tensors(const cs_clip_config *config);

/* exp of the logit_scale tensor; 100 when the file has none. */
float cs_clip_logit_scale(const cs_weights *weights);

#endif
