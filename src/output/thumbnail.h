/* SPDX-License-Identifier: MIT
 * thumbnail.h - an image file at a small size. */
#ifndef CS_OUTPUT_THUMBNAIL_H
#define CS_OUTPUT_THUMBNAIL_H

#include "base/error.h"

/* Read the image at `path` and resize it to fit a square of `side` pixels. When that cannot be done, *image is empty
 * and *why (never NULL) says so in a few words. Free with clipsearch_image_free. Errors: CLIPSEARCH_E_MEMORY only. */
clipsearch_status cs_thumbnail_load(const char *path, uint32_t side, clipsearch_image *image, const char **why,
                                    clipsearch_error *err);

/* The same of the image file whose content is `bytes` [size]. */
clipsearch_status cs_thumbnail_decode(const void *bytes, size_t size, uint32_t side, clipsearch_image *image,
                                      const char **why, clipsearch_error *err);

#endif
