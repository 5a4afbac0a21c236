/* SPDX-License-Identifier: MIT
 * thumbnail.c - an image file at a small size. */
#include "output/thumbnail.h"

#include "base/fit_size.h"

/* Resize `whole`, and free it; `status` is what became of reading it. */
static clipsearch_status shrink(clipsearch_status status, clipsearch_image *whole, uint32_t side,
                                clipsearch_image *image, const char **why, clipsearch_error *err)
{
    if (status == CLIPSEARCH_OK) {
        uint32_t width, height;
        cs_fit_size(whole->width, whole->height, side, &width, &height);
        status = clipsearch_image_resize(whole, width, height, image, NULL);
    }
    clipsearch_image_free(whole);
    *why = "";
    if (status == CLIPSEARCH_E_MEMORY)
        return cs_fail_memory(err, "a small image");
    if (status != CLIPSEARCH_OK)
        *why = status == CLIPSEARCH_E_IO || status == CLIPSEARCH_E_NOT_FOUND ? "missing" : "cannot be read";
    return CLIPSEARCH_OK;
}

clipsearch_status cs_thumbnail_load(const char *path, uint32_t side, clipsearch_image *image, const char **why,
                                    clipsearch_error *err)
{
    clipsearch_image whole = {0};
    *image = (clipsearch_image){0};
    const clipsearch_status status = clipsearch_image_load(path, NULL, &whole, NULL);
    return shrink(status, &whole, side, image, why, err);
}

clipsearch_status cs_thumbnail_decode(const void *bytes, size_t size, uint32_t side, clipsearch_image *image,
                                      const char **why, clipsearch_error *err)
{
    clipsearch_image whole = {0};
    *image = (clipsearch_image){0};
    const clipsearch_status status = clipsearch_image_decode(bytes, size, NULL, NULL, &whole, NULL);
    return shrink(status, &whole, side, image, why, err);
}
