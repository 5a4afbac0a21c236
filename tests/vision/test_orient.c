/* SPDX-License-Identifier: MIT
 * test_orient.c - an image that is stored turned gives, resized as it is stored, the bytes it gives when it is turned
 * upright first. */
#include "base/file.h"
#include "base/mem.h"
#include "fixture.h"
#include "tap.h"
#include "vision/orient.h"
#include "vision/preprocess.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORIENTATIONS = 8, LARGEST = 64 };

static const cs_resample filters[] = {CS_NEAREST, CS_BILINEAR, CS_BICUBIC};

/* One image in both ways; all memory is kept from image to image, as a program would. */
static cs_image stored, upright, spare, whole, cropped;
static cs_preprocessor pre_stored, pre_upright;
static cs_resizer resizer, whole_resizer;

/* Numbers that are the same in every run. */
static uint64_t state = 1;
static uint32_t draw(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((state >> 33) % below);
}

static void turn_upright(unsigned orientation)
{
    bool ready = cs_image_reserve(&upright, stored.view.width, stored.view.height, NULL) == CLIPSEARCH_OK;
    if (ready) {
        memcpy(upright.view.rgb, stored.view.rgb, (size_t)stored.view.width * stored.view.height * 3);
        ready = cs_image_orient(&upright, &spare, orientation, NULL) == CLIPSEARCH_OK;
    }
    if (!ready) {
        printf("Bail out! out of memory\n");
        exit(1);
    }
}

/* `stored` and `upright` through one preprocessing: the crop's bytes, and every bit of the floats. */
static bool same_preprocessed(const cs_preprocess_config *config, unsigned orientation)
{
    const size_t bytes = config->crop * config->crop * 3;
    float *a = malloc(bytes * sizeof *a), *b = malloc(bytes * sizeof *b);
    const bool same = cs_preprocess(&pre_stored, config, &stored.view, orientation, a, NULL) == CLIPSEARCH_OK &&
                      cs_preprocess(&pre_upright, config, &upright.view, 1, b, NULL) == CLIPSEARCH_OK &&
                      memcmp(pre_stored.cropped.view.rgb, pre_upright.cropped.view.rgb, bytes) == 0 &&
                      pre_stored.cropped.view.width == config->crop && pre_stored.cropped.view.height == config->crop &&
                      memcmp(a, b, bytes * sizeof *a) == 0;
    free(a);
    free(b);
    return same;
}

static cs_preprocess_config make_config(cs_resample filter, size_t resize, size_t crop, bool squash)
{
    return (cs_preprocess_config){
        filter, squash ? crop : resize, crop, {0.48f, 0.45f, 0.40f}, {0.26f, 0.25f, 0.27f}, squash, false, false};
}

/* A crop of a resized image: the pixels of `target` in the whole upright result. */
static bool same_crop(const cs_resize_target *target)
{
    if (cs_resize_crop(&resizer, &stored.view, target, &cropped, NULL) != CLIPSEARCH_OK ||
        cs_resize(&whole_resizer, &upright.view, (uint32_t)target->width, (uint32_t)target->height, target->filter,
                  &whole, NULL) != CLIPSEARCH_OK ||
        cropped.view.width != target->crop_width || cropped.view.height != target->crop_height)
        return false;
    const size_t row = (size_t)target->crop_width * 3;
    bool same = true;
    for (size_t y = 0; y < target->crop_height; y++)
        same = same && memcmp(cropped.view.rgb + y * row,
                              whole.view.rgb + ((target->top + y) * target->width + target->left) * 3, row) == 0;
    return same;
}

static cs_resize_target draw_target(cs_resample filter, unsigned orientation)
{
    cs_resize_target target = {.width = 1 + draw(LARGEST), .height = 1 + draw(LARGEST)};
    if (draw(4) == 0) /* a side that is not resampled */
        target.width = upright.view.width;
    if (draw(4) == 0)
        target.height = upright.view.height;
    target.filter = filter;
    target.orientation = orientation;
    target.left = draw((uint32_t)target.width);
    target.top = draw((uint32_t)target.height);
    target.crop_width = 1 + draw((uint32_t)(target.width - target.left));
    target.crop_height = 1 + draw((uint32_t)(target.height - target.top));
    return target;
}

