/* SPDX-License-Identifier: MIT
 * image.h - a decoded picture, and decoding by content. */
#ifndef CS_VISION_IMAGE_H
#define CS_VISION_IMAGE_H

#include "base/error.h"

/* clipsearch_image with the bytes its block really has, so that one can be used for many pictures in turn. */
typedef struct cs_image {
    clipsearch_image view; /* rgb is the start of the block */
    size_t capacity;       /* bytes */
} cs_image;

/* The limits of options == NULL, and of clipsearch_image_options_init: clipsearch.h says them. */
#define CS_IMAGE_MAX_BYTES (UINT64_C(256) << 20)
#define CS_IMAGE_MAX_PIXELS UINT64_C(256000000)

/* What one thread keeps between pictures to decode: a second picture, for rotations and CMYK, because fresh big blocks
 * cost page faults. Nothing of one picture can show in another. Zero-initialise; free with cs_decoder_free. */
typedef struct cs_decoder {
    cs_image spare;
} cs_decoder;

/* Make room for width x height and set the view; the pixels' values are undefined. Keeps the block when it is large
 * enough. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_image_reserve(cs_image *image, uint32_t width, uint32_t height, clipsearch_error *err);
void cs_image_free(cs_image *image);

/* Decode JPEG or PNG bytes, recognised by their magic, into RGB, the EXIF orientation applied unless
 * options->ignore_exif. `name` begins messages. Limits (options->max_bytes, max_pixels) are checked against the header
 * before pixels are allocated. See clipsearch_image_decode for the errors. `image` may be reused from call to call. */
clipsearch_status cs_image_decode(const void *data, size_t size, const char *name,
                                  const clipsearch_image_options *options, cs_image *image, clipsearch_error *err);

/* The same with memory kept from picture to picture. A decoder, and an image, serve one thread at a time. */
clipsearch_status cs_decoder_decode(cs_decoder *decoder, const void *data, size_t size, const char *name,
                                    const clipsearch_image_options *options, cs_image *image, clipsearch_error *err);
void cs_decoder_free(cs_decoder *decoder);

#endif
