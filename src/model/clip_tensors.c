/* SPDX-License-Identifier: MIT
 * clip_tensors.c - the names of CLIP's tensors in each naming, and the shapes they must have. */
#include "model/clip_tensors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 128 }; /* the longest prefix and name take 70 */

/* Look-ups below one prefix. The first failure latches; later look-ups do nothing. */
struct lookup {
    const cs_weights *weights;
    char prefix[NAME_SIZE / 2];
    clipsearch_status status;
    clipsearch_error *err;
};

static struct lookup lookup_make(const cs_weights *weights, const char *prefix, clipsearch_error *err)
{
    struct lookup look = {.weights = weights, .err = err};
    snprintf(look.prefix, sizeof look.prefix, "%s", prefix);
    return look;
}

static const cs_tensor *get(struct lookup *look, const char *name, int rank, const size_t *shape)
{
    const cs_tensor *tensor = NULL;
    char full[NAME_SIZE];
    snprintf(full, sizeof full, "%s%s", look->prefix, name);
    if (look->status == CLIPSEARCH_OK)
        look->status = cs_weights_get(look->weights, full, rank, shape, &tensor, look->err);
    return tensor;
}

static cs_matrix matrix_of(const cs_tensor *tensor, size_t rows, size_t columns)
{
    if (!tensor)
        return (cs_matrix){0};
    return (cs_matrix){.dtype = tensor->dtype, .data = tensor->data, .rows = rows, .columns = columns};
}

/* A tensor [n] as a row. */
static cs_matrix vector(struct lookup *look, const char *name, size_t n)
{
    return matrix_of(get(look, name, 1, &n), 1, n);
}

/* A tensor [rows, columns]. */
static cs_matrix matrix(struct lookup *look, const char *name, size_t rows, size_t columns)
{
    return matrix_of(get(look, name, 2, (size_t[]){rows, columns}), rows, columns);
}

/* A matrix [rows, columns] that is stored [columns, rows]. */
static cs_matrix transposed(struct lookup *look, const char *name, size_t rows, size_t columns)
{
    cs_matrix found = matrix_of(get(look, name, 2, (size_t[]){columns, rows}), rows, columns);
    found.transposed = true;
    return found;
}

/* Part `index` of three equal parts that lie one below the other. */
static cs_matrix third(cs_matrix whole, size_t rows, size_t index)
{
    if (!whole.data)
        return whole;
    cs_matrix part = whole;
    size_t bytes = whole.rows * whole.columns / 3 * cs_dtype_size(whole.dtype);
    part.data = (const char *)whole.data + index * bytes;
    part.rows = rows;
    part.columns = whole.rows * whole.columns / 3 / rows;
    return part;
}

/* ---------------------------------------------------------------- namings */

static bool has(const cs_weights *weights, const char *name)
{
    return cs_weights_find(weights, name) != NULL;
}

/* open_clip puts the text tower of its CustomTextCLIP below "text."; OpenAI's and plain models have it at the top. */
static const char *openai_text_prefix(const cs_weights *weights)
{
    return !has(weights, "token_embedding.weight") && has(weights, "text.token_embedding.weight") ? "text." : "";
}

bool cs_clip_is_resnet(const cs_weights *weights)
{
    return has(weights, "visual.layer1.0.conv1.weight");
}

bool cs_clip_has_vision(const cs_weights *weights, cs_clip_naming naming)
{
    if (naming == CS_NAMING_OPENAI && cs_clip_is_resnet(weights))
        return true;
    return has(weights,
               naming == CS_NAMING_HUGGING_FACE ? "vision_model.embeddings.class_embedding" : "visual.class_embedding");
}

bool cs_clip_has_text(const cs_weights *weights, cs_clip_naming naming)
{
    if (naming == CS_NAMING_HUGGING_FACE)
        return has(weights, "text_model.embeddings.token_embedding.weight");
    return has(weights, "token_embedding.weight") || has(weights, "text.token_embedding.weight");
}

clipsearch_status cs_clip_naming_detect(const cs_weights *weights, cs_clip_naming *naming, clipsearch_error *err)
{
    static const cs_clip_naming namings[] = {CS_NAMING_HUGGING_FACE, CS_NAMING_OPENAI};
    for (size_t i = 0; i < sizeof namings / sizeof *namings; i++)
        if (cs_clip_has_vision(weights, namings[i]) || cs_clip_has_text(weights, namings[i])) {
            *naming = namings[i];
            return CLIPSEARCH_OK;
        }
    return cs_fail(err, CLIPSEARCH_E_MODEL,
                   "%s: these are no CLIP weights: neither vision_model.embeddings.class_embedding nor "
                   "text_model.embeddings.token_embedding.weight (transformers), neither visual.class_embedding nor "
                   "token_embedding.weight (OpenAI, open_clip) is among its %zu tensors",
                   cs_weights_path(weights), cs_weights_count(weights));
}

/* ---------------------------------------------------------------- blocks */

