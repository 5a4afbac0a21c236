/* SPDX-License-Identifier: MIT
 * image.h - a decoded image, and decoding by content. */
#ifndef CS_VISION_IMAGE_H
#define CS_VISION_IMAGE_H

#include "base/content_kind.h"
#include "base/error.h"

/* clipsearch_image with the size of its block of memory, so that one block serves many images in turn. */
typedef struct cs_image {
    clipsearch_image view; /* rgb is the start of the block */
    size_t capacity;       /* bytes */
} cs_image;

/* The limits of options == NULL, and of clipsearch_image_options_init: clipsearch.h says them. */
#define CS_IMAGE_MAX_BYTES (UINT64_C(256) << 20)
#define CS_IMAGE_MAX_PIXELS UINT64_C(256000000)

/* What one thread keeps between images to decode: a second image, for turning and CMYK, because large fresh blocks
 * cost page faults. Nothing of one image can show in another. Zero-initialise; free with cs_decoder_free. */
typedef struct cs_decoder {
    cs_image spare;
    uint32_t least_side; /* for who needs few pixels: a JPEG may be decoded to a half, quarter or eighth of its
                                     sides, by the mean of pixels, as long as both keep so many; 0: never */
    uint32_t full_width, full_height; /* of the last image as it is stored, before that */
} cs_decoder;

/* Make room for width x height pixels, whose values are undefined, and set the view. Keeps the block when it is large
 * enough. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_image_reserve(cs_image *image, uint32_t width, uint32_t height, clipsearch_error *err);
void cs_image_free(cs_image *image);

/* Whether cs_image_decode reads images of `format` in this build and on this machine. Asked for a format that needs
 * libvips, it loads that. */
bool cs_image_is_readable(cs_image_format format);

/* Decode the bytes of an image, recognised by the first of them, into RGB, the EXIF orientation applied unless
 * options->ignore_exif. `name` begins messages. Limits (options->max_bytes, max_pixels) are checked against the header
 * before pixels are allocated. See clipsearch_image_decode for the errors. `image` may be reused from call to call. */
clipsearch_status cs_image_decode(const void *data, size_t size, const char *name,
                                  const clipsearch_image_options *options, cs_image *image, clipsearch_error *err);

/* The same with memory kept from image to image. A decoder, and an image, serve one thread at a time. */
clipsearch_status cs_decoder_decode(cs_decoder *decoder, const void *data, size_t size, const char *name,
                                    const clipsearch_image_options *options, cs_image *image, clipsearch_error *err);

/* The same without turning: the pixels as they are stored. *orientation receives how (EXIF's 1 to 8; 1 with
 * options->ignore_exif), which cs_preprocess takes. */
clipsearch_status cs_decoder_decode_stored(cs_decoder *decoder, const void *data, size_t size, const char *name,
                                           const clipsearch_image_options *options, cs_image *image,
                                           unsigned *orientation, clipsearch_error *err);
void cs_decoder_free(cs_decoder *decoder);

#endif
