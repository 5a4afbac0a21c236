/* SPDX-License-Identifier: MIT
 * test_formats.c - images of every format have the reference's pixels; limits are checked before pixels are decoded. */
#include "base/mem.h"
#include "fixture.h"
#include "tap.h"
#include "vision/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cs_decoder decoder; /* kept over all images, as a program would */
static cs_image image;

static clipsearch_status decode(const cs_buf *file, const char *name, uint64_t max_pixels, bool exif,
                                clipsearch_error *err)
{
    clipsearch_image_options options = {
        .max_bytes = CS_IMAGE_MAX_BYTES, .max_pixels = max_pixels, .ignore_exif = !exif};
    *err = (clipsearch_error){0};
    return cs_decoder_decode(&decoder, file->data, file->len, name, &options, &image, err);
}

/* The program's libvips reads WebP, TIFF and others; where it is not installed, that is said and those are skipped. */
static bool is_absent(const fixture_format *f, clipsearch_status status, const clipsearch_error *err)
{
    return strcmp(f->by, "-") != 0 && status == CLIPSEARCH_E_UNSUPPORTED &&
           (strstr(err->message, "install libvips42") || strstr(err->message, "this build cannot read it"));
}

static bool is_exact(const fixture_format *f)
{
    char sum[65];
    fixture_sum(image.view.rgb, (size_t)image.view.width * image.view.height * 3, sum);
    return strcmp(sum, f->want) == 0;
}

/* Within the tolerance of the list. */
static bool is_near(const fixture_format *f)
{
    cs_buf ppm;
    int header = 0;
    unsigned width, height, most = 0;
    double sum = 0;
    fixture_read(f->want, &ppm);
    bool good = sscanf(ppm.data, "P6 %u %u 255%n", &width, &height, &header) == 2 && width == image.view.width &&
                height == image.view.height;
    const uint8_t *expected = (const uint8_t *)ppm.data + header + 1;
    const size_t bytes = good ? (size_t)width * height * 3 : 0;
    for (size_t i = 0; i < bytes; i++) {
        const unsigned difference = (unsigned)abs(image.view.rgb[i] - expected[i]);
        most = difference > most ? difference : most;
        sum += difference;
    }
    cs_buf_free(&ppm);
    tap_note("%s differs by %u at most, %.3f on the average", f->name, most, bytes ? sum / (double)bytes : 0);
    return good && most <= f->most && sum <= f->mean * (double)bytes;
}

static void check_image(const fixture_format *f)
{
    cs_buf file;
    clipsearch_error err;
    fixture_read(f->path, &file);
    clipsearch_status status = decode(&file, f->name, CS_IMAGE_MAX_PIXELS, f->exif, &err);
    if (is_absent(f, status, &err))
        tap_skip(f->name, err.message);
    else
        TAP_OK(status == CLIPSEARCH_OK && image.view.width == f->width && image.view.height == f->height &&
                   (f->most ? is_near(f) : is_exact(f)),
               "%s has the reference's pixels%s%s", f->name, f->exif ? ", upright" : "",
               status == CLIPSEARCH_OK ? "" : err.message);
    cs_buf_free(&file);
}

/* One pixel more than the limit is refused from the header; the limit itself is not. */
static void check_limit(const fixture_format *f)
{
    cs_buf file;
    clipsearch_error err;
    fixture_read(f->path, &file);
    const uint64_t pixels = (uint64_t)f->width * f->height;
    clipsearch_status status = decode(&file, f->name, pixels - 1, f->exif, &err);
    if (is_absent(f, status, &err))
        tap_skip(f->name, err.message);
    else
        TAP_OK(status == CLIPSEARCH_E_LIMIT && decode(&file, f->name, pixels, f->exif, &err) == CLIPSEARCH_OK,
               "%s is refused one pixel above the limit, and read at it", f->name);
    cs_buf_free(&file);
}

/* What libvips does not read, or Pillow, is not called damaged. */
static void test_unsupported(void)
{
    static const struct {
        const char *name, *words; /* without libvips it is said that that is missing */
    } files[] = {{"float-64.tif", "this kind of TIFF image is not read"},
                 {"float-rgb.tif", "a TIFF image with colours in floating-point numbers, which are not read"},
                 {"lab-16.tif", "a TIFF image with L*a*b* colours of 16 bits, which are not read"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[64];
        cs_buf file;
        clipsearch_error err;
        snprintf(path, sizeof path, "../formats/%s", files[i].name);
        fixture_read(path, &file);
        clipsearch_status status = decode(&file, files[i].name, CS_IMAGE_MAX_PIXELS, false, &err);
        TAP_OK(status == CLIPSEARCH_E_UNSUPPORTED && strstr(err.message, files[i].name) == err.message &&
                   (strstr(err.message, files[i].words) || strstr(err.message, "install libvips42") ||
                    strstr(err.message, "this build cannot read")),
               "a kind that is not read: %s", err.message);
        cs_buf_free(&file);
    }
}

int main(void)
{
    fixture_formats(check_image);
    fixture_formats(check_limit);
    test_unsupported();
    cs_image_free(&image);
    cs_decoder_free(&decoder);
    return tap_done();
}
