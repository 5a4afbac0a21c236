/* SPDX-License-Identifier: MIT
 * sheet_png.c - the one file of the program that includes libpng. */
#include "output/sheet_png.h"

#include "base/replace.h"
#include "base/mem.h"

#include <png.h>
#include <string.h>

clipsearch_status cs_png_write(const char *path, const uint8_t *rgb, uint32_t width, uint32_t height,
                               clipsearch_error *err)
{
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = width;
    image.height = height;
    image.format = PNG_FORMAT_RGB;
    png_alloc_size_t room = PNG_IMAGE_PNG_SIZE_MAX(image), size = room;
    uint8_t *bytes = cs_alloc_array(room, 1);
    clipsearch_status status;
    if (!bytes)
        return cs_fail_memory(err, path);
    if (!png_image_write_to_memory(&image, bytes, &size, 0, rgb, 0, NULL))
        status = cs_fail(err, CLIPSEARCH_E_IO, "%s: cannot encode the PNG: %s", path, image.message);
    else
        status = cs_replace_file(path, bytes, size, err);
    png_image_free(&image);
    cs_free(bytes);
    return status;
}
