/* SPDX-License-Identifier: MIT
 * test_image_reader.c - the reader that each thread keeps: turned photographs give the pixels of the upright image. */
#include "base/mem.h"
#include "encode/image_reader.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, ORIENTATIONS = 8 };

static const cs_preprocess_config config = {CS_BICUBIC,         SIDE,  SIDE,  {0.5f, 0.5f, 0.5f},
                                            {0.2f, 0.2f, 0.2f}, false, false, false};

static const char *fixture_path(unsigned orientation)
{
    static char path[4096];
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    snprintf(path, sizeof path, "%s/tests/data/pictures/orientation-%u.jpg", root ? root : ".", orientation);
    return path;
}

static bool prepare(cs_image_reader *reader, unsigned orientation, float *pixels, clipsearch_error *err)
{
    const char *path = fixture_path(orientation);
    return cs_image_reader_read(reader, path, NULL, err) == CLIPSEARCH_OK &&
           cs_image_reader_prepare(reader, path, &config, pixels, err) == CLIPSEARCH_OK;
}

/* One reader for all of them, so that what one image leaves behind would show in the next. */
static void test_orientations(bool ignore_exif)
{
    static float pixels[3 * SIDE * SIDE], expected[3 * SIDE * SIDE];
    const clipsearch_image_options options = {
        .max_bytes = CS_IMAGE_MAX_BYTES, .max_pixels = CS_IMAGE_MAX_PIXELS, .ignore_exif = ignore_exif};
    cs_image_reader reader = cs_image_reader_make(&options);
    cs_preprocessor preprocessor = {0};
    cs_image upright = {0};
    clipsearch_error err = {0};
    for (unsigned orientation = 1; orientation <= ORIENTATIONS; orientation++) {
        const bool good =
            prepare(&reader, orientation, pixels, &err) &&
            cs_image_decode(reader.file.data, reader.file.len, "a.jpg", &options, &upright, &err) == CLIPSEARCH_OK &&
            cs_preprocess(&preprocessor, &config, &upright.view, 1, expected, &err) == CLIPSEARCH_OK;
        TAP_OK(good && memcmp(pixels, expected, sizeof pixels) == 0 && reader.width == upright.view.width &&
                   reader.height == upright.view.height && reader.width != reader.height,
               "orientation %u%s: the upright image's pixels and its %u x %u%s", orientation,
               ignore_exif ? ", ignored" : "", reader.width, reader.height, err.message);
    }
    bool good = true;
    const uint64_t before = cs_mem_count();
    for (unsigned orientation = 1; orientation <= ORIENTATIONS; orientation++)
        good = good && prepare(&reader, orientation, pixels, &err);
    TAP_OK(good && cs_mem_count() == before, "all of them again allocate nothing");
    cs_image_free(&upright);
    cs_preprocessor_free(&preprocessor);
    cs_image_reader_free(&reader);
}

int main(void)
{
    test_orientations(false);
    test_orientations(true);
    return tap_done();
}
