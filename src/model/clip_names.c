/* SPDX-License-Identifier: MIT
 * clip_names.c - the names of CLIP's tensors, and which naming a file uses. */
#include "model/clip_names.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *hugging_face, *openai; /* of a block's part: what comes after the block's prefix */
} names[CS_CLIP_PARTS] = {
    [CS_CLIP_PATCHES] = {"vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight"},
    [CS_CLIP_CLASS] = {"vision_model.embeddings.class_embedding", "visual.class_embedding"},
    [CS_CLIP_IMAGE_POSITIONS] = {"vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"},
    [CS_CLIP_PRE_LN_WEIGHT] = {"vision_model.pre_layrnorm.weight", "visual.ln_pre.weight"}, /* sic */
    [CS_CLIP_PRE_LN_BIAS] = {"vision_model.pre_layrnorm.bias", "visual.ln_pre.bias"},
    [CS_CLIP_POST_LN_WEIGHT] = {"vision_model.post_layernorm.weight", "visual.ln_post.weight"},
    [CS_CLIP_POST_LN_BIAS] = {"vision_model.post_layernorm.bias", "visual.ln_post.bias"},
    [CS_CLIP_IMAGE_PROJECTION] = {"visual_projection.weight", "visual.proj"},
    [CS_CLIP_TOKENS] = {"text_model.embeddings.token_embedding.weight", "token_embedding.weight"},
    [CS_CLIP_TEXT_POSITIONS] = {"text_model.embeddings.position_embedding.weight", "positional_embedding"},
    [CS_CLIP_FINAL_LN_WEIGHT] = {"text_model.final_layer_norm.weight", "ln_final.weight"},
    [CS_CLIP_FINAL_LN_BIAS] = {"text_model.final_layer_norm.bias", "ln_final.bias"},
    [CS_CLIP_TEXT_PROJECTION] = {"text_projection.weight", "text_projection"},
    [CS_CLIP_LN1_WEIGHT] = {"layer_norm1.weight", "ln_1.weight"},
    [CS_CLIP_LN1_BIAS] = {"layer_norm1.bias", "ln_1.bias"},
    [CS_CLIP_Q_WEIGHT] = {"self_attn.q_proj.weight", "attn.in_proj_weight"},
    [CS_CLIP_Q_BIAS] = {"self_attn.q_proj.bias", "attn.in_proj_bias"},
    [CS_CLIP_K_WEIGHT] = {"self_attn.k_proj.weight", "attn.in_proj_weight"},
    [CS_CLIP_K_BIAS] = {"self_attn.k_proj.bias", "attn.in_proj_bias"},
    [CS_CLIP_V_WEIGHT] = {"self_attn.v_proj.weight", "attn.in_proj_weight"},
    [CS_CLIP_V_BIAS] = {"self_attn.v_proj.bias", "attn.in_proj_bias"},
    [CS_CLIP_OUT_WEIGHT] = {"self_attn.out_proj.weight", "attn.out_proj.weight"},
    [CS_CLIP_OUT_BIAS] = {"self_attn.out_proj.bias", "attn.out_proj.bias"},
    [CS_CLIP_LN2_WEIGHT] = {"layer_norm2.weight", "ln_2.weight"},
    [CS_CLIP_LN2_BIAS] = {"layer_norm2.bias", "ln_2.bias"},
    [CS_CLIP_FC1_WEIGHT] = {"mlp.fc1.weight", "mlp.c_fc.weight"},
    [CS_CLIP_FC1_BIAS] = {"mlp.fc1.bias", "mlp.c_fc.bias"},
    [CS_CLIP_FC2_WEIGHT] = {"mlp.fc2.weight", "mlp.c_proj.weight"},
    [CS_CLIP_FC2_BIAS] = {"mlp.fc2.bias", "mlp.c_proj.bias"},
    [CS_CLIP_RESNET_CONV] = {NULL, "visual.layer1.0.conv1.weight"},
    [CS_CLIP_POOL_POSITIONS] = {NULL, "visual.attnpool.positional_embedding"},
    [CS_CLIP_POOL_Q_WEIGHT] = {NULL, "visual.attnpool.q_proj.weight"},
    [CS_CLIP_POOL_Q_BIAS] = {NULL, "visual.attnpool.q_proj.bias"},
    [CS_CLIP_POOL_K_WEIGHT] = {NULL, "visual.attnpool.k_proj.weight"},
    [CS_CLIP_POOL_K_BIAS] = {NULL, "visual.attnpool.k_proj.bias"},
    [CS_CLIP_POOL_V_WEIGHT] = {NULL, "visual.attnpool.v_proj.weight"},
    [CS_CLIP_POOL_V_BIAS] = {NULL, "visual.attnpool.v_proj.bias"},
    [CS_CLIP_POOL_OUT_WEIGHT] = {NULL, "visual.attnpool.c_proj.weight"},
    [CS_CLIP_POOL_OUT_BIAS] = {NULL, "visual.attnpool.c_proj.bias"},
    [CS_CLIP_LITE_HEAD] = {"visual_head.classes.weight", NULL},
    [CS_CLIP_LOGIT_SCALE] = {"logit_scale", "logit_scale"},
};

static const char *text_prefix(cs_clip_naming naming)
{
    return naming == CS_NAMING_CUSTOM_TEXT ? "text." : "";
}

