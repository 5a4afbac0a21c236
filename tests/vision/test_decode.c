/* SPDX-License-Identifier: MIT
 * test_decode.c - decoded pixels are Pillow's; formats are told by content; limits come first. */
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "fixture.h"
#include "tap.h"
#include "vision/image.h"
#include "vision/orient.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cs_decoder decoder; /* kept over all images, as a program would */
static cs_image image;

static clipsearch_image_options defaults(bool ignore_exif)
{
    return (clipsearch_image_options){
        .max_bytes = CS_IMAGE_MAX_BYTES, .max_pixels = CS_IMAGE_MAX_PIXELS, .ignore_exif = ignore_exif};
}

/* The differing bytes of `image` and a binary PPM; -1 when the sizes differ. */
static long differing(const cs_buf *ppm)
{
    unsigned width = 0, height = 0;
    int header = 0;
    if (sscanf(ppm->data, "P6 %u %u 255%n", &width, &height, &header) != 2 || width != image.view.width ||
        height != image.view.height)
        return -1;
    const uint8_t *expected = (const uint8_t *)ppm->data + header + 1;
    long count = 0;
    for (size_t i = 0; i < (size_t)width * height * 3; i++)
        count += image.view.rgb[i] != expected[i];
    return count;
}

static void check_image(const char *name, const char *ppm_name, bool exif)
{
    cs_buf file, ppm;
    clipsearch_error err = {0};
    clipsearch_image_options options = defaults(!exif);
    fixture_read(name, &file);
    fixture_read(ppm_name, &ppm);
    bool decoded = cs_decoder_decode(&decoder, file.data, file.len, name, &options, &image, &err) == CLIPSEARCH_OK;
    long wrong = decoded ? differing(&ppm) : 0;
    TAP_OK(decoded && wrong == 0, "%s equals Pillow%s%s", name, exif ? ", upright" : "", decoded ? "" : err.message);
    if (wrong)
        tap_note("%ld bytes differ (-1: another size)", wrong);
    cs_buf_free(&file);
    cs_buf_free(&ppm);
}

struct unread {
    const char *what;
    clipsearch_status status;
    const char *bytes;
    size_t size;
    const char *says;
};

/* The beginning of a file that libvips reads: damaged where libvips is, not supported where it is not. */
#define WITH_VIPS CLIPSEARCH_OK

static bool is_expected(clipsearch_status status, clipsearch_status expected)
{
    if (expected != WITH_VIPS)
        return status == expected;
    return status == CLIPSEARCH_E_FORMAT || status == CLIPSEARCH_E_UNSUPPORTED;
}

