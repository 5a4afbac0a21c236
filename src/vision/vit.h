/* SPDX-License-Identifier: MIT
 * vit.h - CLIP's image tower, a vision transformer. */
#ifndef CS_VISION_VIT_H
#define CS_VISION_VIT_H

#include "base/pool.h"
#include "model/clip_tensors.h"
#include "nn/linear.h"
#include "nn/probe.h"

typedef struct cs_vit cs_vit;

/* Bind the image tower's tensors in `weights`, which must stay open. Work that `form` asks for is
 * spread over `pool`. */
clipsearch_status cs_vit_open(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                              cs_weight_form form, cs_pool *pool, cs_vit **vit, clipsearch_error *err);
void cs_vit_close(cs_vit **vit);

/* Bytes of 64-byte-aligned scratch that cs_vit_forward needs for up to `max_images` and `threads` (0 on overflow). They
 * do not grow beyond the number of images that it computes together. */
size_t cs_vit_scratch(const cs_vit *vit, size_t max_images, unsigned threads);

/* What its blocks compute in (cs_transformer_form). */
cs_weight_form cs_vit_form(const cs_vit *vit);

/* Bytes that packing takes for this tower's matrices. */
size_t cs_vit_packed_bytes(const cs_vit *vit);

/* pixels [count, 3, S, S] normalised -> vectors [count, dim], L2-normalised. Allocates nothing; immutable `vit`, so any
 * number of threads may call it, each with its own scratch and pool. An image's vector is the same bits whatever
 * else is in the batch. probe may be NULL. Source: OpenAI CLIP model.py VisionTransformer; differences: in the last
 * block only the class token's row goes through attention output and MLP. */
void cs_vit_forward(const cs_vit *vit, const float *pixels, size_t count, void *scratch, cs_pool *pool,
                    const cs_probe *probe, float *vectors);

#endif
