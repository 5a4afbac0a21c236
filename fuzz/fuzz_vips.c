/* SPDX-License-Identifier: MIT
 * fuzz_vips.c - any bytes as an image that libvips reads: WebP, TIFF, HEIC, AVIF. */
#include "base/content_kind.h"
#include "vision/image.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const clipsearch_image_options options = {.max_bytes = 1 << 20, .max_pixels = 1 << 18};
    const cs_image_format format = cs_content_kind_of(data, size)->format;
    cs_decoder decoder = {0};
    cs_image image = {0};
    clipsearch_error err = {0};
    unsigned orientation = 0;
    if (format != CS_FORMAT_WEBP && format != CS_FORMAT_TIFF && format != CS_FORMAT_HEIC && format != CS_FORMAT_AVIF)
        return 0;
    clipsearch_status status =
        cs_decoder_decode_stored(&decoder, data, size, "fuzz", &options, &image, &orientation, &err);
    if (status != CLIPSEARCH_OK && (err.code != status || err.message[0] == '\0'))
        abort(); /* an error without words */
    if (status == CLIPSEARCH_OK) {
        const size_t pixels = (size_t)image.view.width * image.view.height;
        uint8_t *copy = malloc(3 * pixels); /* every pixel is there */
        memcpy(copy, image.view.rgb, 3 * pixels);
        free(copy);
        if (pixels > options.max_pixels || orientation < 1 || orientation > 8)
            abort();
    }
    cs_image_free(&image);
    cs_decoder_free(&decoder);
    return 0;
}