static void hugging_face_block(struct lookup *look, size_t w, size_t m, cs_block_tensors *out)
{
    out->ln1_weight = vector(look, "layer_norm1.weight", w);
    out->ln1_bias = vector(look, "layer_norm1.bias", w);
    out->q_weight = matrix(look, "self_attn.q_proj.weight", w, w);
    out->q_bias = vector(look, "self_attn.q_proj.bias", w);
    out->k_weight = matrix(look, "self_attn.k_proj.weight", w, w);
    out->k_bias = vector(look, "self_attn.k_proj.bias", w);
    out->v_weight = matrix(look, "self_attn.v_proj.weight", w, w);
    out->v_bias = vector(look, "self_attn.v_proj.bias", w);
    out->out_weight = matrix(look, "self_attn.out_proj.weight", w, w);
    out->out_bias = vector(look, "self_attn.out_proj.bias", w);
    out->ln2_weight = vector(look, "layer_norm2.weight", w);
    out->ln2_bias = vector(look, "layer_norm2.bias", w);
    out->fc1_weight = matrix(look, "mlp.fc1.weight", m, w);
    out->fc1_bias = vector(look, "mlp.fc1.bias", m);
    out->fc2_weight = matrix(look, "mlp.fc2.weight", w, m);
    out->fc2_bias = vector(look, "mlp.fc2.bias", w);
}

static void openai_block(struct lookup *look, size_t w, size_t m, cs_block_tensors *out)
{
    out->ln1_weight = vector(look, "ln_1.weight", w);
    out->ln1_bias = vector(look, "ln_1.bias", w);
    cs_matrix weight = matrix(look, "attn.in_proj_weight", 3 * w, w); /* q, k, v one below the other */
    cs_matrix bias = vector(look, "attn.in_proj_bias", 3 * w);
    out->q_weight = third(weight, w, 0);
    out->k_weight = third(weight, w, 1);
    out->v_weight = third(weight, w, 2);
    out->q_bias = third(bias, 1, 0);
    out->k_bias = third(bias, 1, 1);
    out->v_bias = third(bias, 1, 2);
    out->out_weight = matrix(look, "attn.out_proj.weight", w, w);
    out->out_bias = vector(look, "attn.out_proj.bias", w);
    out->ln2_weight = vector(look, "ln_2.weight", w);
    out->ln2_bias = vector(look, "ln_2.bias", w);
    out->fc1_weight = matrix(look, "mlp.c_fc.weight", m, w);
    out->fc1_bias = vector(look, "mlp.c_fc.bias", m);
    out->fc2_weight = matrix(look, "mlp.c_proj.weight", w, m);
    out->fc2_bias = vector(look, "mlp.c_proj.bias", w);
}

/* "<tower's prefix><blocks' name>.<layer>." at `out`. */
static void block_prefix(const cs_weights *weights, cs_clip_naming naming, bool vision, size_t layer,
                         char out[NAME_SIZE / 2])
{
    if (naming == CS_NAMING_HUGGING_FACE)
        snprintf(out, NAME_SIZE / 2, "%s.encoder.layers.%zu.", vision ? "vision_model" : "text_model", layer);
    else
        snprintf(out, NAME_SIZE / 2, "%stransformer.resblocks.%zu.", vision ? "visual." : openai_text_prefix(weights),
                 layer);
}

static clipsearch_status block(const cs_weights *weights, cs_clip_naming naming, const cs_tower_config *tower,
                               bool vision, size_t layer, cs_block_tensors *out, clipsearch_error *err)
{
    char prefix[NAME_SIZE / 2];
    block_prefix(weights, naming, vision, layer, prefix);
    struct lookup look = lookup_make(weights, prefix, err);
    *out = (cs_block_tensors){0};
    if (naming == CS_NAMING_HUGGING_FACE)
        hugging_face_block(&look, tower->width, tower->mlp, out);
    else
        openai_block(&look, tower->width, tower->mlp, out);
    return look.status;
}

clipsearch_status cs_clip_vision_block(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                       size_t layer, cs_block_tensors *out, clipsearch_error *err)
{
    return block(weights, naming, &config->vision, true, layer, out, err);
}

clipsearch_status cs_clip_text_block(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                     size_t layer, cs_block_tensors *out, clipsearch_error *err)
{
    return block(weights, naming, &config->text, false, layer, out, err);
}

/* A file with more blocks than the configuration says is another model: computing with the first ones only would give
 * vectors that look well and mean nothing. */
static void refuse_further_block(struct lookup *look, cs_clip_naming naming, const cs_tower_config *tower, bool vision)
{
    char name[NAME_SIZE];
    if (look->status != CLIPSEARCH_OK)
        return;
    block_prefix(look->weights, naming, vision, tower->layers, name);
    size_t n = strlen(name);
    snprintf(name + n, sizeof name - n, "%s", naming == CS_NAMING_HUGGING_FACE ? "layer_norm1.weight" : "ln_1.weight");
    if (has(look->weights, name))
        look->status = cs_fail(look->err, CLIPSEARCH_E_MODEL,
                               "%s: the tensor \"%s\" is there, but the configuration says %zu layers; the "
                               "configuration and the weights are of different models",
                               cs_weights_path(look->weights), name, tower->layers);
}