/* Sides from 1 to 400, every ratio of them: both orders of the two passes, padded crops, sides that stay. */
static void test_random(void)
{
    enum { IMAGES = 120 };
    for (unsigned orientation = 1; orientation <= ORIENTATIONS; orientation++) {
        int crops = 0, prepared = 0, height_first = 0;
        state = 1;
        for (int i = 0; i < IMAGES; i++) {
            fixture_pattern(1 + draw(draw(2) ? 40 : 400), 1 + draw(draw(2) ? 40 : 400), &stored);
            turn_upright(orientation);
            for (size_t f = 0; f < sizeof filters / sizeof *filters; f++) {
                const cs_resize_target target = draw_target(filters[f], orientation);
                crops += same_crop(&target);
                const size_t resize = 1 + draw(LARGEST), crop = 1 + draw(LARGEST);
                for (int squash = 0; squash < 2; squash++) {
                    const cs_preprocess_config config = make_config(filters[f], resize, crop, squash);
                    prepared += same_preprocessed(&config, orientation);
                }
                height_first += (int64_t)upright.view.height - (int64_t)resize >
                                2 * ((int64_t)upright.view.width - (int64_t)resize);
            }
        }
        TAP_OK(crops == 3 * IMAGES, "orientation %u: %d crops of %d have the same bytes", orientation, crops,
               3 * IMAGES);
        TAP_OK(prepared == 6 * IMAGES && height_first > IMAGES / 10,
               "orientation %u: %d preprocessed images of %d (%d tall ones)", orientation, prepared, 6 * IMAGES,
               height_first);
    }
}

/* Results so large that their columns are made in several blocks; lines; a photo's sizes. */
static void test_sizes(void)
{
    static const struct {
        uint32_t width, height;
        uint64_t to_width, to_height; /* of the upright image */
    } cases[] = {{1900, 1500, 900, 1100}, {600, 2600, 1300, 700}, {3000, 40, 2000, 1000}, {40, 3000, 50, 9000},
                 {1, 5000, 300, 7},       {5000, 1, 1, 4000},     {1, 1, 70, 50}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool same = true;
        fixture_pattern(cases[i].width, cases[i].height, &stored);
        for (unsigned orientation = 1; orientation <= ORIENTATIONS; orientation++) {
            turn_upright(orientation);
            for (size_t f = 0; f < sizeof filters / sizeof *filters; f++) {
                const cs_resize_target target = {
                    cases[i].to_width,           cases[i].to_height,           0,          0,
                    (uint32_t)cases[i].to_width, (uint32_t)cases[i].to_height, filters[f], orientation};
                same = same && same_crop(&target);
            }
        }
        TAP_OK(same, "%u x %u to %llu x %llu, each orientation and filter", cases[i].width, cases[i].height,
               (unsigned long long)cases[i].to_width, (unsigned long long)cases[i].to_height);
    }
}

/* The resized image would have 224 x 22,400,000 pixels and more: no way of turning it makes more than the crop. */
static void test_extreme(void)
{
    static const uint32_t shapes[][2] = {{1, 100000}, {100000, 1}, {3, 2000000}, {2000000, 3}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        bool same = true;
        fixture_pattern(shapes[i][0], shapes[i][1], &stored);
        for (unsigned orientation = 1; orientation <= ORIENTATIONS; orientation++) {
            turn_upright(orientation);
            for (size_t f = 0; f < sizeof filters / sizeof *filters; f++) {
                const cs_preprocess_config config = make_config(filters[f], 224, 224, false);
                same = same && same_preprocessed(&config, orientation);
            }
        }
        TAP_OK(same && pre_stored.resizer.capacity < (8u << 20), "%u x %u pixels: %zu bytes of scratch", shapes[i][0],
               shapes[i][1], pre_stored.resizer.capacity);
    }
}

