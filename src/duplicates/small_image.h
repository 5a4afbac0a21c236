/* SPDX-License-Identifier: MIT
 * small_image.h - an image averaged down to a few pixels, by which duplicates are recognised. */
#ifndef CS_DUPLICATES_SMALL_IMAGE_H
#define CS_DUPLICATES_SMALL_IMAGE_H

#include "encode/image_reader.h"

enum { CS_SMALL_SIDE = 48 };

/* Each pixel is the mean of the part of the image that it covers, whatever the image's shape is. */
typedef struct cs_small_image {
    uint8_t rgb[CS_SMALL_SIDE][CS_SMALL_SIDE][3];
    uint32_t width, height; /* of the image as it is displayed */
} cs_small_image;

/* Average `image`, which has pixels, down to `small`. */
void cs_small_image_make(const clipsearch_image *image, cs_small_image *small);

/* Read and decode `path`, turn it upright, and average it down. Errors: those of clipsearch_image_load. */
clipsearch_status cs_small_image_load(cs_image_reader *reader, const char *path, cs_small_image *small,
                                      clipsearch_error *err);

#endif
