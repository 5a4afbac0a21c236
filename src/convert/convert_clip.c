/* SPDX-License-Identifier: MIT
 * convert_clip.c - CLIP's tensors in the order its towers read them. */
#include "convert/convert_plan.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    BLOCK_TENSORS = 16,
    TOWER_TENSORS = 8 /* besides its blocks, at most */
};

/* What a plan is made from. */
struct maker {
    cs_convert_plan *plan;
    const cs_weights *weights;
    cs_clip_naming naming;
    const cs_clip_config *config;
    clipsearch_error *err;
};

static void add(struct maker *m, const char *prefix, const char *name, const cs_matrix *from, int rank,
                const size_t *shape)
{
    cs_convert_plan *plan = m->plan;
    assert(plan->count < plan->room);
    cs_convert_source *source = &plan->from[plan->count];
    cs_tensor_plan *tensor = &plan->tensors[plan->count++];
    snprintf(source->name, sizeof source->name, "%s%s", prefix, name);
    source->matrix = *from;
    *tensor = (cs_tensor_plan){.name = source->name, .dtype = plan->dtype, .rank = rank};
    if (rank)
        memcpy(tensor->shape, shape, (size_t)rank * sizeof *shape);
}

static void add_vector(struct maker *m, const char *prefix, const char *name, const cs_matrix *from)
{
    add(m, prefix, name, from, 1, &from->columns);
}

static void add_matrix(struct maker *m, const char *prefix, const char *name, const cs_matrix *from)
{
    add(m, prefix, name, from, 2, (size_t[]){from->rows, from->columns});
}

static void add_block(struct maker *m, const char *prefix, const cs_block_tensors *t)
{
    add_vector(m, prefix, "layer_norm1.weight", &t->ln1_weight);
    add_vector(m, prefix, "layer_norm1.bias", &t->ln1_bias);
    add_matrix(m, prefix, "self_attn.q_proj.weight", &t->q_weight);
    add_vector(m, prefix, "self_attn.q_proj.bias", &t->q_bias);
    add_matrix(m, prefix, "self_attn.k_proj.weight", &t->k_weight);
    add_vector(m, prefix, "self_attn.k_proj.bias", &t->k_bias);
    add_matrix(m, prefix, "self_attn.v_proj.weight", &t->v_weight);
    add_vector(m, prefix, "self_attn.v_proj.bias", &t->v_bias);
    add_matrix(m, prefix, "self_attn.out_proj.weight", &t->out_weight);
    add_vector(m, prefix, "self_attn.out_proj.bias", &t->out_bias);
    add_vector(m, prefix, "layer_norm2.weight", &t->ln2_weight);
    add_vector(m, prefix, "layer_norm2.bias", &t->ln2_bias);
    add_matrix(m, prefix, "mlp.fc1.weight", &t->fc1_weight);
    add_vector(m, prefix, "mlp.fc1.bias", &t->fc1_bias);
    add_matrix(m, prefix, "mlp.fc2.weight", &t->fc2_weight);
    add_vector(m, prefix, "mlp.fc2.bias", &t->fc2_bias);
}

static clipsearch_status add_blocks(struct maker *m, bool vision)
{
    const cs_clip_config *config = m->config;
    size_t layers = vision ? config->vision.layers : config->text.layers;
    for (size_t layer = 0; layer < layers; layer++) {
        char prefix[CS_CONVERT_NAME / 2];
        cs_block_tensors block;
        snprintf(prefix, sizeof prefix, "%s.encoder.layers.%zu.", vision ? "vision_model" : "text_model", layer);
        clipsearch_status status =
            (vision ? cs_clip_vision_block : cs_clip_text_block)(m->weights, m->naming, config, layer, &block, m->err);
        if (status != CLIPSEARCH_OK)
            return status;
        add_block(m, prefix, &block);
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status add_vision(struct maker *m)
{
    cs_vision_tensors t;
    const char *prefix = "vision_model.";
    size_t patch = m->config->patch_size;
    clipsearch_status status = cs_clip_vision(m->weights, m->naming, m->config, &t, m->err);
    if (status != CLIPSEARCH_OK)
        return status;
    add(m, prefix, "embeddings.patch_embedding.weight", &t.patch_weight, 4,
        (size_t[]){t.patch_weight.rows, 3, patch, patch});
    add_vector(m, prefix, "embeddings.class_embedding", &t.class_embedding);
    add_matrix(m, prefix, "embeddings.position_embedding.weight", &t.positions);
    add_vector(m, prefix, "pre_layrnorm.weight", &t.pre_ln_weight); /* sic */
    add_vector(m, prefix, "pre_layrnorm.bias", &t.pre_ln_bias);
    status = add_blocks(m, true);
    if (status != CLIPSEARCH_OK)
        return status;
    add_vector(m, prefix, "post_layernorm.weight", &t.post_ln_weight);
    add_vector(m, prefix, "post_layernorm.bias", &t.post_ln_bias);
    add_matrix(m, "", "visual_projection.weight", &t.projection);
    return CLIPSEARCH_OK;
}

static clipsearch_status add_text(struct maker *m)
{
    cs_text_tensors t;
    const char *prefix = "text_model.";
    clipsearch_status status = cs_clip_text(m->weights, m->naming, m->config, &t, m->err);
    if (status != CLIPSEARCH_OK)
        return status;
    add_matrix(m, prefix, "embeddings.token_embedding.weight", &t.tokens);
    add_matrix(m, prefix, "embeddings.position_embedding.weight", &t.positions);
    status = add_blocks(m, false);
    if (status != CLIPSEARCH_OK)
        return status;
    add_vector(m, prefix, "final_layer_norm.weight", &t.final_ln_weight);
    add_vector(m, prefix, "final_layer_norm.bias", &t.final_ln_bias);
    add_matrix(m, "", "text_projection.weight", &t.projection);
    return CLIPSEARCH_OK;
}

/* The logit scale comes first and stays f32, as in OpenAI's own files: four-byte numbers in front leave everything
 * behind them aligned. */
static void add_logit_scale(struct maker *m)
{
    const cs_tensor *scale = cs_weights_find(m->weights, "logit_scale");
    if (!scale || !scale->is_float || scale->count != 1)
        return;
    const cs_matrix from = {.dtype = scale->dtype, .data = scale->data, .rows = 1, .columns = 1};
    add(m, "", "logit_scale", &from, 0, NULL);
    m->plan->tensors[m->plan->count - 1].dtype = CS_F32;
}

clipsearch_status cs_convert_plan_clip(cs_convert_plan *plan, const cs_weights *weights, cs_clip_naming naming,
                                       const cs_clip_config *config, unsigned towers, clipsearch_error *err)
{
    struct maker m = {.plan = plan, .weights = weights, .naming = naming, .config = config, .err = err};
    clipsearch_status status = cs_convert_plan_open(
        plan, 1 + 2 * TOWER_TENSORS + BLOCK_TENSORS * (config->vision.layers + config->text.layers), err);
    if (status != CLIPSEARCH_OK)
        return status;
    add_logit_scale(&m);
    if (towers & CLIPSEARCH_IMAGE_TOWER)
        status = add_vision(&m);
    return status == CLIPSEARCH_OK && towers & CLIPSEARCH_TEXT_TOWER ? add_text(&m) : status;
}
