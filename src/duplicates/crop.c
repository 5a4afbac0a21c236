/* SPDX-License-Identifier: MIT
 * crop.c - a search among windows, edge by edge.
 *
 * It looks at the brightness of every second pixel of every second row: while the steps are long, of images of half the
 * size, where a quarter as much is to be done and windows that are farther off are still alike. A window's rows and
 * columns lie between those of the image at places that are the same for all its rows and columns, so each row is first
 * mixed of two, all columns at once, and then each pixel of two. */
#include "duplicates/crop.h"

enum { SIDE = CS_SMALL_SIDE, HALF = SIDE / 2, STEP = 2 /* pixels from one that is looked at to the next */ };

static const float long_step = 0.02F, least_step = 0.004F; /* of a side */
static const float crop_least = 0.8F;                      /* correlation after the long steps, and of what is found */

/* Places between pixels: at `first`, and `share` of the way to the next. */
typedef struct places {
    size_t first[SIDE];
    float share[SIDE];
} places;

/* The places of every `step`-th pixel of a side when `before` and `after` are left out of it. */
static inline void find_places(float before, float after, size_t side, size_t step, places *out)
{
    const float scale = 1 - before - after, most = (float)(side - 1);
    for (size_t i = 0; i < side / step; i++) {
        float at = before * (float)side + ((float)(step / 2 + i * step) + 0.5F) * scale - 0.5F;
        at = at < 0 ? 0 : at > most ? most : at;
        out->first[i] = at < most ? (size_t)at : side - 2;
        out->share[i] = at - (float)out->first[i];
    }
}

void cs_grey_make(const cs_small_image *image, cs_grey *grey)
{
    double sum = 0;
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++) {
            const uint8_t *rgb = image->rgb[y][x];
            sum += grey->pixels[y][x] = 0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2];
        }
    const float mean = (float)(sum / (SIDE * SIDE));
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++)
            grey->pixels[y][x] -= mean;
    for (size_t y = 0; y < HALF; y++)
        for (size_t x = 0; x < HALF; x++)
            grey->half[y][x] = (grey->pixels[2 * y][2 * x] + grey->pixels[2 * y][2 * x + 1] +
                                grey->pixels[2 * y + 1][2 * x] + grey->pixels[2 * y + 1][2 * x + 1]) /
                               4;
}

/* What a part has at the places that are looked at, less its mean. */
typedef struct target {
    float pixels[HALF * HALF];
    double squares;
} target;

static void make_target(const float *pixels, size_t side, target *t)
{
    const size_t few = side / STEP;
    double sum = 0;
    t->squares = 0;
    for (size_t y = 0; y < few; y++)
        for (size_t x = 0; x < few; x++)
            sum += t->pixels[y * few + x] = pixels[(STEP / 2 + y * STEP) * side + STEP / 2 + x * STEP];
    const float mean = (float)(sum / (double)(few * few));
    for (size_t i = 0; i < few * few; i++) {
        t->pixels[i] -= mean;
        t->squares += t->pixels[i] * t->pixels[i];
    }
}

static float add_lanes(const float *lanes, size_t count)
{
    float sum = 0;
    for (size_t l = 0; l < count; l++)
        sum += lanes[l];
    return sum;
}

/* The correlation of a window with the target. The values' mean is near 0, so that sums of floats are exact enough. */
static inline float correlate(const float *pixels, size_t side, const cs_window *w, const target *t)
{
    enum { LANES = 4 };
    const size_t few = side / STEP;
    places columns, rows;
    float row[SIDE], mixed[HALF], a[LANES] = {0}, aa[LANES] = {0}, ab[LANES] = {0};
    find_places(w->left, w->right, side, STEP, &columns);
    find_places(w->top, w->bottom, side, STEP, &rows);
    for (size_t y = 0; y < few; y++) {
        const float *one = pixels + rows.first[y] * side, *two = one + side, share = rows.share[y];
        for (size_t x = 0; x < side; x++)
            row[x] = one[x] + share * (two[x] - one[x]);
        for (size_t x = 0; x < few; x++) {
            const float *at = row + columns.first[x];
            mixed[x] = at[0] + columns.share[x] * (at[1] - at[0]);
        }
        for (size_t x = 0; x < few; x += LANES)
            for (size_t l = 0; l < LANES; l++) {
                a[l] += mixed[x + l];
                aa[l] += mixed[x + l] * mixed[x + l];
                ab[l] += mixed[x + l] * t->pixels[y * few + x + l];
            }
    }
    return cs_correlation((double)(few * few), add_lanes(a, LANES), 0, add_lanes(aa, LANES), t->squares,
                          add_lanes(ab, LANES));
}

/* Of the images, or with `half` of those of half the size. */
static float score_of(const cs_grey *image, bool half, const cs_window *w, const target *t)
{
    return half ? correlate(&image->half[0][0], HALF, w, t) : correlate(&image->pixels[0][0], SIDE, w, t);
}

/* Move one edge after the other by `step` as long as the correlation grows. Returns the last one. */
static float move_edges(const cs_grey *image, bool half, const target *t, float step, cs_window *best)
{
    float score = score_of(image, half, best, t);
    for (bool better = true; better;) {
        better = false;
        for (size_t edge = 0; edge < 8; edge++) {
            cs_window next = *best;
            float *const edges[] = {&next.left, &next.top, &next.right, &next.bottom};
            float *moved = edges[edge / 2];
            *moved += edge % 2 ? step : -step;
            if (*moved < 0 || *moved > CS_CROP_MOST)
                continue;
            const float now = score_of(image, half, &next, t);
            if (now > score + 1e-5F) {
                score = now;
                *best = next;
                better = true;
            }
        }
    }
    return score;
}

bool cs_crop_find(const cs_grey *image, const cs_grey *part, float start, cs_window *found)
{
    target t;
    *found = (cs_window){start, start, start, start};
    make_target(&part->half[0][0], HALF, &t);
    float score = move_edges(image, true, &t, long_step, found);
    if (score < crop_least)
        return false;
    make_target(&part->pixels[0][0], SIDE, &t);
    for (float step = long_step / 2; step > least_step && score >= crop_least; step /= 2)
        score = move_edges(image, false, &t, step, found);
    return score >= crop_least;
}

void cs_crop_fill(const cs_small_image *image, const cs_window *window, cs_grid *grid)
{
    places columns, rows;
    find_places(window->left, window->right, SIDE, 1, &columns);
    find_places(window->top, window->bottom, SIDE, 1, &rows);
    for (size_t y = 0; y < SIDE; y++) {
        const uint8_t *one = &image->rgb[rows.first[y]][0][0], *two = one + CS_GRID_ROW;
        float row[CS_GRID_ROW];
        for (size_t i = 0; i < CS_GRID_ROW; i++)
            row[i] = (float)one[i] + rows.share[y] * (float)(two[i] - one[i]);
        for (size_t x = 0; x < SIDE; x++)
            for (size_t c = 0; c < 3; c++) {
                const float *at = row + columns.first[x] * 3 + c;
                grid->values[y * CS_GRID_ROW + x * 3 + c] = at[0] + columns.share[x] * (at[3] - at[0]);
            }
    }
}
