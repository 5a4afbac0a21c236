/* SPDX-License-Identifier: MIT
 * lite_head.h - from the maps of an EfficientNet-Lite to CLIP's shared space. Source: weights/train/towers.py. */
#ifndef CS_VISION_LITE_HEAD_H
#define CS_VISION_LITE_HEAD_H

#include "model/clip_config.h"
#include "model/weights.h"
#include "nn/linear.h"
#include "nn/workspace.h"

/* Two parts, whose vectors are added. One takes what the classifier knows to the shared space: the roots of its
 * classes' probabilities (class_roots.h) beside its mean features. The other is a network of two layers over the places
 * of the image, which sees the means of several stages' maps; their mean and maximum go to the shared space. */
typedef struct cs_lite_head {
    size_t places, channels, seen; /* of the image; of the last map; what is seen of each place */
    size_t classes, wide, hidden, dim;
    cs_linear fc;     /* [classes, channels]: the classifier */
    cs_linear known;  /* [dim, classes + channels] */
    cs_linear first;  /* [wide, seen] */
    cs_linear second; /* [hidden, wide] */
    cs_linear drawn;  /* [dim, 2 hidden] */
    float *mean;      /* [channels]: of the features of photographs */
    float *positions; /* [places, wide] */
} cs_lite_head;

/* Bind the head of a model of `places` places, `channels` of the last map and `seen` numbers of each place. `pack` is
 * of its matrices. Close in any case. Errors: CLIPSEARCH_E_MODEL (names the tensor, expected and found shape),
 * _MEMORY. */
clipsearch_status cs_lite_head_open(cs_lite_head *head, const cs_weights *weights, const cs_clip_config *config,
                                    size_t channels, size_t seen, bool pack, cs_pool *pool, clipsearch_error *err);
void cs_lite_head_close(cs_lite_head *head);
size_t cs_lite_head_packed_bytes(const cs_lite_head *head);

/* Buffers for N images. */
typedef struct cs_lite_scratch {
    float *logits; /* [N * places, classes] */
    float *known;  /* [N, classes + channels] */
    float *first;  /* [N * places, wide] */
    float *second; /* [N * places, hidden] */
    float *pooled; /* [N, 2 hidden] */
    float *gemm;
} cs_lite_scratch;

void cs_lite_head_carve(const cs_lite_head *head, cs_lite_scratch *scratch, size_t images, unsigned threads,
                        cs_workspace *workspace);

/* maps [count, places, channels] and seen [count, places, seen] -> vectors [count, dim], not normalised. */
void cs_lite_head_forward(const cs_lite_head *head, const float *maps, const float *seen, size_t count,
                          const cs_lite_scratch *scratch, cs_pool *pool, float *vectors);

#endif
