/* SPDX-License-Identifier: MIT
 * test_resample.c - resizing equals Pillow and preprocessing equals torchvision, byte for byte. */
#include "base/file.h"
#include "base/mem.h"
#include "fixture.h"
#include "tap.h"
#include "vision/preprocess.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cs_preprocess_config clip = {
    CS_BICUBIC, 224,   224,  {0.48145466f, 0.4578275f, 0.40821073f}, {0.26862954f, 0.26130258f, 0.27577711f},
    false,      false, false};

static cs_resample filter_named(const char *name)
{
    return strcmp(name, "nearest") == 0 ? CS_NEAREST : strcmp(name, "bilinear") == 0 ? CS_BILINEAR : CS_BICUBIC;
}

static void test_resize(void)
{
    cs_buf list;
    cs_resizer resizer = {0};
    cs_image in = {0}, out = {0};
    fixture_read("resize.txt", &list);
    int count = 0;
    for (char *line = strtok(list.data, "\n"); line; line = strtok(NULL, "\n")) {
        char filter[16], expected[65], sum[65];
        unsigned w, h, w2, h2, left, top, cw, ch;
        if (sscanf(line, "%15s %u %u %u %u %u %u %u %u %64s", filter, &w, &h, &w2, &h2, &left, &top, &cw, &ch,
                   expected) != 10)
            continue;
        count++;
        if (in.view.width != w || in.view.height != h)
            fixture_pattern(w, h, &in);
        clipsearch_error err = {0};
        clipsearch_status status = cs_resize_crop(
            &resizer, &in.view, &(cs_resize_target){w2, h2, left, top, cw, ch, filter_named(filter), 1}, &out, &err);
        fixture_sum(out.view.rgb, (size_t)cw * ch * 3, sum);
        TAP_OK(status == CLIPSEARCH_OK && out.view.width == cw && out.view.height == ch && strcmp(sum, expected) == 0,
               "%s %ux%u -> %ux%u, %ux%u of it at (%u, %u)%s", filter, w, h, w2, h2, cw, ch, left, top, err.message);
    }
    TAP_OK(count >= 180, "%d resizings were compared", count);
    cs_buf_free(&list);
    cs_image_free(&in);
    cs_image_free(&out);
    cs_resizer_free(&resizer);
}

static void test_resize_refusals(void)
{
    cs_resizer resizer = {0};
    cs_image in = {0}, out = {0};
    clipsearch_error err = {0};
    fixture_pattern(300000, 1, &in);
    TAP_OK(cs_resize(&resizer, &in.view, 1, 1, CS_BICUBIC, &out, &err) == CLIPSEARCH_E_LIMIT, "%s", err.message);
    TAP_OK(cs_resize(&resizer, &in.view, 2, 1, CS_BICUBIC, &out, &err) == CLIPSEARCH_OK, "150,000 to one is done");
    TAP_OK(cs_resize(&resizer, &in.view, 0, 1, CS_BICUBIC, &out, &err) == CLIPSEARCH_E_ARGUMENT, "%s", err.message);
    TAP_OK(cs_resize_crop(&resizer, &in.view, &(cs_resize_target){10, 10, 5, 0, 6, 1, CS_BICUBIC, 1}, &out, &err) ==
               CLIPSEARCH_E_ARGUMENT,
           "%s", err.message);
    TAP_OK(cs_resize_crop(&resizer, &in.view, &(cs_resize_target){10, 10, 0, UINT64_MAX, 1, 1, CS_BICUBIC, 1}, &out,
                          &err) == CLIPSEARCH_E_ARGUMENT,
           "%s", err.message);
    cs_image_free(&in);
    cs_image_free(&out);
    cs_resizer_free(&resizer);
}

static void test_preprocess(void)
{
    cs_buf list;
    cs_preprocessor pre = {0};
    cs_image in = {0};
    fixture_read("preprocess.txt", &list);
    int count = 0;
    for (char *line = strtok(list.data, "\n"); line; line = strtok(NULL, "\n")) {
        char filter[16], bytes[65], floats[65], sum[65], float_sum[65];
        unsigned w, h;
        cs_preprocess_config config = clip;
        if (sscanf(line, "%15s %u %u %zu %zu %64s %64s", filter, &w, &h, &config.resize, &config.crop, bytes, floats) !=
            7)
            continue;
        count++;
        config.resample = filter_named(filter);
        fixture_pattern(w, h, &in);
        size_t n = config.crop * config.crop * 3;
        float *pixels = malloc(n * sizeof *pixels);
        clipsearch_error err = {0};
        clipsearch_status status = cs_preprocess(&pre, &config, &in.view, 1, pixels, &err);
        fixture_sum(pre.cropped.view.rgb, n, sum);
        fixture_sum(pixels, n * sizeof *pixels, float_sum);
        TAP_OK(status == CLIPSEARCH_OK && strcmp(sum, bytes) == 0, "%s %ux%u resize %zu crop %zu: bytes%s", filter, w,
               h, config.resize, config.crop, err.message);
        TAP_OK(strcmp(float_sum, floats) == 0, "the same: every bit of the floats");
        free(pixels);
    }
    TAP_OK(count >= 60, "%d preprocessings were compared", count);
    cs_buf_free(&list);
    cs_image_free(&in);
    cs_preprocessor_free(&pre);
}

