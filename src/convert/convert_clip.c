/* SPDX-License-Identifier: MIT
 * convert_clip.c - CLIP's tensors in the order its towers read them. */
#include "convert/convert_plan.h"
#include "kernels/bgemm.h"
#include "kernels/qgemm.h"

#include <assert.h>
#include <stdio.h>
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

/* A tensor of `rows` numbers of 4 bytes that goes with the codes of the tensor `codes`. */
static void add_beside(cs_convert_plan *plan, const cs_clip_tensor *tensor, size_t codes, cs_convert_part part)
{
    assert(plan->count < plan->room);
    cs_convert_source *source = &plan->from[plan->count];
    cs_tensor_plan *to = &plan->tensors[plan->count++];
    const bool sums = part == CS_CONVERT_SUMS;
    snprintf(source->name, sizeof source->name, "%s%s", tensor->name, sums ? CS_CLIP_SUM : CS_CLIP_SCALE);
    source->matrix = tensor->matrix;
    source->part = part;
    source->codes = codes;
    *to = (cs_tensor_plan){.name = source->name,
                           .dtype = CS_F32,
                           .integers = sums ? "I32" : NULL,
                           .rank = 1,
                           .shape = {tensor->matrix.rows}};
}

static void add_codes(cs_convert_plan *plan, const cs_clip_tensor *tensor)
{
    const size_t at = plan->count, rows = tensor->matrix.rows, columns = tensor->matrix.columns;
    const size_t shape[] = {(rows + CS_QGEMM_STRIP - 1) / CS_QGEMM_STRIP, cs_qgemm_stride(columns) / CS_QGEMM_GROUP,
                            CS_QGEMM_STRIP, CS_QGEMM_GROUP};
    add(plan, tensor);
    plan->from[at].part = CS_CONVERT_CODES;
    plan->tensors[at].integers = "I8";
    plan->tensors[at].mapped = true;
    plan->tensors[at].rank = sizeof shape / sizeof *shape;
    memcpy(plan->tensors[at].shape, shape, sizeof shape);
}

static void add_pairs(cs_convert_plan *plan, const cs_clip_tensor *tensor)
{
    const size_t at = plan->count, rows = tensor->matrix.rows;
    const size_t shape[] = {(rows + CS_PANEL_STRIP - 1) / CS_PANEL_STRIP,
                            cs_bgemm_stride(tensor->matrix.columns) / CS_BGEMM_PAIR, CS_PANEL_STRIP, CS_BGEMM_PAIR};
    add(plan, tensor);
    plan->from[at].part = CS_CONVERT_PAIRS;
    plan->tensors[at].dtype = CS_BF16;
    plan->tensors[at].mapped = true;
    plan->tensors[at].rank = sizeof shape / sizeof *shape;
    memcpy(plan->tensors[at].shape, shape, sizeof shape);
}

/* Whether a tensor is written in 8 bits or in pairs. Patches with more inputs than a product in 8 bits takes stay as
 * other matrices: they are opened as floats too. */
static bool is_coded(const cs_convert_plan *plan, const cs_clip_tensor *tensor)
{
    const bool too_wide = plan->coding == CS_CLIP_CODED && tensor->matrix.columns > CS_QGEMM_MAX_K;
    return cs_clip_may_be_coded(tensor->part) && !(too_wide && tensor->part == CS_CLIP_PATCHES);
}

/* Whether the blocks of a tower can be written in 8 bits; or CLIPSEARCH_E_UNSUPPORTED. */
static clipsearch_status check_inputs(const cs_tower_config *tower, clipsearch_error *err)
{
    const size_t inputs = tower->width > tower->mlp ? tower->width : tower->mlp;
    return inputs <= CS_QGEMM_MAX_K ? CLIPSEARCH_OK
                                    : cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                                              "a matrix with %zu inputs cannot be computed in 8 bits; the limit is %d",
                                              inputs, (int)CS_QGEMM_MAX_K);
}

/* One of three walks over the towers: each adds the tensors of one kind. */
typedef struct coded_walk {
    cs_convert_plan *plan;
    enum { WALK_CODES, WALK_FOUR_BYTES, WALK_MATRICES, WALKS } kind;
    size_t next_codes; /* in the second walk: the next tensor with codes */
} coded_walk;

static void add_if_of_kind(void *context, const cs_clip_tensor *tensor)
{
    coded_walk *walk = context;
    cs_convert_plan *plan = walk->plan;
    const bool coded = is_coded(plan, tensor);
    if (coded && plan->coding == CS_CLIP_PAIRED) {
        if (walk->kind == WALK_CODES)
            add_pairs(plan, tensor);
    } else if (coded && walk->kind == WALK_CODES) {
        add_codes(plan, tensor);
    } else if (coded && walk->kind == WALK_FOUR_BYTES) {
        add_beside(plan, tensor, walk->next_codes, CS_CONVERT_SCALES);
        add_beside(plan, tensor, walk->next_codes++, CS_CONVERT_SUMS);
    } else if (!coded && tensor->rank <= 1 && walk->kind == WALK_FOUR_BYTES) {
        add(plan, tensor);
        plan->tensors[plan->count - 1].dtype = CS_F32;
    } else if (!coded && tensor->rank > 1 && walk->kind == WALK_MATRICES) {
        add(plan, tensor);
    }
}

static clipsearch_status walk_towers(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                     unsigned towers, cs_clip_each *each, void *context, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (towers & CLIPSEARCH_IMAGE_TOWER)
        status = cs_clip_walk_vision(weights, naming, config, each, context, err);
    if (status == CLIPSEARCH_OK && towers & CLIPSEARCH_TEXT_TOWER)
        status = cs_clip_walk_text(weights, naming, config, each, context, err);
    return status;
}

clipsearch_status cs_convert_plan_clip(cs_convert_plan *plan, const cs_weights *weights, cs_clip_naming naming,
                                       const cs_clip_config *config, unsigned towers, clipsearch_error *err)
{
    clipsearch_status status = cs_convert_plan_open(plan, 1 + 3 * cs_clip_count_tensors(config), err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (plan->coding == CS_CLIP_FLOATS) {
        add_logit_scale(plan, weights);
        return walk_towers(weights, naming, config, towers, add, plan, err);
    }
    if (plan->coding == CS_CLIP_CODED && towers & CLIPSEARCH_IMAGE_TOWER)
        status = check_inputs(&config->vision, err);
    if (status == CLIPSEARCH_OK && plan->coding == CS_CLIP_CODED && towers & CLIPSEARCH_TEXT_TOWER)
        status = check_inputs(&config->text, err);
    for (int kind = WALK_CODES; kind < WALKS && status == CLIPSEARCH_OK; kind++) {
        coded_walk walk = {.plan = plan, .kind = kind};
        if (kind == WALK_FOUR_BYTES)
            add_logit_scale(plan, weights);
        status = walk_towers(weights, naming, config, towers, add_if_of_kind, &walk, err);
    }
    return status;
}
