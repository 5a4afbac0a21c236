/* SPDX-License-Identifier: MIT
 * fuzz_image.c - any bytes as an image of a format that is read without libvips: decoded and prepared for a small
 * tower, turned upright first or last. */
#include "vision/preprocess.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* small limits, so that a run is many images and not a few large ones */
    static const clipsearch_image_options options = {.max_bytes = 1 << 20, .max_pixels = 1 << 18};
    static const cs_preprocess_config configs[] = {
        {CS_BICUBIC, 32, 32, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}, false, false, false},
        {CS_BILINEAR, 17, 30, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}, false, false, false},
        {CS_NEAREST, 40, 8, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}, false, false, false},
        {CS_NEAREST, 32, 32, {103.939f, 116.779f, 123.68f}, {1, 1, 1}, true, true, true},
    };
    if (cs_content_kind_of(data, size)->format >= CS_FORMAT_WEBP) /* fuzz_vips.c */
        return 0;
    cs_decoder decoder = {0};
    cs_preprocessor pre = {0};
    cs_image stored = {0}, image = {0};
    clipsearch_error err = {0};
    unsigned orientation = 0;
    static float pixels[3 * 32 * 32], turned[3 * 32 * 32];
    clipsearch_status status =
        cs_decoder_decode_stored(&decoder, data, size, "fuzz", &options, &stored, &orientation, &err);
    if (status != CLIPSEARCH_OK && (err.code != status || err.message[0] == '\0'))
        abort(); /* an error without words */
    if (status != cs_decoder_decode(&decoder, data, size, "fuzz", &options, &image, &err))
        abort();
    for (size_t i = 0; status == CLIPSEARCH_OK && i < sizeof configs / sizeof *configs; i++) {
        const size_t bytes = 3 * configs[i].crop * configs[i].crop * sizeof *pixels;
        if (cs_preprocess(&pre, &configs[i], &image.view, 1, pixels, &err) != CLIPSEARCH_OK || !isfinite(pixels[0]))
            abort(); /* no image within the limits may fail */
        if (cs_preprocess(&pre, &configs[i], &stored.view, orientation, turned, &err) != CLIPSEARCH_OK ||
            memcmp(pixels, turned, bytes) != 0)
            abort();
    }
    cs_image_free(&stored);
    cs_image_free(&image);
    cs_preprocessor_free(&pre);
    cs_decoder_free(&decoder);
    return 0;
}
