/* SPDX-License-Identifier: MIT
 * plain_image.h - clipsearch_image as library users have it: loaded, decoded, resized and freed. */
#ifndef CS_ENCODE_PLAIN_IMAGE_H
#define CS_ENCODE_PLAIN_IMAGE_H

#include "vision/image.h"

/* As clipsearch_image_load, _decode, _resize, _load_small and _free say; `options` is not NULL. */
clipsearch_status cs_plain_image_load(const char *path, const clipsearch_image_options *options,
                                      clipsearch_image *image, clipsearch_error *err);
clipsearch_status cs_plain_image_decode(const void *data, size_t size, const char *name,
                                        const clipsearch_image_options *options, clipsearch_image *image,
                                        clipsearch_error *err);
clipsearch_status cs_plain_image_resize(const clipsearch_image *image, uint32_t width, uint32_t height,
                                        clipsearch_image *resized, clipsearch_error *err);
clipsearch_status cs_plain_image_load_small(const char *path, uint32_t side, const clipsearch_image_options *options,
                                            clipsearch_image *image, clipsearch_error *err);
void cs_plain_image_free(clipsearch_image *image);

#endif
