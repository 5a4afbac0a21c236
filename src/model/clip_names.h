/* SPDX-License-Identifier: MIT
 * clip_names.h - what CLIP's tensors are called. clip_names.c alone knows: other files ask by the part of the model. */
#ifndef CS_MODEL_CLIP_NAMES_H
#define CS_MODEL_CLIP_NAMES_H

#include "model/weights.h"

/* Who named the tensors of a file. */
typedef enum cs_clip_naming {
    CS_NAMING_HUGGING_FACE, /* vision_model.encoder.layers.N.self_attn.q_proj.weight ... */
    CS_NAMING_OPENAI,       /* visual.transformer.resblocks.N.attn.in_proj_weight ...; open_clip's too */
    CS_NAMING_CUSTOM_TEXT   /* open_clip's CustomTextCLIP: OpenAI's names, the text tower's below "text." */
} cs_clip_naming;

/* The tensors of a CLIP model. Matrices are [out, in], but in OpenAI's naming q, k and v are one tensor, and the
 * projections are stored transposed. */
typedef enum cs_clip_part {
    /* a vision transformer */
    CS_CLIP_PATCHES,
    CS_CLIP_CLASS,
    CS_CLIP_IMAGE_POSITIONS,
    CS_CLIP_PRE_LN_WEIGHT,
    CS_CLIP_PRE_LN_BIAS,
    CS_CLIP_POST_LN_WEIGHT,
    CS_CLIP_POST_LN_BIAS,
    CS_CLIP_IMAGE_PROJECTION,
    /* a text tower */
    CS_CLIP_TOKENS,
    CS_CLIP_TEXT_POSITIONS,
    CS_CLIP_FINAL_LN_WEIGHT,
    CS_CLIP_FINAL_LN_BIAS,
    CS_CLIP_TEXT_PROJECTION,
    /* a block of either */
    CS_CLIP_LN1_WEIGHT,
    CS_CLIP_LN1_BIAS,
    CS_CLIP_Q_WEIGHT,
    CS_CLIP_Q_BIAS,
    CS_CLIP_K_WEIGHT,
    CS_CLIP_K_BIAS,
    CS_CLIP_V_WEIGHT,
    CS_CLIP_V_BIAS,
    CS_CLIP_OUT_WEIGHT,
    CS_CLIP_OUT_BIAS,
    CS_CLIP_LN2_WEIGHT,
    CS_CLIP_LN2_BIAS,
    CS_CLIP_FC1_WEIGHT,
    CS_CLIP_FC1_BIAS,
    CS_CLIP_FC2_WEIGHT,
    CS_CLIP_FC2_BIAS,
    /* OpenAI's modified ResNet (OpenAI's naming alone): its first block, and its attention pooling */
    CS_CLIP_RESNET_CONV,
    CS_CLIP_POOL_POSITIONS,
    CS_CLIP_POOL_Q_WEIGHT,
    CS_CLIP_POOL_Q_BIAS,
    CS_CLIP_POOL_K_WEIGHT,
    CS_CLIP_POOL_K_BIAS,
    CS_CLIP_POOL_V_WEIGHT,
    CS_CLIP_POOL_V_BIAS,
    CS_CLIP_POOL_OUT_WEIGHT,
    CS_CLIP_POOL_OUT_BIAS,
    /* the head of an EfficientNet-Lite (Hugging Face's naming alone): its first matrix; lite_head.c has the others */
    CS_CLIP_LITE_HEAD,
    CS_CLIP_LOGIT_SCALE,
    CS_CLIP_PARTS
} cs_clip_part;

enum { CS_CLIP_NAME = 128 }; /* room for a name and its NUL; the longest takes 70 */

/* What the names of an image tower's tensors begin with in OpenAI's naming. */
#define CS_OPENAI_IMAGE_PREFIX "visual."

/* The name of a tensor that is no part of a block, at `out`, which is returned. */
const char *cs_clip_name(cs_clip_naming naming, cs_clip_part part, char out[CS_CLIP_NAME]);

/* The name of a part of block `layer` (from 0) of `tower`, CLIPSEARCH_IMAGE_TOWER or CLIPSEARCH_TEXT_TOWER. */
const char *cs_clip_block_name(cs_clip_naming naming, unsigned tower, size_t layer, cs_clip_part part,
                               char out[CS_CLIP_NAME]);

/* Which naming the file uses. CLIPSEARCH_E_MODEL when neither tower is there in any. */
clipsearch_status cs_clip_naming_detect(const cs_weights *weights, cs_clip_naming *naming, clipsearch_error *err);

/* The towers that the file holds: CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER, either or none. */
unsigned cs_clip_towers(const cs_weights *weights, cs_clip_naming naming);

/* The same for one tensor of a file in OpenAI's naming, by its name alone: the logit scale belongs to both towers. */
unsigned cs_clip_towers_of(const char *name);

/* Whether the image tower is OpenAI's modified ResNet; nn/conv_bind.h binds its convolutions. */
bool cs_clip_is_resnet(const cs_weights *weights);

/* How many blocks a transformer of a file in OpenAI's naming has, and how many stage `stage` (from 0) of its ResNet. */
size_t cs_clip_count_blocks(const cs_weights *weights, unsigned tower);
size_t cs_clip_count_resnet_blocks(const cs_weights *weights, size_t stage);

/* The tensor logit_scale, one float; NULL when the file has none. */
const cs_tensor *cs_clip_find_logit_scale(const cs_weights *weights);

#endif
