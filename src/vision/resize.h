/* SPDX-License-Identifier: MIT
 * resize.h - Pillow's resampling of 8-bit RGB pictures, byte for byte. */
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
} cs_resizer;

/* The whole of `in` resampled to width x height into `out`: separable, 8 bits between the two passes, the width
 * first, or the height first where Pillow 13 does so. Allocates, besides `out`, a few megabytes at most for usual
 * sizes. `in` and `out` must not share memory. Source: Pillow's Resample.c (ImagingResample); nearest: Geometry.c
 * (ImagingScaleAffine). Errors: CLIPSEARCH_E_ARGUMENT (no pixels in or out), _LIMIT, _MEMORY. */
clipsearch_status cs_resize(cs_resizer *resizer, const clipsearch_image *in, uint32_t width, uint32_t height,
                            cs_resample filter, cs_image *out, clipsearch_error *err);

/* As cs_resize to width x height, but only the crop_width x crop_height pixels at (left, top) of that result are
 * computed: the same bytes as resizing whole and cropping. The whole is never made, so its sides may be longer than
 * those of any picture. CLIPSEARCH_E_ARGUMENT also when the crop is not inside. */
clipsearch_status cs_resize_crop(cs_resizer *resizer, const clipsearch_image *in, uint64_t width, uint64_t height,
                                 cs_resample filter, uint64_t left, uint64_t top, uint32_t crop_width,
                                 uint32_t crop_height, cs_image *out, clipsearch_error *err);
void cs_resizer_free(cs_resizer *resizer);

#endif
