/* SPDX-License-Identifier: MIT
 * picture.c - reading picture files. */
#include "encode/picture.h"

#include "base/mem.h"

cs_picture_reader cs_picture_reader_make(const clipsearch_image_options *options)
{
    /* a buffer's limit leaves room for its NUL */
    uint64_t max = options->max_bytes < SIZE_MAX / 2 ? options->max_bytes : SIZE_MAX / 2;
    return (cs_picture_reader){.options = *options, .file = cs_buf_make((size_t)max)};
}

void cs_picture_reader_free(cs_picture_reader *reader)
{
    cs_buf_free(&reader->file);
    cs_image_free(&reader->image);
    cs_preprocessor_free(&reader->preprocessor);
}

clipsearch_status cs_picture_read(cs_picture_reader *reader, const char *path, cs_file_info *info,
                                  clipsearch_error *err)
{
    clipsearch_status status = cs_file_read(path, &reader->file, info, err);
    if (status == CLIPSEARCH_E_NOT_FOUND) {
        status = CLIPSEARCH_E_IO; /* NOT_FOUND is for models, collections and items */
        if (err)
            err->code = status;
    }
    return status;
}

clipsearch_status cs_picture_prepare(cs_picture_reader *reader, const char *name, const cs_preprocess_config *config,
                                     float *pixels, clipsearch_error *err)
{
    const char *data = reader->file.len ? reader->file.data : "";
    clipsearch_status status = cs_image_decode(data, reader->file.len, name, &reader->options, &reader->image, err);
    if (status == CLIPSEARCH_OK)
        status = cs_preprocess(&reader->preprocessor, config, &reader->image.view, pixels, err);
    return status;
}

/* The block of a cs_image becomes the caller's; cs_picture_free gives it back. */
static clipsearch_status hand_over(clipsearch_status status, cs_image *from, clipsearch_image *to)
{
    *to = (clipsearch_image){0};
    if (status == CLIPSEARCH_OK)
        *to = from->view;
    else
        cs_image_free(from);
    return status;
}

clipsearch_status cs_picture_decode(const void *data, size_t size, const char *name,
                                    const clipsearch_image_options *options, clipsearch_image *image,
                                    clipsearch_error *err)
{
    cs_image decoded = {0};
    return hand_over(cs_image_decode(data, size, name, options, &decoded, err), &decoded, image);
}

clipsearch_status cs_picture_load(const char *path, const clipsearch_image_options *options, clipsearch_image *image,
                                  clipsearch_error *err)
{
    *image = (clipsearch_image){0};
    cs_picture_reader reader = cs_picture_reader_make(options);
    clipsearch_status status = cs_picture_read(&reader, path, NULL, err);
    if (status == CLIPSEARCH_OK)
        status = cs_picture_decode(reader.file.len ? reader.file.data : "", reader.file.len, path, options, image, err);
    cs_picture_reader_free(&reader);
    return status;
}

clipsearch_status cs_picture_resize(const clipsearch_image *image, uint32_t width, uint32_t height,
                                    clipsearch_image *resized, clipsearch_error *err)
{
    cs_resizer resizer = {0};
    cs_image out = {0};
    clipsearch_status status = cs_resize(&resizer, image, width, height, CS_BICUBIC, &out, err);
    cs_resizer_free(&resizer);
    return hand_over(status, &out, resized);
}

void cs_picture_free(clipsearch_image *image)
{
    cs_image whole = {.view = *image};
    cs_image_free(&whole);
    *image = (clipsearch_image){0};
}
