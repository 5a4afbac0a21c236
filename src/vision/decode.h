/* SPDX-License-Identifier: MIT
 * decode.h - the decoders of single formats; only for files in src/vision. */
#ifndef CS_VISION_DECODE_H
#define CS_VISION_DECODE_H

#include "vision/image.h"

/* The bytes of one file, and the caller's limit. */
typedef struct cs_image_source {
    const uint8_t *data; /* [size] */
    size_t size;
    const char *name; /* begins messages */
    uint64_t max_pixels;
} cs_image_source;

/* CLIPSEARCH_OK when a header's width x height is an image within source->max_pixels; _FORMAT or _LIMIT. */
clipsearch_status cs_decode_check_size(const cs_image_source *source, uint64_t width, uint64_t height,
                                       clipsearch_error *err);

/* Decode the whole file into RGB as it is stored; *orientation receives EXIF's 1..8 and stays as it is when the file
 * says nothing. Each decoder is in a file of its own, the only one that includes its library's header. */
clipsearch_status cs_decode_jpeg(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                 unsigned *orientation, clipsearch_error *err);
clipsearch_status cs_decode_png(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                unsigned *orientation, clipsearch_error *err);
clipsearch_status cs_decode_gif(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                unsigned *orientation, clipsearch_error *err);
clipsearch_status cs_decode_bmp(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                unsigned *orientation, clipsearch_error *err);
clipsearch_status cs_decode_pnm(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                unsigned *orientation, clipsearch_error *err);

/* All formats that libvips reads for us. CLIPSEARCH_E_UNSUPPORTED where it is not installed. */
clipsearch_status cs_decode_vips(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                 unsigned *orientation, clipsearch_error *err);

bool cs_vips_reads(cs_image_format format);

#endif
