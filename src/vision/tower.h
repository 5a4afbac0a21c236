/* SPDX-License-Identifier: MIT
 * tower.h - an image tower of any kind: from pixels to vectors. */
#ifndef CS_VISION_TOWER_H
#define CS_VISION_TOWER_H

#include "base/pool.h"
#include "model/model_dir.h"
#include "nn/linear.h"
#include "nn/probe.h"

typedef struct cs_image_tower cs_image_tower;

/* Bind the image tower that `dir` describes to `weights`, which must stay open. `form` is that of the big matrices
 * (work spread over `pool`); convolutions are packed floats or, as CS_WEIGHTS_INT8, in 8 bits. Errors:
 * CLIPSEARCH_E_MODEL (names the tensor, expected and found shape), _UNSUPPORTED, _MEMORY. */
clipsearch_status cs_image_tower_open(const cs_model_dir *dir, const cs_weights *weights, cs_weight_form form,
                                      cs_pool *pool, cs_image_tower **tower, clipsearch_error *err);
void cs_image_tower_close(cs_image_tower **tower);

/* What a vision transformer's blocks or the convolutions are computed in: _INT8, _BF16, or another form for floats. */
cs_weight_form cs_image_tower_form(const cs_image_tower *tower);

/* Bytes of the weights in the kernels' layout: those of a vision transformer if they were packed, and convolutions'. */
size_t cs_image_tower_packed_bytes(const cs_image_tower *tower);

/* Bytes of 64-byte-aligned scratch that a forward pass needs for up to `max_images` and `threads` (0 on overflow). */
size_t cs_image_tower_scratch(const cs_image_tower *tower, size_t max_images, unsigned threads);

/* pixels [count, 3, S, S] as cs_preprocess makes them -> vectors [count, dim], L2-normalised where the model's are.
 * Allocates nothing; the tower is immutable, so any number of threads may call it, each with its own scratch and pool.
 * An image's vector is the same bits whatever else is in the batch and however many threads there are. probe may be
 * NULL; with one, all threads compute each layer together; of convolutional towers it sees a few images at a time. */
void cs_image_tower_forward(const cs_image_tower *tower, const float *pixels, size_t count, void *scratch,
                            cs_pool *pool, const cs_probe *probe, float *vectors);

#endif
