/* SPDX-License-Identifier: MIT
 * image_config.h - image classifiers whose features are the vectors: which network, and pre- and postprocessing. */
#ifndef CS_MODEL_IMAGE_CONFIG_H
#define CS_MODEL_IMAGE_CONFIG_H

#include "model/preprocess_config.h"
#include "model/weights.h"

typedef enum cs_image_family {
    CS_FAMILY_RESNET,
    CS_FAMILY_VGG,
    CS_FAMILY_MOBILENET_V2,
    CS_FAMILY_EFFICIENTNET_LITE
} cs_image_family;

/* Whose names the tensors have. */
typedef enum cs_image_naming {
    CS_IMAGE_TORCH, /* torchvision's, timm's for ResNet and VGG, the published files' for EfficientNet-Lite */
    CS_IMAGE_TIMM,  /* its EfficientNets */
    CS_IMAGE_KERAS,
    CS_IMAGE_TRANSFORMERS /* ResNetForImageClassification, ResNetModel */
} cs_image_naming;

enum { CS_IMAGE_STAGES = 7, CS_VGG_STAGES = 5, CS_IMAGE_NAME = 40 };

/* Widths are not here: the tensors have them. */
typedef struct cs_image_config {
    char name[CS_IMAGE_NAME]; /* "resnet50", "vgg16-keras", "mobilenet-v2": for people, and part of the fingerprint */
    cs_image_family family;
    cs_image_naming naming;
    bool bottleneck;                /* ResNet: blocks of three convolutions, else of two */
    size_t blocks[CS_IMAGE_STAGES]; /* ResNet: blocks in each of 4 stages; VGG: convolutions in each of 5;
                                     * EfficientNet: blocks in each of 7 */
    size_t dim;                     /* channels that come out of the last stage */
    float batchnorm_eps;
    bool normalise; /* vectors are L2-normalised */
    clipsearch_metric metric;
    cs_preprocess_config preprocess; /* its crop is the image size */
} cs_image_config;

/* Whether the tensors' names are those of a network of this kind, whatever their shapes. */
bool cs_image_is_one(const cs_weights *weights);

/* Read network and sizes off the tensors' names and shapes, and take pre- and postprocessing from the recipe of that
 * network (docs/model.md). Errors: CLIPSEARCH_E_UNSUPPORTED (names a related network that is not read), _MODEL. */
clipsearch_status cs_image_recognise(const cs_weights *weights, cs_image_config *config, clipsearch_error *err);

/* The tensor of the convolution `layer` (from 1) of `block` (from 1) of a Keras VGG, of rank 4 (kernel) or 1 (bias):
 * the name's other parts vary with the version that wrote it. NULL: none. */
const cs_tensor *cs_image_keras_tensor(const cs_weights *weights, size_t block, size_t layer, int rank);

#endif
