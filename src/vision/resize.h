/* SPDX-License-Identifier: MIT
 * resize.h - Pillow's resampling of 8-bit RGB images, byte for byte. */
#ifndef CS_VISION_RESIZE_H
#define CS_VISION_RESIZE_H

#include "model/preprocess_config.h"
#include "vision/image.h"

/* A side may shrink by this factor at most (CLIPSEARCH_E_LIMIT beyond): with more, the fixed-point coefficients
 * round to nothing and the sums could overflow. */
enum { CS_RESIZE_MAX_SHRINK = 1 << 18 };

/* Memory that resizing keeps between calls. Zero-initialise; free with cs_resizer_free. */
typedef struct cs_resizer {
    void *block;
    size_t capacity;
    cs_image stored; /* a result before its sides are swapped */
} cs_resizer;

/* What to make of an image. All numbers are of the image as it is displayed: turned by `orientation`. */
typedef struct cs_resize_target {
    uint64_t width,
        height;         /* of the whole result, which is never made: longer sides than those of any image are fine */
    uint64_t left, top; /* the part of it that is computed */
    uint32_t crop_width, crop_height;
    cs_resample filter;
    unsigned orientation; /* how the input is stored: EXIF's 1 to 8; 0: as it is displayed, like 1 */
} cs_resize_target;

/* The whole of `in` resampled to width x height into `out`: separable, 8 bits between the two passes, the width
 * first, or the height first where Pillow 13 does so. Allocates, besides `out`, a few megabytes at most for usual
 * sizes. `in` and `out` must not share memory. Source: Pillow's Resample.c (ImagingResample); nearest: Geometry.c
 * (ImagingScaleAffine). Errors: CLIPSEARCH_E_ARGUMENT (no pixels in or out), _LIMIT, _MEMORY. */
clipsearch_status cs_resize(cs_resizer *resizer, const clipsearch_image *in, uint32_t width, uint32_t height,
                            cs_resample filter, cs_image *out, clipsearch_error *err);

/* Into `out` [crop_height, crop_width, 3], displayed upright: the same bytes as turning `in` upright, cs_resize to the
 * whole width x height, and cropping. CLIPSEARCH_E_ARGUMENT also when the crop is not inside. */
clipsearch_status cs_resize_crop(cs_resizer *resizer, const clipsearch_image *in, const cs_resize_target *target,
                                 cs_image *out, clipsearch_error *err);
void cs_resizer_free(cs_resizer *resizer);

#endif
