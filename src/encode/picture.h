/* SPDX-License-Identifier: MIT
 * picture.h - from a picture file to an image tower's input, with everything one thread keeps between two files. */
#ifndef CS_ENCODE_PICTURE_H
#define CS_ENCODE_PICTURE_H

#include "base/file.h"
#include "vision/preprocess.h"

/* One thread's. Its buffers grow to the largest file and picture met so far. */
typedef struct cs_picture_reader {
    clipsearch_image_options options;
    cs_buf file;
    cs_image image;
    cs_preprocessor preprocessor;
} cs_picture_reader;

cs_picture_reader cs_picture_reader_make(const clipsearch_image_options *options);
void cs_picture_reader_free(cs_picture_reader *reader);

/* Read the bytes of `path` into reader->file. `info` may be NULL. Errors: CLIPSEARCH_E_IO (a missing file too),
 * _LIMIT, _MEMORY. */
clipsearch_status cs_picture_read(cs_picture_reader *reader, const char *path, cs_file_info *info,
                                  clipsearch_error *err);

/* Decode what was read into reader->image and preprocess it into pixels [3, crop, crop]. `name` begins messages. */
clipsearch_status cs_picture_prepare(cs_picture_reader *reader, const char *name, const cs_preprocess_config *config,
                                     float *pixels, clipsearch_error *err);

/* As clipsearch_image_load, _decode, _resize and _free say; `options` is not NULL. */
clipsearch_status cs_picture_load(const char *path, const clipsearch_image_options *options, clipsearch_image *image,
                                  clipsearch_error *err);
clipsearch_status cs_picture_decode(const void *data, size_t size, const char *name,
                                    const clipsearch_image_options *options, clipsearch_image *image,
                                    clipsearch_error *err);
clipsearch_status cs_picture_resize(const clipsearch_image *image, uint32_t width, uint32_t height,
                                    clipsearch_image *resized, clipsearch_error *err);
void cs_picture_free(clipsearch_image *image);

#endif