const char *cs_clip_name(cs_clip_naming naming, cs_clip_part part, char out[CS_CLIP_NAME])
{
    bool of_text = part >= CS_CLIP_TOKENS && part <= CS_CLIP_TEXT_PROJECTION;
    snprintf(out, CS_CLIP_NAME, "%s%s", of_text ? text_prefix(naming) : "",
             naming == CS_NAMING_HUGGING_FACE ? names[part].hugging_face : names[part].openai);
    return out;
}

const char *cs_clip_block_name(cs_clip_naming naming, unsigned tower, size_t layer, cs_clip_part part,
                               char out[CS_CLIP_NAME])
{
    bool vision = tower == CLIPSEARCH_IMAGE_TOWER;
    if (naming == CS_NAMING_HUGGING_FACE)
        snprintf(out, CS_CLIP_NAME, "%s.encoder.layers.%zu.%s", vision ? "vision_model" : "text_model", layer,
                 names[part].hugging_face);
    else
        snprintf(out, CS_CLIP_NAME, "%stransformer.resblocks.%zu.%s",
                 vision ? CS_OPENAI_IMAGE_PREFIX : text_prefix(naming), layer, names[part].openai);
    return out;
}

/* ---------------------------------------------------------------- what a file holds */

static const cs_tensor *find(const cs_weights *weights, cs_clip_naming naming, cs_clip_part part)
{
    char name[CS_CLIP_NAME];
    return cs_weights_find(weights, cs_clip_name(naming, part, name));
}

bool cs_clip_is_resnet(const cs_weights *weights)
{
    return find(weights, CS_NAMING_OPENAI, CS_CLIP_RESNET_CONV) != NULL;
}

unsigned cs_clip_towers(const cs_weights *weights, cs_clip_naming naming)
{
    const bool hugging_face = naming == CS_NAMING_HUGGING_FACE;
    const bool convolutional =
        hugging_face ? find(weights, naming, CS_CLIP_LITE_HEAD) != NULL : cs_clip_is_resnet(weights);
    return (convolutional || find(weights, naming, CS_CLIP_CLASS) ? (unsigned)CLIPSEARCH_IMAGE_TOWER : 0) |
           (find(weights, naming, CS_CLIP_TOKENS) ? (unsigned)CLIPSEARCH_TEXT_TOWER : 0);
}

clipsearch_status cs_clip_naming_detect(const cs_weights *weights, cs_clip_naming *naming, clipsearch_error *err)
{
    if (cs_clip_towers(weights, CS_NAMING_HUGGING_FACE)) {
        *naming = CS_NAMING_HUGGING_FACE;
        return CLIPSEARCH_OK;
    }
    /* the two others name the image tower alike: the text tower says which it is */
    bool custom =
        !find(weights, CS_NAMING_OPENAI, CS_CLIP_TOKENS) && find(weights, CS_NAMING_CUSTOM_TEXT, CS_CLIP_TOKENS);
    *naming = custom ? CS_NAMING_CUSTOM_TEXT : CS_NAMING_OPENAI;
    if (cs_clip_towers(weights, *naming))
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_MODEL,
                   "%s: these are no CLIP weights: neither %s nor %s (transformers), neither %s nor %s (OpenAI, "
                   "open_clip) is among its %zu tensors",
                   cs_weights_path(weights), names[CS_CLIP_CLASS].hugging_face, names[CS_CLIP_TOKENS].hugging_face,
                   names[CS_CLIP_CLASS].openai, names[CS_CLIP_TOKENS].openai, cs_weights_count(weights));
}

unsigned cs_clip_towers_of(const char *name)
{
    if (strcmp(name, names[CS_CLIP_LOGIT_SCALE].openai) == 0)
        return (unsigned)CLIPSEARCH_IMAGE_TOWER | (unsigned)CLIPSEARCH_TEXT_TOWER;
    return strncmp(name, CS_OPENAI_IMAGE_PREFIX, sizeof CS_OPENAI_IMAGE_PREFIX - 1) == 0 ? CLIPSEARCH_IMAGE_TOWER
                                                                                         : CLIPSEARCH_TEXT_TOWER;
}

/* How many tensors are named <prefix>...<suffix>: one a block. */
static size_t count_tensors(const cs_weights *weights, const char *prefix, const char *suffix)
{
    size_t count = 0, prefix_len = strlen(prefix), suffix_len = strlen(suffix);
    for (size_t i = 0; i < cs_weights_count(weights); i++) {
        const char *name = cs_weights_at(weights, i)->name;
        size_t n = strlen(name);
        count += n > prefix_len + suffix_len && memcmp(name, prefix, prefix_len) == 0 &&
                 strcmp(name + n - suffix_len, suffix) == 0;
    }
    return count;
}

size_t cs_clip_count_blocks(const cs_weights *weights, unsigned tower)
{
    return count_tensors(weights,
                         tower == CLIPSEARCH_IMAGE_TOWER ? CS_OPENAI_IMAGE_PREFIX "transformer.resblocks."
                                                         : "transformer.resblocks.",
                         ".attn.in_proj_weight");
}

size_t cs_clip_count_resnet_blocks(const cs_weights *weights, size_t stage)
{
    char prefix[48];
    snprintf(prefix, sizeof prefix, CS_OPENAI_IMAGE_PREFIX "layer%zu.", stage + 1);
    return count_tensors(weights, prefix, ".conv1.weight");
}

const cs_tensor *cs_clip_find_logit_scale(const cs_weights *weights)
{
    const cs_tensor *tensor = find(weights, CS_NAMING_OPENAI, CS_CLIP_LOGIT_SCALE);
    return tensor && tensor->is_float && tensor->count == 1 ? tensor : NULL;
}
