/* SPDX-License-Identifier: MIT
 * preprocess.c - resize, centre crop and normalise as torchvision does. */
#include "vision/preprocess.h"

#include "base/decimal.h"
#include "vision/orient.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How the crop cuts one side of the resized image. */
struct side {
    uint64_t skip;  /* pixels of the resized side before the crop */
    uint32_t keep;  /* pixels of the resized side in the crop */
    uint32_t black; /* black pixels before them, when the side is shorter than the crop */
};

/* Source: torchvision.transforms.functional.center_crop: pads a short side, floor before, the rest behind; the
 * offset of a long one is Python's round(), half to even. */
static struct side center(uint64_t resized, uint32_t crop)
{
    if (resized < crop)
        return (struct side){0, (uint32_t)resized, (crop - (uint32_t)resized) / 2};
    uint64_t spare = resized - crop, half = spare / 2;
    return (struct side){half + (spare & 1 && half & 1 ? 1 : 0), crop, 0};
}

/* Move the pixels of `image` into the middle of a black image of crop x crop, in place: `image` has the room. From the
 * last row up, so that no row overwrites one that must still move: rows only get longer and go down. */
static void pad(cs_image *image, uint32_t crop, const struct side *across, const struct side *down)
{
    size_t stride = (size_t)crop * 3, from_stride = (size_t)across->keep * 3, before = (size_t)across->black * 3;
    for (size_t y = crop; y-- > 0;) {
        uint8_t *row = image->view.rgb + y * stride;
        if (y < down->black || y - down->black >= down->keep) {
            memset(row, 0, stride);
            continue;
        }
        memmove(row + before, image->view.rgb + (y - down->black) * from_stride, from_stride);
        memset(row, 0, before);
        memset(row + before + from_stride, 0, stride - before - from_stride);
    }
    image->view.width = crop;
    image->view.height = crop;
}

/* [crop, crop, 3] bytes -> [3, crop, crop] floats. Sources: torchvision to_tensor (x / 255) and normalize ((x - mean) /
 * std); Keras preprocess_input, mode "caffe" (BGR, x - mean); each step rounded to float. A byte has 256 values, so
 * each is computed once a channel. */
static void normalize(const cs_preprocess_config *config, const uint8_t *rgb, size_t count, float *pixels)
{
    for (size_t c = 0; c < 3; c++) {
        float table[256];
        for (int v = 0; v < 256; v++)
            table[v] = ((config->unscaled ? (float)v : (float)v / 255.0f) - config->mean[c]) / config->std[c];
        const uint8_t *from = rgb + (config->bgr ? 2 - c : c);
        for (size_t i = 0; i < count; i++)
            pixels[c * count + i] = table[from[i * 3]];
    }
}

/* The target of an image of width x height, displayed; and where the crop's two sides lie in it. */
static cs_resize_target plan_resize(const cs_preprocess_config *config, uint64_t width, uint64_t height,
                                    unsigned orientation, struct side *across, struct side *down)
{
    const uint32_t crop = (uint32_t)config->crop;
    cs_resize_target target = {.width = crop, .height = crop, .filter = config->resample, .orientation = orientation};
    if (!config->squash) {
        const bool tall = width <= height;
        const uint64_t small = tall ? width : height, large = tall ? height : width;
        /* Python's int(size * long / short): one division rounded to double, then truncated. The product is below
         * 2^43. */
        const uint64_t resized = (uint64_t)((double)(config->resize * large) / (double)small);
        target.width = tall ? config->resize : resized;
        target.height = tall ? resized : config->resize;
    }
    *across = center(target.width, crop);
    *down = center(target.height, crop);
    target.left = across->skip;
    target.top = down->skip;
    target.crop_width = across->keep;
    target.crop_height = down->keep;
    return target;
}

clipsearch_status cs_preprocess(cs_preprocessor *pre, const cs_preprocess_config *config, const clipsearch_image *image,
                                unsigned orientation, float *pixels, clipsearch_error *err)
{
    if (config->resize == 0 || config->resize > CS_MAX_IMAGE || config->crop == 0 || config->crop > CS_MAX_IMAGE ||
        image->width == 0 || image->height == 0)
        return cs_fail(
            err, CLIPSEARCH_E_ARGUMENT, "%u x %u pixels, resize to %zu, crop to %zu: each must be at least 1%s",
            image->width, image->height, config->resize, config->crop,
            config->resize > CS_MAX_IMAGE || config->crop > CS_MAX_IMAGE ? ", and the model's at most 2048" : "");
    const uint32_t crop = (uint32_t)config->crop;
    const bool swapped = cs_orientation_swaps_sides(orientation);
    struct side across, down;
    const cs_resize_target target = plan_resize(config, swapped ? image->height : image->width,
                                                swapped ? image->width : image->height, orientation, &across, &down);
    /* room for the padded image from the start, so that padding allocates nothing */
    clipsearch_status status = cs_image_reserve(&pre->cropped, crop, crop, err);
    if (status == CLIPSEARCH_OK)
        status = cs_resize_crop(&pre->resizer, image, &target, &pre->cropped, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (across.keep < crop || down.keep < crop)
        pad(&pre->cropped, crop, &across, &down);
    normalize(config, pre->cropped.view.rgb, (size_t)crop * crop, pixels);
    return CLIPSEARCH_OK;
}

void cs_preprocessor_free(cs_preprocessor *pre)
{
    if (!pre)
        return;
    cs_resizer_free(&pre->resizer);
    cs_image_free(&pre->cropped);
}

clipsearch_status cs_preprocess_describe(const cs_preprocess_config *config, char text[256])
{
    static const char *const filters[] = {
        [CS_NEAREST] = "nearest", [CS_BILINEAR] = "bilinear", [CS_BICUBIC] = "bicubic"};
    char mean[3][CS_DECIMAL_TEXT], std[3][CS_DECIMAL_TEXT];
    for (int c = 0; c < 3; c++) {
        /* from one digit on, as every collection has stored this line so far: it is compared */
        cs_float_text(config->mean[c], 1, mean[c]);
        cs_float_text(config->std[c], 1, std[c]);
    }
    char how[96];
    if (config->squash)
        snprintf(how, sizeof how, "squash %zu %s", config->crop, filters[config->resample]);
    else
        snprintf(how, sizeof how, "resize %zu %s, crop %zu", config->resize, filters[config->resample], config->crop);
    int n = snprintf(text, 256, "%s%s%s, mean %s %s %s, std %s %s %s", how, config->bgr ? ", bgr" : "",
                     config->unscaled ? ", unscaled" : "", mean[0], mean[1], mean[2], std[0], std[1], std[2]);
    return n > 0 && n < 256 ? CLIPSEARCH_OK : CLIPSEARCH_E_LIMIT;
}