/* Keras's load_img and preprocess_input: squashed by nearest pixels, blue first, a mean subtracted. */
static void test_keras(void)
{
    cs_buf list;
    cs_preprocessor pre = {0};
    cs_image in = {0};
    fixture_read("keras.txt", &list);
    int count = 0;
    for (char *line = strtok(list.data, "\n"); line; line = strtok(NULL, "\n")) {
        char expected[65], sum[65];
        unsigned w, h;
        size_t side;
        clipsearch_error err = {0};
        if (sscanf(line, "%u %u %zu %64s", &w, &h, &side, expected) != 4)
            continue;
        cs_preprocess_config config = {CS_NEAREST, side, side, {103.939f, 116.779f, 123.68f},
                                       {1, 1, 1},  true, true, true};
        float *pixels = malloc(3 * side * side * sizeof *pixels);
        fixture_pattern(w, h, &in);
        clipsearch_status status = cs_preprocess(&pre, &config, &in.view, 1, pixels, &err);
        fixture_sum(pixels, 3 * side * side * sizeof *pixels, sum);
        TAP_OK(status == CLIPSEARCH_OK && strcmp(sum, expected) == 0, "as Keras: %ux%u squashed to %zu %s", w, h, side,
               err.message);
        free(pixels);
        count++;
    }
    TAP_OK(count == 9, "%d were compared", count);
    cs_buf_free(&list);
    cs_image_free(&in);
    cs_preprocessor_free(&pre);
}

/* The middle pixels of a line alone: about its middle, an enlarged line has their colours and no others. */
enum { MIDDLE = 16 };
static void cut_middle(const cs_image *line, cs_image *middle)
{
    const size_t length = (size_t)line->view.width * line->view.height;
    const bool tall = line->view.width == 1;
    if (cs_image_reserve(middle, tall ? 1 : MIDDLE, tall ? MIDDLE : 1, NULL) != CLIPSEARCH_OK)
        abort();
    memcpy(middle->view.rgb, line->view.rgb + (length - MIDDLE) / 2 * 3, MIDDLE * (size_t)3);
}

/* The greatest difference of two crops' bytes. */
static int greatest_difference(const cs_image *a, const cs_image *b)
{
    int greatest = 0;
    for (size_t i = 0; i < (size_t)3 * 224 * 224; i++)
        greatest = abs(a->view.rgb[i] - b->view.rgb[i]) > greatest ? abs(a->view.rgb[i] - b->view.rgb[i]) : greatest;
    return greatest;
}

/* The resized image would have 224 x 22,400,000 pixels and more: only the crop is made. */
static void test_extreme(void)
{
    static const uint32_t shapes[][2] = {{1, 100000}, {100000, 1}, {1, 20000000}, {20000000, 1}};
    float *pixels = malloc(3 * 224 * 224 * sizeof *pixels), *of_middle = malloc(3 * 224 * 224 * sizeof *of_middle);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        cs_preprocessor pre = {0}, pre_middle = {0};
        cs_image in = {0}, middle = {0};
        clipsearch_error err = {0};
        fixture_pattern(shapes[i][0], shapes[i][1], &in);
        cut_middle(&in, &middle);
        const bool good = cs_preprocess(&pre, &clip, &in.view, 1, pixels, &err) == CLIPSEARCH_OK &&
                          cs_preprocess(&pre_middle, &clip, &middle.view, 1, of_middle, &err) == CLIPSEARCH_OK;
        bool finite = true;
        for (size_t j = 0; j < 3 * 224 * 224; j++)
            finite &= isfinite(pixels[j]) != 0;
        TAP_OK(good && finite && pre.resizer.capacity < (8u << 20), "%u x %u pixels: %zu bytes of scratch%s",
               shapes[i][0], shapes[i][1], pre.resizer.capacity, err.message);
        /* a position near 10,000,000 has fewer digits behind the point than one near 8, so a colour may round anew */
        const int difference = good ? greatest_difference(&pre.cropped, &pre_middle.cropped) : 255;
        TAP_OK(difference <= 1, "its crop is that of the %d pixels in its middle, within %d", (int)MIDDLE, difference);
        cs_image_free(&in);
        cs_image_free(&middle);
        cs_preprocessor_free(&pre);
        cs_preprocessor_free(&pre_middle);
    }
    free(pixels);
    free(of_middle);
}