/* ---------------------------------------------------------------- towers */

clipsearch_status cs_clip_vision(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                 cs_vision_tensors *out, clipsearch_error *err)
{
    bool hf = naming == CS_NAMING_HUGGING_FACE;
    size_t w = config->vision.width, p = config->patch_size;
    size_t grid = config->image_size / p; /* pixels that fill no patch are left out, as by the convolution's stride */
    struct lookup look = lookup_make(weights, hf ? "vision_model." : "visual.", err);
    *out = (cs_vision_tensors){0};
    out->patch_weight = matrix_of(
        get(&look, hf ? "embeddings.patch_embedding.weight" : "conv1.weight", 4, (size_t[]){w, 3, p, p}), w, 3 * p * p);
    out->class_embedding = vector(&look, hf ? "embeddings.class_embedding" : "class_embedding", w);
    out->positions =
        matrix(&look, hf ? "embeddings.position_embedding.weight" : "positional_embedding", 1 + grid * grid, w);
    out->pre_ln_weight = vector(&look, hf ? "pre_layrnorm.weight" : "ln_pre.weight", w); /* sic */
    out->pre_ln_bias = vector(&look, hf ? "pre_layrnorm.bias" : "ln_pre.bias", w);
    out->post_ln_weight = vector(&look, hf ? "post_layernorm.weight" : "ln_post.weight", w);
    out->post_ln_bias = vector(&look, hf ? "post_layernorm.bias" : "ln_post.bias", w);
    if (hf) {
        look.prefix[0] = '\0';
        out->projection = matrix(&look, "visual_projection.weight", config->dim, w);
    } else {
        out->projection = transposed(&look, "proj", config->dim, w);
    }
    refuse_further_block(&look, naming, &config->vision, true);
    return look.status;
}

clipsearch_status cs_clip_text(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                               cs_text_tensors *out, clipsearch_error *err)
{
    bool hf = naming == CS_NAMING_HUGGING_FACE;
    size_t w = config->text.width;
    struct lookup look = lookup_make(weights, hf ? "text_model." : openai_text_prefix(weights), err);
    *out = (cs_text_tensors){0};
    out->tokens =
        matrix(&look, hf ? "embeddings.token_embedding.weight" : "token_embedding.weight", config->vocabulary, w);
    out->positions =
        matrix(&look, hf ? "embeddings.position_embedding.weight" : "positional_embedding", config->context_length, w);
    out->final_ln_weight = vector(&look, hf ? "final_layer_norm.weight" : "ln_final.weight", w);
    out->final_ln_bias = vector(&look, hf ? "final_layer_norm.bias" : "ln_final.bias", w);
    if (hf) {
        look.prefix[0] = '\0';
        out->projection = matrix(&look, "text_projection.weight", config->dim, w);
    } else {
        out->projection = transposed(&look, "text_projection", config->dim, w);
    }
    refuse_further_block(&look, naming, &config->text, false);
    return look.status;
}

clipsearch_status cs_clip_attnpool(const cs_weights *weights, const cs_clip_config *config, cs_attnpool_tensors *out,
                                   clipsearch_error *err)
{
    size_t c = CS_RESNET_SHRINK * config->vision.width, grid = config->image_size / CS_RESNET_SHRINK;
    struct lookup look = lookup_make(weights, "visual.attnpool.", err);
    *out = (cs_attnpool_tensors){.positions = matrix(&look, "positional_embedding", 1 + grid * grid, c)};
    out->q_weight = matrix(&look, "q_proj.weight", c, c);
    out->q_bias = vector(&look, "q_proj.bias", c);
    out->k_weight = matrix(&look, "k_proj.weight", c, c);
    out->k_bias = vector(&look, "k_proj.bias", c);
    out->v_weight = matrix(&look, "v_proj.weight", c, c);
    out->v_bias = vector(&look, "v_proj.bias", c);
    out->out_weight = matrix(&look, "c_proj.weight", config->dim, c);
    out->out_bias = vector(&look, "c_proj.bias", config->dim);
    return look.status;
}

/* ---------------------------------------------------------------- logit scale */

/* The first element of a float tensor. */
static float first_element(const cs_tensor *tensor)
{
    uint8_t bytes[4] = {0};
    memcpy(bytes, tensor->data, cs_dtype_size(tensor->dtype));
    uint32_t bits = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
    if (tensor->dtype == CS_F16) {
        int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
        float value = exponent == 0    ? ldexpf((float)fraction, -24)
                      : exponent == 31 ? (fraction ? NAN : INFINITY)
                                       : ldexpf((float)(fraction + 1024), exponent - 25);
        return bits >> 15 ? -value : value;
    }
    bits = tensor->dtype == CS_BF16 ? bits << 16 : bits | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float cs_clip_logit_scale(const cs_weights *weights)
{
    const cs_tensor *tensor = cs_weights_find(weights, "logit_scale");
    if (!tensor || !tensor->is_float || tensor->count != 1)
        return 100.0F; /* what OpenAI's training clips it to */
    return expf(first_element(tensor));
}
