/* SPDX-License-Identifier: MIT
 * lite_clip.h - a CLIP image tower that is an EfficientNet-Lite with a head: the built-in model's. */
#ifndef CS_VISION_LITE_CLIP_H
#define CS_VISION_LITE_CLIP_H

#include "model/image_config.h"
#include "nn/probe.h"
#include "vision/lite_head.h"

typedef struct cs_lite_clip cs_lite_clip;

/* Bind the network that `image` describes, for images of config->image_size, and the head. The network is in floats or
 * in 8 bits, the head always in floats; its matrices are read in place: the weights must stay open. Errors as
 * cs_image_tower_open. */
clipsearch_status cs_lite_clip_open(const cs_weights *weights, const cs_clip_config *config,
                                    const cs_image_config *image, cs_weight_form form, cs_pool *pool,
                                    cs_lite_clip **tower, clipsearch_error *err);
void cs_lite_clip_close(cs_lite_clip **tower);
size_t cs_lite_clip_packed_bytes(const cs_lite_clip *tower);
size_t cs_lite_clip_scratch(const cs_lite_clip *tower, size_t max_images, unsigned threads);

/* As cs_image_tower_forward, but not normalised. Stages: "stem", "block", "final" (the network's), "known" (what the
 * first part of the head starts from), "seen" (the second), "project" (the vectors). */
void cs_lite_clip_forward(const cs_lite_clip *tower, const float *pixels, size_t count, void *scratch, cs_pool *pool,
                          const cs_probe *probe, float *vectors);

#endif
