/* SPDX-License-Identifier: MIT
 * compare.c - small images compared as they are, turned, mirrored and cropped.
 *
 * Like scenes have like colours in like places, so a high correlation is not enough. Their details differ, however, and
 * recoding or resizing keeps details. Images without details (a wall, a sky) must be equal in every part instead. */
#include "duplicates/compare.h"

#include <math.h>
#include <string.h>

enum {
    SIDE = CS_SMALL_SIDE,
    PARTS = 6, /* of a side, for the worst part */
    COARSE = 2 /* every second pixel while a crop is searched for */
};

/* The limits. docs/duplicates.md has what was measured with them. */
static const float same_correlation = 0.98F, same_detail = 0.85F, same_difference = 8, same_worst = 14;
static const float edited_correlation = 0.95F, edited_detail = 0.8F, edited_worst = 22, most_gain = 1.6F;
static const float smooth_detail = 1.2F, smooth_difference = 2, smooth_worst = 4;
static const float coarse_same = 0.8F;  /* correlation of the cells before pixels are compared as they are, */
static const float coarse_start = 0.4F; /* before they are in another orientation, */
static const float turn_start = 0.4F;   /* and of the pixels before a crop is searched for */
static const float crop_least = 0.8F;   /* correlation after the first, long steps of that search */
static const float crop_most = 0.12F;   /* of a side, at each end */
static const float aspect_same = 0.02F; /* relative difference of the sides' ratio */

/* The values of an image, or of a window of it, in the orientation of another. */
typedef struct grid {
    float rgb[SIDE * SIDE][3];
} grid;

/* Shares of the sides that are left out. */
typedef struct window {
    float left, top, right, bottom;
} window;

/* The value at a place in pixels, between pixels by the four around it. */
static void sample(const cs_small_image *image, float x, float y, float out[3])
{
    const float most = SIDE - 1;
    x = x < 0 ? 0 : x > most ? most : x;
    y = y < 0 ? 0 : y > most ? most : y;
    const size_t x0 = (size_t)x, y0 = (size_t)y, x1 = x0 + (x0 < SIDE - 1), y1 = y0 + (y0 < SIDE - 1);
    const float fx = x - (float)x0, fy = y - (float)y0;
    for (size_t c = 0; c < 3; c++)
        out[c] = (1 - fy) * ((1 - fx) * image->rgb[y0][x0][c] + fx * image->rgb[y0][x1][c]) +
                 fy * ((1 - fx) * image->rgb[y1][x0][c] + fx * image->rgb[y1][x1][c]);
}

/* The window of `image`, then turned by `orientation`; every `step`-th pixel of every `step`-th row. */
static size_t fill_grid(const cs_small_image *image, const window *w, unsigned orientation, size_t step, grid *out)
{
    size_t count = 0;
    for (size_t y = step / 2; y < SIDE; y += step)
        for (size_t x = step / 2; x < SIDE; x += step) {
            float u = ((float)x + 0.5F) / SIDE, v = ((float)y + 0.5F) / SIDE;
            if (orientation & 4) {
                const float swap = u;
                u = v;
                v = swap;
            }
            u = orientation & 1 ? 1 - u : u;
            v = orientation & 2 ? 1 - v : v;
            u = w->left + u * (1 - w->left - w->right);
            v = w->top + v * (1 - w->top - w->bottom);
            sample(image, u * SIDE - 0.5F, v * SIDE - 0.5F, out->rgb[count++]);
        }
    return count;
}

/* Sums over pairs of values. */
typedef struct sums {
    double n, a, b, aa, bb, ab;
} sums;

static void add_pair(sums *s, double a, double b)
{
    s->n++;
    s->a += a;
    s->b += b;
    s->aa += a * a;
    s->bb += b * b;
    s->ab += a * b;
}

static double variance(double n, double sum, double squares)
{
    const double v = squares / n - sum / n * (sum / n);
    return v > 0 ? v : 0;
}

static double covariance(const sums *s)
{
    return s->ab / s->n - s->a / s->n * (s->b / s->n);
}

static float correlation_of(const sums *s)
{
    const double both = sqrt(variance(s->n, s->a, s->aa) * variance(s->n, s->b, s->bb));
    return both > 1e-9 ? (float)(covariance(s) / both) : 0;
}

