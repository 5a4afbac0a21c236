/* SPDX-License-Identifier: MIT
 * resize.h - Pillow's resampling of 8-bit RGB pictures, byte for byte. */
#ifndef CS_VISION_RESIZE_H
#define CS_VISION_RESIZE_H

#include "model/clip_config.h"
#include "vision/image.h"

/* Memory that resizing keeps between calls. Zero-initialise; free with cs_resizer_free. */
typedef struct cs_resizer {
    void *block;
    size_t capacity;
} cs_resizer;

/* The whole of `in` resampled to width x height into `out`. Horizontal pass first, only the rows the vertical pass will
 * read, then vertical, 8 bits in between. Source: Pillow's Resample.c (ImagingResample). */
clipsearch_status cs_resize(cs_resizer *resizer, const clipsearch_image *in, uint32_t width, uint32_t height,
                            cs_resample filter, cs_image *out, clipsearch_error *err);

/* As cs_resize to width x height, but only the crop_width x crop_height pixels at (left, top) of that result are
 * computed: the same bytes as resizing whole and cropping. */
clipsearch_status cs_resize_crop(cs_resizer *resizer, const clipsearch_image *in, uint32_t width, uint32_t height,
                                 cs_resample filter, uint32_t left, uint32_t top, uint32_t crop_width,
                                 uint32_t crop_height, cs_image *out, clipsearch_error *err);
void cs_resizer_free(cs_resizer *resizer);

#endif