static void test_steady_state(void)
{
    cs_preprocessor pre = {0};
    cs_image a = {0}, b = {0};
    float *pixels = malloc(3 * 224 * 224 * sizeof *pixels);
    fixture_pattern(500, 375, &a);
    fixture_pattern(100, 301, &b);
    bool good = cs_preprocess(&pre, &clip, &a.view, 1, pixels, NULL) == CLIPSEARCH_OK;
    good &= cs_preprocess(&pre, &clip, &b.view, 1, pixels, NULL) == CLIPSEARCH_OK;
    uint64_t before = cs_mem_count();
    for (int i = 0; i < 3; i++) {
        good &= cs_preprocess(&pre, &clip, &a.view, 1, pixels, NULL) == CLIPSEARCH_OK;
        good &= cs_preprocess(&pre, &clip, &b.view, 1, pixels, NULL) == CLIPSEARCH_OK;
    }
    TAP_OK(good && cs_mem_count() == before, "preprocessing allocates nothing once it has seen the sizes");
    cs_preprocess_config config = clip;
    config.crop = 0;
    clipsearch_error err = {0};
    TAP_OK(cs_preprocess(&pre, &config, &a.view, 1, pixels, &err) == CLIPSEARCH_E_ARGUMENT, "%s", err.message);
    config.crop = SIZE_MAX;
    TAP_OK(cs_preprocess(&pre, &config, &a.view, 1, pixels, &err) == CLIPSEARCH_E_ARGUMENT, "%s", err.message);
    cs_image_free(&a);
    cs_image_free(&b);
    cs_preprocessor_free(&pre);
    free(pixels);
}

static void test_describe(void)
{
    char text[256];
    const cs_preprocess_config keras = {CS_NEAREST, 224,  224,  {103.939f, 116.779f, 123.68f},
                                        {1, 1, 1},  true, true, true};
    TAP_OK(cs_preprocess_describe(&keras, text) == CLIPSEARCH_OK &&
               strcmp(text, "squash 224 nearest, bgr, unscaled, mean 103.939 116.779 123.68, std 1 1 1") == 0,
           "%s", text);
    TAP_OK(cs_preprocess_describe(&clip, text) == CLIPSEARCH_OK &&
               strcmp(text,
                      "resize 224 bicubic, crop 224, mean 0.48145467 0.4578275 0.40821072, std 0.26862955 0.2613026 "
                      "0.2757771") == 0,
           "%s", text);
    cs_preprocess_config odd = {
        CS_NEAREST, 2048, 2048, {-FLT_MAX, -FLT_MIN, 1}, {-1.17549449e-38f, FLT_TRUE_MIN, 3e-5f}, false, false, false};
    TAP_OK(cs_preprocess_describe(&odd, text) == CLIPSEARCH_OK &&
               strcmp(text, "resize 2048 nearest, crop 2048, mean -3.4028235e+38 -1.1754944e-38 1, std -1.1754945e-38 "
                            "1e-45 3e-05") == 0,
           "%s", text);
}

/* A tensor made by others from the same image. */
static void test_lakera(void)
{
    const char *shared = tap_shared_data(), *what = "franz-kafka.jpg equals the published tensor";
    if (!shared) {
        tap_skip(what, "no shared data");
        return;
    }
    char path[4096];
    cs_buf file = cs_buf_make(1 << 24), npy = cs_buf_make(1 << 24);
    cs_image image = {0};
    cs_preprocessor pre = {0};
    clipsearch_error err = {0};
    size_t n = 3 * 224 * 224;
    float *pixels = malloc(n * sizeof *pixels), *expected = malloc(n * sizeof *expected);
    clipsearch_image_options options = {.max_bytes = CS_IMAGE_MAX_BYTES,
                                        .max_pixels = CS_IMAGE_MAX_PIXELS,
                                        .ignore_exif = true}; /* as the references do */
    snprintf(path, sizeof path, "%s/clip-reference/lakera/franz-kafka.jpg", shared);
    bool good = cs_file_read(path, &file, NULL, &err) == CLIPSEARCH_OK;
    snprintf(path, sizeof path, "%s/clip-reference/lakera/expected_preprocessed_image.npy", shared);
    good = good && cs_file_read(path, &npy, NULL, &err) == CLIPSEARCH_OK;
    good = good && cs_image_decode(file.data, file.len, "franz-kafka.jpg", &options, &image, &err) == CLIPSEARCH_OK;
    good = good && cs_preprocess(&pre, &clip, &image.view, 1, pixels, &err) == CLIPSEARCH_OK;
    double worst = 0;
    if (good && npy.len >= n * sizeof *expected) { /* little-endian float32 behind a header of any length */
        memcpy(expected, npy.data + npy.len - n * sizeof *expected, n * sizeof *expected);
        for (size_t i = 0; i < n; i++)
            worst = fmax(worst, fabs((double)pixels[i] - (double)expected[i]));
    }
    TAP_OK(good && npy.len >= n * sizeof *expected && worst <= 1e-6, "%s: %g at most%s", what, worst, err.message);
    free(pixels);
    free(expected);
    cs_image_free(&image);
    cs_preprocessor_free(&pre);
    cs_buf_free(&file);
    cs_buf_free(&npy);
}

int main(void)
{
    test_resize();
    test_resize_refusals();
    test_preprocess();
    test_keras();
    test_extreme();
    test_steady_state();
    test_describe();
    test_lakera();
    return tap_done();
}
