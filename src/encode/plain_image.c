/* SPDX-License-Identifier: MIT
 * plain_image.c - clipsearch_image as library users have it. */
#include "encode/plain_image.h"

#include "base/fit_size.h"
#include "encode/image_reader.h"
#include "vision/resize.h"

/* Pass the block of a cs_image to the caller, who frees it with cs_plain_image_free; after an error free it. */
static clipsearch_status pass_block(clipsearch_status status, cs_image *from, clipsearch_image *to)
{
    *to = (clipsearch_image){0};
    if (status == CLIPSEARCH_OK)
        *to = from->view;
    else
        cs_image_free(from);
    return status;
}

clipsearch_status cs_plain_image_decode(const void *data, size_t size, const char *name,
                                        const clipsearch_image_options *options, clipsearch_image *image,
                                        clipsearch_error *err)
{
    cs_image decoded = {0};
    return pass_block(cs_image_decode(data, size, name, options, &decoded, err), &decoded, image);
}

clipsearch_status cs_plain_image_load(const char *path, const clipsearch_image_options *options,
                                      clipsearch_image *image, clipsearch_error *err)
{
    *image = (clipsearch_image){0};
    cs_image_reader reader = cs_image_reader_make(options);
    clipsearch_status status = cs_image_reader_read(&reader, path, NULL, err);
    if (status == CLIPSEARCH_OK)
        status =
            cs_plain_image_decode(reader.file.len ? reader.file.data : "", reader.file.len, path, options, image, err);
    cs_image_reader_free(&reader);
    return status;
}

clipsearch_status cs_plain_image_resize(const clipsearch_image *image, uint32_t width, uint32_t height,
                                        clipsearch_image *resized, clipsearch_error *err)
{
    cs_resizer resizer = {0};
    cs_image out = {0};
    clipsearch_status status = cs_resize(&resizer, image, width, height, CS_BICUBIC, &out, err);
    cs_resizer_free(&resizer);
    return pass_block(status, &out, resized);
}

/* A JPEG keeps a quarter more than is needed of its shorter side, so that the rest is resampled well. */
static uint32_t least_side(uint32_t side)
{
    return side + side / 4;
}

/* The size in the square by the proportions of the whole image, which may be turned and was perhaps decoded small. */
static void fit_whole(const cs_decoder *decoder, const clipsearch_image *decoded, uint32_t side, uint32_t *width,
                      uint32_t *height)
{
    const uint32_t w = decoder->full_width, h = decoder->full_height;
    const bool turned = (w > h && decoded->width < decoded->height) || (w < h && decoded->width > decoded->height);
    cs_fit_size(turned ? h : w, turned ? w : h, side, width, height);
}

clipsearch_status cs_plain_image_load_small(const char *path, uint32_t side, const clipsearch_image_options *options,
                                            clipsearch_image *image, clipsearch_error *err)
{
    *image = (clipsearch_image){0};
    cs_image_reader reader = cs_image_reader_make(options);
    cs_image decoded = {0};
    uint32_t width, height;
    reader.decoder.least_side = least_side(side);
    clipsearch_status status = cs_image_reader_read(&reader, path, NULL, err);
    if (status == CLIPSEARCH_OK)
        status = cs_decoder_decode(&reader.decoder, reader.file.len ? reader.file.data : "", reader.file.len, path,
                                   options, &decoded, err);
    if (status != CLIPSEARCH_OK || (decoded.view.width <= side && decoded.view.height <= side)) {
        status = pass_block(status, &decoded, image);
    } else {
        fit_whole(&reader.decoder, &decoded.view, side, &width, &height);
        status = cs_plain_image_resize(&decoded.view, width, height, image, err);
        cs_image_free(&decoded);
    }
    cs_image_reader_free(&reader);
    return status;
}

void cs_plain_image_free(clipsearch_image *image)
{
    cs_image whole = {.view = *image};
    cs_image_free(&whole);
    *image = (clipsearch_image){0};
}
