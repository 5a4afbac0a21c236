/* SPDX-License-Identifier: MIT
 * image.c - the memory of an image. */
#include "vision/image.h"

#include "base/mem.h"

clipsearch_status cs_image_reserve(cs_image *image, uint32_t width, uint32_t height, clipsearch_error *err)
{
    uint64_t pixels = (uint64_t)width * height; /* 32 x 32 bits: cannot overflow */
    bool fits = pixels <= SIZE_MAX / 3;
    if (!fits || image->capacity < pixels * 3 || !image->view.rgb) {
        /* the old pixels are not needed: freeing first keeps the peak at one block, and nothing is copied */
        cs_image_free(image);
        image->view.rgb = fits ? cs_alloc_aligned((size_t)pixels, 3) : NULL; /* [height, width, 3] */
        if (!image->view.rgb)
            return cs_fail(err, CLIPSEARCH_E_MEMORY, "out of memory for an image of %u x %u pixels", width, height);
        image->capacity = (size_t)pixels * 3;
    }
    image->view.width = width;
    image->view.height = height;
    return CLIPSEARCH_OK;
}

void cs_image_free(cs_image *image)
{
    if (!image)
        return;
    cs_free(image->view.rgb);
    *image = (cs_image){0};
}