static sums sum_values(const grid *a, const grid *b, size_t count)
{
    sums s = {0};
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < 3; c++)
            add_pair(&s, a->rgb[i][c], b->rgb[i][c]);
    return s;
}

/* What is left of the brightness when the mean of 5 x 5 pixels is taken off. */
static void detail_of(const grid *g, float detail[SIDE * SIDE])
{
    float grey[SIDE * SIDE];
    for (size_t i = 0; i < SIDE * SIDE; i++)
        grey[i] = 0.299F * g->rgb[i][0] + 0.587F * g->rgb[i][1] + 0.114F * g->rgb[i][2];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            float sum = 0;
            int n = 0;
            for (int j = y > 2 ? y - 2 : 0; j <= y + 2 && j < SIDE; j++)
                for (int i = x > 2 ? x - 2 : 0; i <= x + 2 && i < SIDE; i++, n++)
                    sum += grey[j * SIDE + i];
            detail[y * SIDE + x] = grey[y * SIDE + x] - sum / (float)n;
        }
}

/* The largest mean difference of a part in one colour, when b is gain * a + offset. */
static float worst_part(const grid *a, const grid *b, float gain, float offset)
{
    float sum[PARTS][PARTS][3] = {{{0}}}, worst = 0;
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++)
            for (size_t c = 0; c < 3; c++)
                sum[y * PARTS / SIDE][x * PARTS / SIDE][c] +=
                    fabsf(gain * a->rgb[y * SIDE + x][c] + offset - b->rgb[y * SIDE + x][c]);
    for (size_t i = 0; i < PARTS * PARTS * 3; i++)
        worst = fmaxf(worst, sum[i / 3 / PARTS][i / 3 % PARTS][i % 3]);
    return worst / (SIDE * SIDE / (PARTS * PARTS));
}

static float correlate(const grid *a, const grid *b)
{
    const sums values = sum_values(a, b, SIDE * SIDE);
    return correlation_of(&values);
}

static cs_likeness compare_grids(const grid *a, const grid *b)
{
    float detail_a[SIDE * SIDE], detail_b[SIDE * SIDE];
    cs_likeness like = {0};
    const sums values = sum_values(a, b, SIDE * SIDE);
    sums details = {0};
    double difference = 0;
    for (size_t i = 0; i < SIDE * SIDE; i++)
        for (size_t c = 0; c < 3; c++)
            difference += fabsf(a->rgb[i][c] - b->rgb[i][c]);
    detail_of(a, detail_a);
    detail_of(b, detail_b);
    for (size_t i = 0; i < SIDE * SIDE; i++)
        add_pair(&details, detail_a[i], detail_b[i]);
    const double of_a = variance(values.n, values.a, values.aa);
    like.correlation = correlation_of(&values);
    like.detail = correlation_of(&details);
    like.difference = (float)(difference / values.n);
    like.gain = of_a > 1e-9 ? (float)(covariance(&values) / of_a) : 0;
    like.worst = worst_part(a, b, like.gain, (float)(values.b / values.n - like.gain * values.a / values.n));
    like.smooth = sqrt(variance(details.n, details.a, details.aa)) < smooth_detail ||
                  sqrt(variance(details.n, details.b, details.bb)) < smooth_detail;
    return like;
}

/* All of `image`, turned by `orientation`. */
static void fill_whole(const cs_small_image *image, unsigned orientation, grid *out)
{
    size_t count = 0;
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++, count++) {
            const size_t u = orientation & 4 ? y : x, v = orientation & 4 ? x : y;
            const uint8_t *rgb = image->rgb[orientation & 2 ? SIDE - 1 - v : v][orientation & 1 ? SIDE - 1 - u : u];
            for (size_t c = 0; c < 3; c++)
                out->rgb[count][c] = rgb[c];
        }
}

static const window whole = {0};

cs_likeness cs_compare_upright(const cs_small_image *a, const cs_small_image *b)
{
    grid of_a, of_b;
    fill_whole(a, 0, &of_a);
    fill_whole(b, 0, &of_b);
    return compare_grids(&of_a, &of_b);
}

/* ---------------------------------------------------------------- levels */

