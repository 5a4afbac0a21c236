/* SPDX-License-Identifier: MIT
 * fuzz_image.c - any bytes as a picture: decoded, turned upright, and prepared for a small tower. */
#include "vision/preprocess.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* small limits, so that a run is many pictures and not a few large ones */
    static const clipsearch_image_options options = {.max_bytes = 1 << 20, .max_pixels = 1 << 18};
    static const cs_preprocess_config configs[] = {
        {CS_BICUBIC, 32, 32, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}, false, false, false},
        {CS_BILINEAR, 17, 30, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}, false, false, false},
        {CS_NEAREST, 40, 8, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}, false, false, false},
        {CS_NEAREST, 32, 32, {103.939f, 116.779f, 123.68f}, {1, 1, 1}, true, true, true},
    };
    cs_decoder decoder = {0};
    cs_preprocessor pre = {0};
    cs_image image = {0};
    clipsearch_error err = {0};
    float pixels[3 * 32 * 32];
    clipsearch_status status = cs_decoder_decode(&decoder, data, size, "fuzz", &options, &image, &err);
    if (status != CLIPSEARCH_OK && (err.code != status || err.message[0] == '\0'))
        abort(); /* an error without words */
    if (status == CLIPSEARCH_OK) {
        for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
            if (cs_preprocess(&pre, &configs[i], &image.view, pixels, &err) != CLIPSEARCH_OK || !isfinite(pixels[0]))
                abort(); /* no picture within the limits may fail */
    }
    cs_image_free(&image);
    cs_preprocessor_free(&pre);
    cs_decoder_free(&decoder);
    return 0;
}