static void test_formats(void)
{
    static const struct unread cases[] = {
        {"an empty file", CLIPSEARCH_E_FORMAT, "", 0, "empty"},
        {"four unknown bytes", CLIPSEARCH_E_FORMAT, "\1\2\3\4", 4, "01 02 03 04"},
        {"one zero byte", CLIPSEARCH_E_FORMAT, "", 1, " 00"},
        {"GIF", CLIPSEARCH_E_FORMAT, "GIF89a\1\0\1\0", 10, "GIF"},
        {"WebP", WITH_VIPS, "RIFF\x10\0\0\0WEBPVP8 ", 16, "WebP"},
        {"a sound file", CLIPSEARCH_E_UNSUPPORTED, "RIFF\x10\0\0\0WAVEfmt ", 16, "a sound file"},
        {"TIFF", WITH_VIPS, "II*\0\x08\0\0\0", 8, "TIFF"},
        {"big-endian TIFF", WITH_VIPS, "MM\0*\0\0\0\x08", 8, "TIFF"},
        {"BMP", CLIPSEARCH_E_FORMAT, "BM\x46\0\0\0\0\0\0\0\x36\0\0\0", 14, "BMP"},
        {"HEIC", WITH_VIPS,
         "\0\0\0\x18"
         "ftypheic\0\0\0\0",
         16, "HEIC"},
        {"AVIF", WITH_VIPS,
         "\0\0\0\x18"
         "ftypavif\0\0\0\0",
         16, "AVIF"},
        {"a video", CLIPSEARCH_E_UNSUPPORTED,
         "\0\0\0\x18"
         "ftypisom\0\0\0\0",
         16, "video"},
        {"JPEG XL", CLIPSEARCH_E_UNSUPPORTED, "\xff\x0a\x00\x10", 4, "JPEG XL"},
        {"JPEG XL in a container", CLIPSEARCH_E_UNSUPPORTED, "\0\0\0\x0cJXL \r\n\x87\n", 12, "JPEG XL"},
        {"JPEG 2000", CLIPSEARCH_E_UNSUPPORTED, "\0\0\0\x0cjP  \r\n\x87\n", 12, "JPEG 2000"},
        {"PDF", CLIPSEARCH_E_UNSUPPORTED, "%PDF-1.7\n", 9, "a PDF document"},
        {"SVG", CLIPSEARCH_E_UNSUPPORTED, "<?xml version=\"1.0\"?>\n<SVG width=\"1\"/>", 38, "an SVG image"},
        {"HTML", CLIPSEARCH_E_UNSUPPORTED, "\n<!DOCTYPE html><title>404</title>", 34, "an HTML page"},
        {"text", CLIPSEARCH_E_UNSUPPORTED, "BM is how this text begins, caf\xc3\xa9", 33, "a text file"},
        {"JPEG's first three bytes", CLIPSEARCH_E_FORMAT, "\xff\xd8\xff", 3, "ends before"},
        {"PNG's signature", CLIPSEARCH_E_FORMAT, "\x89PNG\r\n\x1a\n", 8, "cut short"},
        {"a PNG spoilt by text mode", CLIPSEARCH_E_FORMAT,
         "\x89PNG\n\x1a\n\0\0\0\x0dIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\0\0\0\0", 34, "text mode"},
        {"an iPhone's PNG", CLIPSEARCH_E_UNSUPPORTED,
         "\x89PNG\r\n\x1a\n\0\0\0\4CgBI\x50\0\x20\2\x2b\xd5\xb3\x7f\0\0\0\x0dIHDR", 33, "CgBI"},
        {"a PNG without its header", CLIPSEARCH_E_FORMAT,
         "\x89PNG\r\n\x1a\n\0\0\0\4tEXt\x50\0\x20\2\x2b\xd5\xb3\x7f\0\0\0\x0dIHDR", 33, "begin with its header"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct unread *c = &cases[i];
        clipsearch_error err = {0};
        clipsearch_status status = cs_image_decode(c->bytes, c->size, "holiday.jpg", NULL, &image, &err);
        TAP_OK(is_expected(status, c->status) && err.code == status && strstr(err.message, c->says) &&
                   strncmp(err.message, "holiday.jpg: ", 13) == 0,
               "%s: %s", c->what, err.message);
    }
}

/* A PNG of nothing but its header. */
static void png_header(uint8_t out[33], uint32_t width, uint32_t height)
{
    static const uint8_t start[33] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\0\0\0\0\0\x08\2\0\0\0";
    memcpy(out, start, 33);
    for (int i = 0; i < 4; i++) {
        out[16 + i] = (uint8_t)(width >> (24 - 8 * i));
        out[20 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
}

/* Decode bytes that must be refused with `status`. */
static void refuse(const void *bytes, size_t size, const char *name, const clipsearch_image_options *options,
                   clipsearch_status status)
{
    clipsearch_error err = {0};
    cs_image none = {0};
    TAP_OK(cs_image_decode(bytes, size, name, options, &none, &err) == status && err.code == status && !none.view.rgb,
           "%s", err.message);
    cs_image_free(&none);
}

static void test_limits(void)
{
    clipsearch_error err = {0};
    cs_image none = {0};
    uint8_t png[33];
    uint64_t before = cs_mem_count();
    png_header(png, 0x7fffffff, 0x7fffffff);
    refuse(png, sizeof png, "bomb.png", NULL, CLIPSEARCH_E_LIMIT);
    png_header(png, 0x80000000, 1);
    refuse(png, sizeof png, "a.png", NULL, CLIPSEARCH_E_FORMAT);
    png_header(png, 0, 5);
    refuse(png, sizeof png, "a.png", NULL, CLIPSEARCH_E_FORMAT);
    uint8_t jpeg[] = {0xff, 0xd8, 0xff, 0xc0, 0,    17, 8,  0xff, 0xdc, 0xff, 0xdc, 3, 1, 0x11, 0, 2,  0x11, 0,
                      3,    0x11, 0,    0xff, 0xda, 0,  12, 3,    1,    0,    2,    0, 3, 0,    0, 63, 0};
    refuse(jpeg, sizeof jpeg, "bomb.jpg", NULL, CLIPSEARCH_E_LIMIT);
    clipsearch_image_options options = {.max_bytes = UINT64_MAX, .max_pixels = UINT64_MAX};
    jpeg[7] = jpeg[9] = 0xff;
    jpeg[8] = jpeg[10] = 0xff;
    refuse(jpeg, sizeof jpeg, "bomb.jpg", &options, CLIPSEARCH_E_LIMIT);
    jpeg[3] = 0xc3;
    refuse(jpeg, sizeof jpeg, "lossless.jpg", &options, CLIPSEARCH_E_UNSUPPORTED);
    jpeg[3] = 0xc1;
    jpeg[6] = 12;
    refuse(jpeg, sizeof jpeg, "deep.jpg", &options, CLIPSEARCH_E_UNSUPPORTED);
    jpeg[6] = 8;
    jpeg[11] = 2;
    refuse(jpeg, sizeof jpeg, "two.jpg", &options, CLIPSEARCH_E_UNSUPPORTED);
    TAP_OK(cs_mem_count() == before, "nothing was allocated for any of them");

    cs_buf file;
    fixture_read("baseline-444.jpg", &file);
    options = (clipsearch_image_options){.max_bytes = file.len - 1, .max_pixels = UINT64_MAX};
    refuse(file.data, file.len, "a.jpg", &options, CLIPSEARCH_E_LIMIT);
    options = (clipsearch_image_options){.max_bytes = file.len, .max_pixels = 45 * 31 - 1};
    refuse(file.data, file.len, "a.jpg", &options, CLIPSEARCH_E_LIMIT);
    options.max_pixels++;
    TAP_OK(cs_image_decode(file.data, file.len, "a.jpg", &options, &none, &err) == CLIPSEARCH_OK,
           "exactly at both limits is read");
    cs_buf_free(&file);
    cs_image_free(&none);
}

static void test_directory(void)
{
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    cs_buf buf = cs_buf_make(1000);
    clipsearch_error err = {0};
    TAP_OK(cs_file_read(root ? root : ".", &buf, NULL, &err) == CLIPSEARCH_E_IO, "a directory is no image: %s",
           err.message);
    cs_buf_free(&buf);
}

static void test_exif_block(void)
{
    static const struct {
        const char *what, *bytes;
        size_t size;
        unsigned orientation;
        bool found;
    } cases[] = {
        {"little-endian", "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22, 6, true},
        {"big-endian", "MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x08\0\0", 22, 8, true},
        {"with its prefix", "Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\3\0\0", 28, 3, true},
        {"the prefix twice", "Exif\0\0Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\3\0\0", 34, 3, true},
        {"cut inside the entry", "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0", 21, 1, false},
        {"more entries than bytes", "II*\0\x08\0\0\0\xff\xff\x12\1\3\0\1\0\0\0\6\0\0\0", 22, 6, true},
        {"directory behind the end", "II*\0\x15\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22, 1, false},
        {"directory at 4 GiB", "II*\0\xff\xff\xff\xff\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22, 1, false},
        {"orientation 0", "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\0\0\0\0", 22, 1, true},
        {"orientation 9", "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x09\0\0\0", 22, 1, true},
        {"orientation 262", "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\1\0\0", 22, 1, true},
        {"two values", "II*\0\x08\0\0\0\1\0\x12\1\3\0\2\0\0\0\6\0\6\0", 22, 1, true},
        {"as text", "II*\0\x08\0\0\0\1\0\x12\1\2\0\1\0\0\0\6\0\0\0", 22, 1, true},
        {"wrong number in the header", "II+\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22, 1, false},
        {"no byte order", "IM*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22, 1, false},
        {"nothing", "", 0, 1, false},
        {"prefix only", "Exif\0\0", 6, 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t *exact = malloc(cases[i].size + 1); /* so that the sanitizer sees a read outside */
        memcpy(exact + 1, cases[i].bytes, cases[i].size);
        unsigned orientation = 1;
        bool found = cs_exif_orientation(exact + 1, cases[i].size, &orientation);
        TAP_OK(orientation == cases[i].orientation && found == cases[i].found, "EXIF %s: %u%s", cases[i].what,
               cases[i].orientation, cases[i].found ? "" : ", not stated");
        free(exact);
    }
}

static void test_reuse(void)
{
    cs_buf large, small;
    cs_image kept = {0};
    fixture_read("orientation-6.jpg", &small);
    fixture_read("rgba-16-interlaced.png", &large);
    bool good = cs_decoder_decode(&decoder, large.data, large.len, "large", NULL, &kept, NULL) == CLIPSEARCH_OK;
    good &= cs_decoder_decode(&decoder, small.data, small.len, "small", NULL, &kept, NULL) == CLIPSEARCH_OK;
    good &= cs_decoder_decode(&decoder, small.data, small.len, "small", NULL, &kept, NULL) == CLIPSEARCH_OK;
    uint64_t before = cs_mem_count();
    for (int i = 0; i < 4; i++)
        good &= cs_decoder_decode(&decoder, small.data, small.len, "small", NULL, &kept, NULL) == CLIPSEARCH_OK;
    TAP_OK(good && cs_mem_count() == before, "decoding a JPEG again, turned, allocates nothing");
    cs_image_free(&kept);
    cs_buf_free(&large);
    cs_buf_free(&small);
}

/* The images that came before must not matter: neither a broken one, nor one whose tables a later one lacks. */
static void test_independence(void)
{
    cs_buf good, broken, bare;
    fixture_read("baseline-444.jpg", &good);
    fixture_read("baseline-444.jpg", &broken);
    fixture_read("baseline-444.jpg", &bare);
    for (size_t i = 0; i + 8 < broken.len; i++)
        if (memcmp(broken.data + i, "\xff\xc4", 2) == 0)
            memset(broken.data + i + 5, 0xff, 3); /* a Huffman table of too many codes */
    for (size_t i = 0; i + 1 < bare.len; i++)
        if (memcmp(bare.data + i, "\xff\xdb", 2) == 0)
            bare.data[i + 1] = (char)0xfe; /* quantisation tables become comments */
    clipsearch_status broken_status = cs_decoder_decode(&decoder, broken.data, broken.len, "a.jpg", NULL, &image, NULL);
    clipsearch_error err = {0};
    clipsearch_status status = cs_decoder_decode(&decoder, good.data, good.len, "good.jpg", NULL, &image, &err);
    TAP_OK(broken_status == CLIPSEARCH_E_FORMAT && status == CLIPSEARCH_OK, "a good image behind a broken one%s",
           err.message);
    status = cs_decoder_decode(&decoder, bare.data, bare.len, "bare.jpg", NULL, &image, &err);
    TAP_OK(status == CLIPSEARCH_E_FORMAT, "the tables of the image before are not used: %s", err.message);
    cs_buf_free(&good);
    cs_buf_free(&broken);
    cs_buf_free(&bare);
}

/* A smaller JPEG: its pixels are near the means of those of the whole one. Other formats are never smaller. */
static void test_smaller(void)
{
    static const struct {
        const char *name;
        uint32_t least_side, divisor;
    } cases[] = {{"baseline-444.jpg", 10, 2},
                 {"baseline-444.jpg", 30, 1},
                 {"cmyk-adobe.jpg", 10, 2},
                 {"orientation-6.jpg", 7, 2},
                 {"rgba-16-interlaced.png", 10, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cs_buf file;
        cs_image whole = {0}, half = {0};
        cs_decoder small = {.least_side = cases[i].least_side};
        unsigned orientation;
        const uint32_t by = cases[i].divisor;
        fixture_read(cases[i].name, &file);
        bool good = cs_decoder_decode_stored(&decoder, file.data, file.len, "whole", NULL, &whole, &orientation,
                                             NULL) == CLIPSEARCH_OK &&
                    cs_decoder_decode_stored(&small, file.data, file.len, "half", NULL, &half, &orientation, NULL) ==
                        CLIPSEARCH_OK;
        good = good && half.view.width == (whole.view.width + by - 1) / by &&
               half.view.height == (whole.view.height + by - 1) / by && small.full_width == whole.view.width &&
               small.full_height == whole.view.height;
        double difference = 0;
        const size_t values = (size_t)half.view.width * half.view.height * 3;
        for (uint32_t y = 0; y < half.view.height && good; y++)
            for (uint32_t x = 0; x < half.view.width; x++)
                for (size_t c = 0; c < 3; c++) {
                    double sum = 0;
                    size_t n = 0;
                    for (uint32_t v = y * by; v < (y + 1) * by && v < whole.view.height; v++)
                        for (uint32_t u = x * by; u < (x + 1) * by && u < whole.view.width; u++, n++)
                            sum += whole.view.rgb[((size_t)v * whole.view.width + u) * 3 + c];
                    const double value = half.view.rgb[((size_t)y * half.view.width + x) * 3 + c];
                    difference += fabs(sum / (double)n - value) / (double)values;
                }
        TAP_OK(good && difference < 8, "%s at 1/%u: %u x %u, from the means %.2f", cases[i].name, (unsigned)by,
               half.view.width, half.view.height, difference);
        cs_image_free(&whole);
        cs_image_free(&half);
        cs_decoder_free(&small);
        cs_buf_free(&file);
    }
}

/* A search whose time is up does not wait until the image it asks for is decoded. */
static void test_stop(void)
{
    static const char *const names[] = {"baseline-444.jpg", "progressive-444.jpg", "rgba-16-interlaced.png",
                                        "rgb-8.png"};
    const clipsearch_image_options options = defaults(false);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cs_buf file;
        clipsearch_error err;
        cs_stop stop;
        fixture_read(names[i], &file);
        cs_stop_init(&stop, NULL, NULL, 1e-9);
        cs_stop_enter(&stop);
        const clipsearch_status status =
            cs_decoder_decode(&decoder, file.data, file.len, names[i], &options, &image, &err);
        cs_stop_enter(NULL);
        TAP_OK(status == CLIPSEARCH_E_TIMEOUT, "%s: %s", names[i], err.message);
        TAP_OK(cs_decoder_decode(&decoder, file.data, file.len, names[i], &options, &image, &err) == CLIPSEARCH_OK,
               "and afterwards");
        cs_buf_free(&file);
    }
}

int main(void)
{
    fixture_list(check_image);
    test_independence();
    test_formats();
    test_limits();
    test_directory();
    test_exif_block();
    test_reuse();
    test_smaller();
    test_stop();
    cs_image_free(&image);
    cs_decoder_free(&decoder);
    return tap_done();
}