/* How much the ratios of the sides differ; with `swapped`, when one is turned by 90 degrees. */
static float aspect_difference(const cs_small_image *a, const cs_small_image *b, bool swapped)
{
    const double ratio_a = (double)a->width / a->height,
                 ratio_b = swapped ? (double)b->height / b->width : (double)b->width / b->height;
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

/* ---------------------------------------------------------------- crops */

static float crop_score(const cs_small_image *image, const window *w, unsigned orientation, const grid *target)
{
    grid part;
    const size_t count = fill_grid(image, w, orientation, COARSE, &part);
    const sums s = sum_values(&part, target, count);
    return correlation_of(&s);
}

/* Move one edge after the other as long as the correlation grows, in shorter and shorter steps. */
static window search_crop(const cs_small_image *image, unsigned orientation, const grid *target, float start)
{
    window best = {start, start, start, start};
    float score = crop_score(image, &best, orientation, target);
    for (float step = 0.02F; step > 0.004F && (step > 0.01F || score >= crop_least); step /= 2)
        for (bool better = true; better;) {
            better = false;
            for (size_t edge = 0; edge < 8; edge++) {
                window next = best;
                float *const edges[] = {&next.left, &next.top, &next.right, &next.bottom};
                float *moved = edges[edge / 2];
                *moved += edge % 2 ? step : -step;
                if (*moved < 0 || *moved > crop_most)
                    continue;
                const float now = crop_score(image, &next, orientation, target);
                if (now > score + 1e-5F) {
                    score = now;
                    best = next;
                    better = true;
                }
            }
        }
    return best;
}

/* Whether `part` is a window of `image`, turned by `orientation`. */
static bool is_crop(const cs_small_image *image, const cs_small_image *part, unsigned orientation)
{
    static const float starts[] = {0.02F, 0.06F};
    grid coarse, full, target;
    fill_grid(part, &whole, 0, COARSE, &coarse);
    fill_whole(part, 0, &target);
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        const window found = search_crop(image, orientation, &coarse, starts[i]);
        if (crop_score(image, &found, orientation, &coarse) < crop_least)
            continue;
        fill_grid(image, &found, orientation, 1, &full);
        const cs_likeness like = compare_grids(&full, &target);
        if (is_edited(&like))
            return true;
    }
    return false;
}

/* Whether b is a, turned by `orientation`, and perhaps one is a window of the other. */
static bool is_turned(const cs_small_image *a, const cs_small_image *b, unsigned orientation)
{
    static const unsigned inverse[CS_ORIENTATIONS] = {0, 1, 2, 3, 4, 6, 5, 7};
    const float aspect = aspect_difference(a, b, orientation & 4);
    grid of_a, of_b;
    if (aspect > 2 * crop_most)
        return false;
    fill_whole(a, orientation, &of_a);
    fill_whole(b, 0, &of_b);
    const float correlation = correlate(&of_a, &of_b);
    if (correlation < turn_start)
        return false;
    if (correlation >= edited_correlation) {
        const cs_likeness like = compare_grids(&of_a, &of_b);
        if (is_edited(&like))
            return true;
        if (like.smooth)
            return false;
    }
    return is_crop(a, b, orientation) || is_crop(b, a, inverse[orientation]);
}

clipsearch_duplicate_level cs_compare(const cs_comparable *a, const cs_comparable *b, bool edited)
{
    float coarse[CS_ORIENTATIONS];
    cs_coarse_compare(a->coarse, b->coarse, coarse);
    if (coarse[0] >= coarse_same || a->coarse->flat || b->coarse->flat) {
        const cs_likeness like = cs_compare_upright(a->image, b->image);
        if (is_same(&like) &&
            aspect_difference(a->image, b->image, false) <= aspect_same + rounding_of(a->image) + rounding_of(b->image))
            return CLIPSEARCH_DUPLICATES_SAME;
    }
    for (unsigned orientation = 0; edited && orientation < CS_ORIENTATIONS; orientation++)
        if (coarse[orientation] >= coarse_start && is_turned(a->image, b->image, orientation))
            return CLIPSEARCH_DUPLICATES_EDITED;
    return (clipsearch_duplicate_level)0;
}
