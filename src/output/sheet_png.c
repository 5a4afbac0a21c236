/* SPDX-License-Identifier: MIT
 * sheet_png.c - the one file of the program that includes libpng. */
#include "base/mem.h"
#include "output/sheet_file.h"

#include <png.h>
#include <string.h>

clipsearch_status cs_png_encode(const cs_canvas *canvas, uint8_t **bytes, size_t *size, clipsearch_error *err)
{
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = canvas->width;
    image.height = canvas->height;
    image.format = PNG_FORMAT_RGB;
    png_alloc_size_t room = PNG_IMAGE_PNG_SIZE_MAX(image);
    *bytes = cs_alloc_array(room, 1);
    if (!*bytes)
        return cs_fail_memory(err, "a contact sheet");
    clipsearch_status status = CLIPSEARCH_OK;
    if (png_image_write_to_memory(&image, *bytes, &room, 0, canvas->rgb, 0, NULL)) {
        *size = room;
    } else {
        status = cs_fail(err, CLIPSEARCH_E_IO, "cannot encode the PNG of a contact sheet: %s", image.message);
        cs_free(*bytes);
        *bytes = NULL;
    }
    png_image_free(&image);
    return status;
}
