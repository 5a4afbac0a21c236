/* SPDX-License-Identifier: MIT
 * clip_resnet.h - the image tower of CLIP's RN50, RN101 and their wider relatives. */
#ifndef CS_VISION_CLIP_RESNET_H
#define CS_VISION_CLIP_RESNET_H

#include "base/pool.h"
#include "model/clip_tensors.h"
#include "nn/linear.h"
#include "nn/probe.h"

typedef struct cs_clip_resnet cs_clip_resnet;

/* As cs_vit_open; the naming is OpenAI's. `form` is that of the
 * convolutions; the attention pooling is in floats, packed unless CS_WEIGHTS_MAPPED. Source: OpenAI CLIP model.py,
 * ModifiedResNet: three convolutions and a mean in front, a mean where ResNet has a stride, BatchNorm folded; and
 * AttentionPool2d, whose query is the mean over all positions. */
clipsearch_status cs_clip_resnet_open(const cs_weights *weights, const cs_clip_config *config, cs_weight_form form,
                                      cs_pool *pool, cs_clip_resnet **resnet, clipsearch_error *err);
void cs_clip_resnet_close(cs_clip_resnet **resnet);
size_t cs_clip_resnet_packed_bytes(const cs_clip_resnet *resnet);
size_t cs_clip_resnet_scratch(const cs_clip_resnet *resnet, size_t max_images, unsigned threads);

/* As cs_image_tower_forward, but not normalised. Stages: "stem", "block" (the four stages), "project" (the vectors). */
void cs_clip_resnet_forward(const cs_clip_resnet *resnet, const float *pixels, size_t count, void *scratch,
                            cs_pool *pool, const cs_probe *probe, float *vectors);

#endif
