/* SPDX-License-Identifier: MIT
 * infer_config.c - a configuration from the tensors alone, as OpenAI's build_model finds it. */
#include "model/clip_tensors.h"
#include "model/config_source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The tensor `name`, which must be of `rank`. */
static clipsearch_status need(const cs_weights *weights, const char *name, int rank, const cs_tensor **tensor,
                              clipsearch_error *err)
{
    *tensor = cs_weights_find(weights, name);
    if (*tensor && (*tensor)->rank == rank)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_MODEL,
                   "%s: the tensor \"%s\" %s; without a config.json or open_clip_config.json beside the weights the "
                   "model's sizes are read from its shape",
                   cs_weights_path(weights), name, *tensor ? "is not of the rank it should be" : "is not there");
}

/* How many tensors are named <prefix>...<suffix>: one a block. */
static size_t count_blocks(const cs_weights *weights, const char *prefix, const char *suffix)
{
    size_t blocks = 0, prefix_len = strlen(prefix), suffix_len = strlen(suffix);
    for (size_t i = 0; i < cs_weights_count(weights); i++) {
        const char *name = cs_weights_at(weights, i)->name;
        size_t n = strlen(name);
        blocks += n > prefix_len + suffix_len && memcmp(name, prefix, prefix_len) == 0 &&
                  strcmp(name + n - suffix_len, suffix) == 0;
    }
    return blocks;
}

/* Heads of 64, an MLP four times as wide, QuickGELU: so are all of OpenAI's. */
static cs_tower_config tower_of(const cs_weights *weights, size_t width, const char *prefix)
{
    return (cs_tower_config){.width = width,
                             .layers = count_blocks(weights, prefix, ".attn.in_proj_weight"),
                             .heads = width / 64,
                             .mlp = width <= CS_MAX_WIDTH ? width * 4 : 0,
                             .activation = CS_ACT_QUICK_GELU,
                             .layernorm_eps = 1e-5F};
}

static clipsearch_status check_naming(const cs_weights *weights, clipsearch_error *err)
{
    cs_clip_naming naming;
    clipsearch_status status = cs_clip_naming_detect(weights, &naming, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (naming == CS_NAMING_HUGGING_FACE)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: the tensors are named as transformers names them, which takes a config.json beside the "
                       "file; fetch it from where the weights came from",
                       cs_weights_path(weights));
    if (!cs_weights_find(weights, "token_embedding.weight") && cs_weights_find(weights, "text.token_embedding.weight"))
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: a model of open_clip's CustomTextCLIP, which takes an open_clip_config.json beside the "
                       "file; fetch it from where the weights came from",
                       cs_weights_path(weights));
    return CLIPSEARCH_OK;
}

/* Blocks of stage `stage` (from 1): how often a block's first convolution is there. */
static void infer_resnet(const cs_weights *weights, const cs_tensor *conv1, cs_clip_config *config)
{
    config->resnet = true;
    for (size_t stage = 0; stage < CS_RESNET_STAGES; stage++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "visual.layer%zu.", stage + 1);
        config->resnet_stages[stage] = count_blocks(weights, prefix, ".conv1.weight");
    }
    config->vision = (cs_tower_config){.width = conv1->shape[0]};
    if (config->vision.width <= CS_MAX_WIDTH) /* else the limit says so */
        config->vision.heads = config->vision.width * CS_RESNET_SHRINK / 64;
    config->patch_size = CS_RESNET_SHRINK;
}

clipsearch_status cs_infer_config(const cs_weights *weights, cs_clip_config *config, clipsearch_error *err)
{
    clipsearch_status status = check_naming(weights, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const bool resnet = cs_clip_is_resnet(weights);
    const cs_tensor *conv, *image_positions, *text_positions, *tokens, *final_ln, *projection;
    const struct {
        const char *name;
        int rank;
        const cs_tensor **tensor;
    } wanted[] = {{resnet ? "visual.layer1.0.conv1.weight" : "visual.conv1.weight", 4, &conv}, /* [W, 3, P, P] */
                  {resnet ? "visual.attnpool.positional_embedding" : "visual.positional_embedding", 2,
                   &image_positions},                           /* [1 + grid^2, W] */
                  {"positional_embedding", 2, &text_positions}, /* [context, W] */
                  {"token_embedding.weight", 2, &tokens},       /* [vocabulary, W] */
                  {"ln_final.weight", 1, &final_ln},            /* [W] */
                  {"text_projection", 2, &projection}};         /* [W, dim] */
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        status = need(weights, wanted[i].name, wanted[i].rank, wanted[i].tensor, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    if (resnet) {
        infer_resnet(weights, conv, config);
    } else {
        config->vision = tower_of(weights, conv->shape[0], "visual.transformer.resblocks.");
        config->patch_size = conv->shape[3];
    }
    config->text = tower_of(weights, final_ln->shape[0], "transformer.resblocks.");
    /* the limit keeps a hostile shape from wrapping; it is reported by cs_clip_config_finish */
    double grid = round(sqrt((double)image_positions->shape[0] - 1));
    double image_size = grid * (double)config->patch_size;
    config->image_size = image_size >= 1 && image_size <= CS_MAX_IMAGE ? (size_t)image_size : 0;
    config->context_length = text_positions->shape[0];
    config->vocabulary = tokens->shape[0];
    config->dim = projection->shape[1];
    config->preprocess = cs_clip_preprocess(config->image_size);
    return CLIPSEARCH_OK;
}
