/* SPDX-License-Identifier: MIT
 * preprocess_config.h - what is done to an image before an image tower sees it, whichever kind of tower it is. */
#ifndef CS_MODEL_PREPROCESS_CONFIG_H
#define CS_MODEL_PREPROCESS_CONFIG_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { CS_MAX_IMAGE = 2048 }; /* the longest side a configuration may ask for */

typedef enum cs_resample { CS_NEAREST, CS_BILINEAR, CS_BICUBIC } cs_resample;

/* Resize, crop, scale, normalise. */
typedef struct cs_preprocess_config {
    cs_resample resample;
    size_t resize;         /* short side after resizing, long side in proportion (truncated) */
    size_t crop;           /* centre crop, square */
    float mean[3], std[3]; /* of the channels in the tower's order, after division by 255 unless `unscaled` */
    bool squash;           /* both sides become `crop`, whatever the proportions; `resize` is the same number */
    bool bgr;              /* the tower's channels are blue, green, red */
    bool unscaled;         /* values stay 0 to 255 */
} cs_preprocess_config;

/* CLIP's own for images of `size` pixels. */
cs_preprocess_config cs_clip_preprocess(size_t size);

/* The limits: sides from 1 to CS_MAX_IMAGE, the crop inside the resized image, deviations above 0. `file` names where
 * the configuration came from. CLIPSEARCH_E_UNSUPPORTED, _MODEL. */
clipsearch_status cs_preprocess_check(const cs_preprocess_config *config, const char *file, clipsearch_error *err);

#endif
