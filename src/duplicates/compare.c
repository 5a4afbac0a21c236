/* SPDX-License-Identifier: MIT
 * compare.c - small images compared as they are, turned, mirrored and cropped.
 *
 * Like scenes have like colours in like places, so a high correlation is not enough. Their details differ, however, and
 * recoding or resizing keeps details. Images without details (a wall, a sky) must be equal in every part instead. */
#include "duplicates/compare.h"

#include "duplicates/crop.h"

#include <math.h>

/* The limits. docs/duplicates.md has what was measured with them. */
static const float same_correlation = 0.98F, same_detail = 0.85F, same_difference = 8, same_worst = 14;
static const float edited_correlation = 0.95F, edited_detail = 0.8F, edited_worst = 22, most_gain = 1.6F;
static const float smooth_difference = 2, smooth_worst = 4;
static const float coarse_same = 0.8F;  /* correlation of the cells before pixels are compared as they are, */
static const float coarse_start = 0.4F; /* before they are in another orientation, */
static const float turn_start = 0.4F;   /* and of the pixels before a crop is searched for */
static const float aspect_same = 0.02F; /* relative difference of the sides' ratio */

cs_likeness cs_compare_upright(const cs_small_image *a, const cs_small_image *b)
{
    cs_grid of_a, of_b;
    cs_grid_fill(a, &of_a);
    cs_grid_fill(b, &of_b);
    return cs_grid_compare(&of_a, &of_b);
}

/* ---------------------------------------------------------------- levels */

/* How much the ratios of the sides differ. */
static float aspect_difference(const cs_small_image *a, const cs_small_image *b)
{
    const double ratio_a = (double)a->width / a->height, ratio_b = (double)b->width / b->height;
    return (float)fabs(log(ratio_a / ratio_b));
}

/* What a rounding of the shorter side to whole pixels may change. */
static float rounding_of(const cs_small_image *image)
{
    return 1 / (float)(image->width < image->height ? image->width : image->height);
}

static bool is_same(const cs_likeness *like)
{
    if (like->smooth)
        return like->difference <= smooth_difference && like->worst <= smooth_worst;
    return like->correlation >= same_correlation && like->detail >= same_detail &&
           like->difference <= same_difference && like->worst <= same_worst;
}

static bool is_edited(const cs_likeness *like)
{
    return !like->smooth && like->correlation >= edited_correlation && like->detail >= edited_detail &&
           like->worst <= edited_worst && like->gain <= most_gain && like->gain >= 1 / most_gain;
}

/* ---------------------------------------------------------------- turned and cropped */

/* `image`, turned by `orientation`. */
static void turn(const cs_small_image *image, unsigned orientation, cs_small_image *out)
{
    enum { SIDE = CS_SMALL_SIDE };
    const bool swapped = orientation & 4;
    out->width = swapped ? image->height : image->width;
    out->height = swapped ? image->width : image->height;
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++) {
            const size_t u = swapped ? y : x, v = swapped ? x : y;
            const uint8_t *rgb = image->rgb[orientation & 2 ? SIDE - 1 - v : v][orientation & 1 ? SIDE - 1 - u : u];
            for (size_t c = 0; c < 3; c++)
                out->rgb[y][x][c] = rgb[c];
        }
}

/* Whether `part` is a window of `image`. */
static bool is_crop(const cs_small_image *image, const cs_grey *grey, const cs_small_image *part,
                    const cs_grey *part_grey)
{
    static const float starts[] = {0.02F, 0.06F};
    cs_grid cropped, target;
    cs_window window;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (!cs_crop_find(grey, part_grey, starts[i], &window))
            continue;
        cs_crop_fill(image, &window, &cropped);
        cs_grid_fill(part, &target);
        const cs_likeness like = cs_grid_compare(&cropped, &target);
        if (is_edited(&like))
            return true;
    }
    return false;
}

/* Whether b is a, which has been turned, and perhaps one is a window of the other. */
static bool is_edit_of(const cs_small_image *a, const cs_small_image *b)
{
    cs_grey grey_a, grey_b;
    if (aspect_difference(a, b) > 2 * CS_CROP_MOST)
        return false;
    const float correlation = cs_small_image_correlate(a, b);
    if (correlation < turn_start)
        return false;
    if (correlation >= edited_correlation) {
        const cs_likeness like = cs_compare_upright(a, b);
        if (is_edited(&like))
            return true;
        if (like.smooth)
            return false;
    }
    cs_grey_make(a, &grey_a);
    cs_grey_make(b, &grey_b);
    return is_crop(a, &grey_a, b, &grey_b) || is_crop(b, &grey_b, a, &grey_a);
}

static bool is_turned(const cs_small_image *a, const cs_small_image *b, unsigned orientation)
{
    cs_small_image turned;
    if (!orientation)
        return is_edit_of(a, b);
    turn(a, orientation, &turned);
    return is_edit_of(&turned, b);
}

clipsearch_duplicate_level cs_compare(const cs_comparable *a, const cs_comparable *b, bool edited)
{
    float coarse[CS_ORIENTATIONS];
    cs_coarse_compare(a->coarse, b->coarse, coarse);
    if (coarse[0] >= coarse_same || a->coarse->flat || b->coarse->flat) {
        const cs_likeness like = cs_compare_upright(a->image, b->image);
        if (is_same(&like) &&
            aspect_difference(a->image, b->image) <= aspect_same + rounding_of(a->image) + rounding_of(b->image))
            return CLIPSEARCH_DUPLICATES_SAME;
    }
    for (unsigned orientation = 0; edited && orientation < CS_ORIENTATIONS; orientation++)
        if (coarse[orientation] >= coarse_start && is_turned(a->image, b->image, orientation))
            return CLIPSEARCH_DUPLICATES_EDITED;
    return (clipsearch_duplicate_level)0;
}
