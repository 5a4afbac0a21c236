/* SPDX-License-Identifier: MIT
 * image_reader.h - from an image file to a tower's input, with everything that one thread keeps between files. */
#ifndef CS_ENCODE_IMAGE_READER_H
#define CS_ENCODE_IMAGE_READER_H

#include "base/file.h"
#include "vision/preprocess.h"

/* Serves one thread. Its buffers grow to the largest file and image so far. */
typedef struct cs_image_reader {
    clipsearch_image_options options;
    cs_buf file;
    cs_decoder decoder;
    cs_image image;         /* as it is stored, not turned by EXIF */
    uint32_t width, height; /* of the image as it is displayed */
    cs_preprocessor preprocessor;
} cs_image_reader;

cs_image_reader cs_image_reader_make(const clipsearch_image_options *options);
void cs_image_reader_free(cs_image_reader *reader);

/* Whether images of `format` can be decoded in this build and on this machine. May load a library. */
bool cs_image_reader_reads(cs_image_format format);

/* Read the bytes of `path` into reader->file. `info` may be NULL. Errors: CLIPSEARCH_E_IO (a missing file too),
 * _LIMIT, _MEMORY. */
clipsearch_status cs_image_reader_read(cs_image_reader *reader, const char *path, cs_file_info *info,
                                       clipsearch_error *err);

/* Decode what was read, set reader->width and height, and preprocess the image into pixels [3, crop, crop]. `name`
 * begins messages. Errors: those of cs_decoder_decode_stored and cs_preprocess. */
clipsearch_status cs_image_reader_prepare(cs_image_reader *reader, const char *name, const cs_preprocess_config *config,
                                          float *pixels, clipsearch_error *err);

#endif
