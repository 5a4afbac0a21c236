/* SPDX-License-Identifier: MIT
 * classifier.h - an image classifier without its last layer: convolutions, then one number per channel. */
#ifndef CS_VISION_CLASSIFIER_H
#define CS_VISION_CLASSIFIER_H

#include "model/image_config.h"
#include "nn/linear.h"
#include "vision/convnet.h"

typedef struct cs_classifier cs_classifier;

/* Bind the network that `config` names, in floats or in 8 bits. The weights are copied: they need not stay open. Errors
 * as cs_image_tower_open. */
clipsearch_status cs_classifier_open(const cs_weights *weights, const cs_image_config *config, cs_weight_form form,
                                     cs_pool *pool, cs_classifier **classifier, clipsearch_error *err);
void cs_classifier_close(cs_classifier **classifier);
size_t cs_classifier_packed_bytes(const cs_classifier *classifier);
size_t cs_classifier_scratch(const cs_classifier *classifier, size_t max_images, unsigned threads);

/* As cs_image_tower_forward, but never normalised. Stages: "stem", "block" (ResNet's stages, VGG's, MobileNet's and
 * EfficientNet's blocks), "project" (the vectors). */
void cs_classifier_forward(const cs_classifier *classifier, const float *pixels, size_t count, void *scratch,
                           cs_pool *pool, const cs_probe *probe, float *vectors);

/* The steps of each family; `config` says how many blocks there are. */
void cs_resnet_build(cs_net_builder *builder, const cs_image_config *config);
void cs_vgg_build(cs_net_builder *builder, const cs_image_config *config);
void cs_mobilenet_build(cs_net_builder *builder);
void cs_efficientnet_build(cs_net_builder *builder, const cs_image_config *config);

#endif