static void test_refusals(void)
{
    clipsearch_error err = {0};
    const cs_preprocess_config config = make_config(CS_BICUBIC, 1, 1, false);
    float pixels[3];
    fixture_pattern(600000, 1, &stored);
    const cs_resize_target target = {
        .width = 1, .height = 2, .crop_width = 1, .crop_height = 2, .filter = CS_BICUBIC, .orientation = 6};
    TAP_OK(cs_resize_crop(&resizer, &stored.view, &target, &cropped, &err) == CLIPSEARCH_E_LIMIT &&
               strncmp(err.message, "1 x 600000 pixels cannot be resized to 1 x 2:", 45) == 0,
           "sizes are named as they are displayed: %s", err.message);
    TAP_OK(cs_preprocess(&pre_stored, &config, &stored.view, 6, pixels, &err) == CLIPSEARCH_OK,
           "a crop that does not shrink a side so much");
}

static void test_steady_state(void)
{
    const cs_preprocess_config config = make_config(CS_BICUBIC, 96, 112, false);
    float *pixels = malloc(3 * 112 * 112 * sizeof *pixels);
    bool good = true;
    uint64_t before = 0;
    fixture_pattern(300, 200, &stored);
    for (int round = 0; round < 3; round++) {
        for (unsigned orientation = 1; orientation <= ORIENTATIONS; orientation++)
            good =
                good && cs_preprocess(&pre_stored, &config, &stored.view, orientation, pixels, NULL) == CLIPSEARCH_OK;
        before = round == 1 ? cs_mem_count() : before;
    }
    TAP_OK(good && cs_mem_count() == before, "preprocessing turned images again allocates nothing");
    free(pixels);
}

/* Real photographs, as if each had been stored in each of the ways. */
static void test_photographs(void)
{
    enum { PHOTOS = 60 };
    const char *shared = tap_shared_data(), *what = "photographs in every orientation";
    char folder[4000], path[4400];
    snprintf(folder, sizeof folder, "%s/photos/flickr8k-1000/images", shared ? shared : "");
    DIR *directory = shared ? opendir(folder) : NULL;
    if (!directory) {
        tap_skip(what, "no shared data");
        return;
    }
    cs_buf file = cs_buf_make(CS_IMAGE_MAX_BYTES);
    cs_decoder decoder = {0};
    const cs_preprocess_config config = make_config(CS_BICUBIC, 224, 224, false);
    int photos = 0, same = 0;
    for (struct dirent *entry; photos < PHOTOS && (entry = readdir(directory));) {
        unsigned ignored;
        if (!strstr(entry->d_name, ".jpg"))
            continue;
        photos++;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (cs_file_read(path, &file, NULL, NULL) != CLIPSEARCH_OK ||
            cs_decoder_decode_stored(&decoder, file.data, file.len, path, NULL, &stored, &ignored, NULL) !=
                CLIPSEARCH_OK)
            continue;
        for (unsigned orientation = 1; orientation <= ORIENTATIONS; orientation++) {
            turn_upright(orientation);
            same += same_preprocessed(&config, orientation);
        }
    }
    TAP_OK(photos == PHOTOS && same == photos * ORIENTATIONS, "%s: %d of %d have the same bytes", what, same,
           photos * ORIENTATIONS);
    closedir(directory);
    cs_decoder_free(&decoder);
    cs_buf_free(&file);
}

int main(void)
{
    test_random();
    test_sizes();
    test_extreme();
    test_refusals();
    test_steady_state();
    test_photographs();
    cs_image *images[] = {&stored, &upright, &spare, &whole, &cropped};
    for (size_t i = 0; i < sizeof images / sizeof *images; i++)
        cs_image_free(images[i]);
    cs_preprocessor_free(&pre_stored);
    cs_preprocessor_free(&pre_upright);
    cs_resizer_free(&resizer);
    cs_resizer_free(&whole_resizer);
    return tap_done();
}
