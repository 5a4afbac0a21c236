/* SPDX-License-Identifier: MIT
 * convert_clip.c - CLIP's tensors in the order its towers read them. */
#include "convert/convert_plan.h"

#include <assert.h>
#include <string.h>

static void add(void *context, const cs_clip_tensor *tensor)
{
    cs_convert_plan *plan = context;
    assert(plan->count < plan->room);
    cs_convert_source *source = &plan->from[plan->count];
    cs_tensor_plan *to = &plan->tensors[plan->count++];
    memcpy(source->name, tensor->name, sizeof source->name);
    source->matrix = tensor->matrix;
    *to = (cs_tensor_plan){.name = source->name, .dtype = plan->dtype, .rank = tensor->rank};
    memcpy(to->shape, tensor->shape, (size_t)tensor->rank * sizeof *to->shape);
}

/* The logit scale comes first and stays f32, as in OpenAI's own files: four-byte numbers in front leave everything
 * behind them aligned. */
static void add_logit_scale(cs_convert_plan *plan, const cs_weights *weights)
{
    const cs_tensor *scale = cs_clip_find_logit_scale(weights);
    if (!scale)
        return;
    cs_clip_tensor tensor = {.matrix = {.dtype = scale->dtype, .data = scale->data, .rows = 1, .columns = 1}};
    cs_clip_name(CS_NAMING_HUGGING_FACE, CS_CLIP_LOGIT_SCALE, tensor.name);
    add(plan, &tensor);
    plan->tensors[plan->count - 1].dtype = CS_F32;
}

clipsearch_status cs_convert_plan_clip(cs_convert_plan *plan, const cs_weights *weights, cs_clip_naming naming,
                                       const cs_clip_config *config, unsigned towers, clipsearch_error *err)
{
    clipsearch_status status = cs_convert_plan_open(plan, 1 + cs_clip_count_tensors(config), err);
    if (status != CLIPSEARCH_OK)
        return status;
    add_logit_scale(plan, weights);
    if (towers & CLIPSEARCH_IMAGE_TOWER)
        status = cs_clip_walk_vision(weights, naming, config, add, plan, err);
    if (status == CLIPSEARCH_OK && towers & CLIPSEARCH_TEXT_TOWER)
        status = cs_clip_walk_text(weights, naming, config, add, plan, err);
    return status;
}
