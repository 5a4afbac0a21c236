/* SPDX-License-Identifier: MIT
 * infer_config.c - infers a configuration from the tensors, as OpenAI's build_model does. */
#include "model/clip_names.h"
#include "model/config_source.h"

#include <math.h>

/* The tensor of `part`, which must be of `rank`. */
static clipsearch_status need(const cs_weights *weights, cs_clip_part part, int rank, const cs_tensor **tensor,
                              clipsearch_error *err)
{
    char name[CS_CLIP_NAME];
    cs_clip_name(CS_NAMING_OPENAI, part, name);
    *tensor = cs_weights_find(weights, name);
    if (*tensor && (*tensor)->rank == rank)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_MODEL,
                   "%s: the tensor \"%s\" %s; without a config.json or open_clip_config.json beside the weights the "
                   "model's sizes are read from its shape",
                   cs_weights_path(weights), name, *tensor ? "is not of the rank it should be" : "is not there");
}

/* All of OpenAI's models have heads of 64, an MLP four times as wide, and QuickGELU. */
static cs_tower_config infer_tower(const cs_weights *weights, size_t width, unsigned tower)
{
    return (cs_tower_config){.width = width,
                             .layers = cs_clip_count_blocks(weights, tower),
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
    if (naming == CS_NAMING_CUSTOM_TEXT)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: a model of open_clip's CustomTextCLIP, which takes an open_clip_config.json beside the "
                       "file; fetch it from where the weights came from",
                       cs_weights_path(weights));
    return CLIPSEARCH_OK;
}

static void infer_resnet(const cs_weights *weights, const cs_tensor *conv1, cs_clip_config *config)
{
    config->resnet = true;
    for (size_t stage = 0; stage < CS_RESNET_STAGES; stage++)
        config->resnet_stages[stage] = cs_clip_count_resnet_blocks(weights, stage);
    config->vision = (cs_tower_config){.width = conv1->shape[0]};
    if (config->vision.width <= CS_MAX_WIDTH) /* if not, cs_clip_config_finish reports the limit */
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
        cs_clip_part part;
        int rank;
        const cs_tensor **tensor;
    } wanted[] = {
        {resnet ? CS_CLIP_RESNET_CONV : CS_CLIP_PATCHES, 4, &conv},                       /* [W, 3, P, P] */
        {resnet ? CS_CLIP_POOL_POSITIONS : CS_CLIP_IMAGE_POSITIONS, 2, &image_positions}, /* [1 + grid^2, W] */
        {CS_CLIP_TEXT_POSITIONS, 2, &text_positions},                                     /* [context, W] */
        {CS_CLIP_TOKENS, 2, &tokens},                                                     /* [vocabulary, W] */
        {CS_CLIP_FINAL_LN_WEIGHT, 1, &final_ln},                                          /* [W] */
        {CS_CLIP_TEXT_PROJECTION, 2, &projection}};                                       /* [W, dim] */
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        status = need(weights, wanted[i].part, wanted[i].rank, wanted[i].tensor, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    if (resnet) {
        infer_resnet(weights, conv, config);
    } else {
        config->vision = infer_tower(weights, conv->shape[0], CLIPSEARCH_IMAGE_TOWER);
        config->patch_size = conv->shape[3];
    }
    config->text = infer_tower(weights, final_ln->shape[0], CLIPSEARCH_TEXT_TOWER);
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
