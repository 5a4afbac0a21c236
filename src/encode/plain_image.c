/* SPDX-License-Identifier: MIT
 * plain_image.c - clipsearch_image as library users have it. */
#include "encode/plain_image.h"

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

void cs_plain_image_free(clipsearch_image *image)
{
    cs_image whole = {.view = *image};
    cs_image_free(&whole);
    *image = (clipsearch_image){0};
}
