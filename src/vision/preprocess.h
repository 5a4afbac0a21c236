/* SPDX-License-Identifier: MIT
 * preprocess.h - from an image to the image tower's input. */
#ifndef CS_VISION_PREPROCESS_H
#define CS_VISION_PREPROCESS_H

#include "model/preprocess_config.h"
#include "vision/resize.h"

/* What one thread keeps between images. Zero-initialise; free with cs_preprocessor_free. */
typedef struct cs_preprocessor {
    cs_resizer resizer;
    cs_image cropped;
} cs_preprocessor;

/* `image`, stored with EXIF's `orientation` (1: upright), -> pixels [3, crop, crop] of the upright image: resize the
 * short side to config->resize (the long side in proportion, truncated), centre crop (offset rounded half to even;
 * images whose resized long side is below the crop are padded with black, as by torchvision's center_crop), / 255,
 * - mean, / std. Images of any shape: extreme ratios allocate no more than the crop needs. With config->squash both
 * sides become the crop; bgr and unscaled as the configuration says. The result has the same bits as with the image
 * turned upright first. Sources: torchvision transforms.functional resize/center_crop, Pillow Resample.c, Keras
 * load_img. Errors: CLIPSEARCH_E_ARGUMENT, _MEMORY, _LIMIT. */
clipsearch_status cs_preprocess(cs_preprocessor *pre, const cs_preprocess_config *config, const clipsearch_image *image,
                                unsigned orientation, float *pixels, clipsearch_error *err);
void cs_preprocessor_free(cs_preprocessor *pre);

/* The line that names a preprocessing in a collection, e.g. "resize 224 bicubic, crop 224, mean 0.48145466 ..., std
 * ...", "squash 224 nearest, bgr, unscaled, mean 103.939 ..., std 1 1 1". */
clipsearch_status cs_preprocess_describe(const cs_preprocess_config *config, char text[256]);

#endif
