/* SPDX-License-Identifier: MIT
 * convert_plan.h - which tensors a converted model has, in which order, and where their numbers come from. */
#ifndef CS_CONVERT_CONVERT_PLAN_H
#define CS_CONVERT_CONVERT_PLAN_H

#include "model/clip_tensors.h"
#include "model/safetensors_write.h"

/* What of a matrix a tensor holds: its numbers, or one of the three things that it becomes in 8 bits. */
typedef enum cs_convert_part {
    CS_CONVERT_FLOATS,
    CS_CONVERT_CODES,
    CS_CONVERT_SCALES,
    CS_CONVERT_SUMS
} cs_convert_part;

/* Where a tensor's numbers are. */
typedef struct cs_convert_source {
    char name[CS_CLIP_NAME + 8]; /* "" when the plan's name is the source file's own */
    cs_matrix matrix;
    cs_convert_part part;
    size_t codes;  /* SCALES, SUMS: the tensor with the codes, which is written before */
    void *numbers; /* CODES: scales [rows], and behind them sums [rows], once the codes are written; owned */
} cs_convert_source;

/* Parallel lists. Zero is a valid empty plan. */
typedef struct cs_convert_plan {
    cs_dtype dtype;          /* of tensors that are not kept in f32 */
    bool coded;              /* the matrices of blocks in 8 bits */
    cs_tensor_plan *tensors; /* [count], in the order of the new file */
    cs_convert_source *from; /* [count] */
    size_t count, room;
} cs_convert_plan;

/* A plan with room for `room` tensors. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_convert_plan_open(cs_convert_plan *plan, size_t room, clipsearch_error *err);
void cs_convert_plan_free(cs_convert_plan *plan);

/* A CLIP with a vision transformer: the towers' tensors as transformers names them, the logit scale (f32) first,
 * then in the order the towers read them. With plan->coded: the codes first, then numbers of 4 bytes (what goes with
 * the codes, and every tensor of one dimension), then the other matrices. CLIPSEARCH_E_MODEL, _MEMORY. */
clipsearch_status cs_convert_plan_clip(cs_convert_plan *plan, const cs_weights *weights, cs_clip_naming naming,
                                       const cs_clip_config *config, unsigned towers, clipsearch_error *err);

/* The float tensors for which `wanted` is true, and matrices of 8 bits with scales, which become floats, under the
 * names they have. Those for which `keep` is true (NULL: none) stay f32 and come first; each group is sorted by name,
 * with the digits in names compared as numbers.
 * CLIPSEARCH_E_MODEL, _MEMORY. */
clipsearch_status cs_convert_plan_stored(cs_convert_plan *plan, const cs_weights *weights,
                                         bool (*wanted)(void *context, const cs_tensor *tensor),
                                         bool (*keep)(const cs_tensor *tensor), void *context, clipsearch_error *err);

#endif
