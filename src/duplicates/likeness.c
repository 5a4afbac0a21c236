/* SPDX-License-Identifier: MIT
 * likeness.c - sums over two grids. They are made row by row in several lanes, which compilers turn into vectors; a
 * row's sums are added up in double, because a variance is the small difference of two large numbers. */
#include "duplicates/likeness.h"

#include <math.h>
#include <string.h>

enum {
    SIDE = CS_SMALL_SIDE,
    ROW = CS_GRID_ROW,
    LANES = 8,
    PARTS = 6, /* of a side, for the worst part */
    PART = SIDE / PARTS,
    REACH = 2, /* pixels to each side that the mean around a pixel is made of */
    PADDED = SIDE + 2 * REACH
};

static const float smooth_detail = 1.2F; /* standard deviation of the details of an image without any */

/* Sums over pairs of values. */
typedef struct sums {
    double n, a, b, aa, bb, ab, difference;
} sums;

static float add_lanes(const float lanes[LANES])
{
    float sum = 0;
    for (size_t l = 0; l < LANES; l++)
        sum += lanes[l];
    return sum;
}

/* Add `count` pairs of values, a multiple of LANES. */
static void add_row(sums *s, const float *a, const float *b, size_t count)
{
    float la[LANES] = {0}, lb[LANES] = {0}, laa[LANES] = {0}, lbb[LANES] = {0}, lab[LANES] = {0}, ld[LANES] = {0};
    for (size_t i = 0; i < count; i += LANES)
        for (size_t l = 0; l < LANES; l++) {
            const float x = a[i + l], y = b[i + l];
            la[l] += x;
            lb[l] += y;
            laa[l] += x * x;
            lbb[l] += y * y;
            lab[l] += x * y;
            ld[l] += fabsf(x - y);
        }
    s->n += (double)count;
    s->a += add_lanes(la);
    s->b += add_lanes(lb);
    s->aa += add_lanes(laa);
    s->bb += add_lanes(lbb);
    s->ab += add_lanes(lab);
    s->difference += add_lanes(ld);
}

static sums add_rows(const float *a, const float *b, size_t row)
{
    sums s = {0};
    for (size_t y = 0; y < SIDE; y++)
        add_row(&s, a + y * row, b + y * row, row);
    return s;
}

static double variance(double n, double sum, double squares)
{
    const double v = squares / n - sum / n * (sum / n);
    return v > 0 ? v : 0;
}

float cs_correlation(double n, double a, double b, double aa, double bb, double ab)
{
    const double both = sqrt(variance(n, a, aa) * variance(n, b, bb));
    return both > 1e-9 ? (float)((ab / n - a / n * (b / n)) / both) : 0;
}

static float correlation_of(const sums *s)
{
    return cs_correlation(s->n, s->a, s->b, s->aa, s->bb, s->ab);
}

/* What is left of the brightness when the mean of 5 x 5 pixels is taken off. At an edge there are fewer. */
static void detail_of(const cs_grid *g, float detail[CS_GRID_PIXELS])
{
    float grey[PADDED][SIDE] = {{0}}, column[PADDED];
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++) {
            const float *rgb = g->values + (y * SIDE + x) * 3;
            grey[y + REACH][x] = 0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2];
        }
    for (size_t y = 0; y < SIDE; y++) {
        const size_t rows = (y < REACH ? y : REACH) + 1 + (SIDE - 1 - y < REACH ? SIDE - 1 - y : REACH);
        memset(column, 0, sizeof column);
        for (size_t x = 0; x < SIDE; x++)
            column[x + REACH] = grey[y][x] + grey[y + 1][x] + grey[y + 2][x] + grey[y + 3][x] + grey[y + 4][x];
        for (size_t x = 0; x < SIDE; x++) {
            const size_t columns = (x < REACH ? x : REACH) + 1 + (SIDE - 1 - x < REACH ? SIDE - 1 - x : REACH);
            const float sum = column[x] + column[x + 1] + column[x + 2] + column[x + 3] + column[x + 4];
            detail[y * SIDE + x] = grey[y + REACH][x] - sum / (float)(rows * columns);
        }
    }
}

/* The largest mean difference of a part in one colour, when b is gain * a + offset. */
static float worst_part(const cs_grid *a, const cs_grid *b, float gain, float offset)
{
    float worst = 0;
    for (size_t part = 0; part < PARTS; part++) {
        float columns[ROW] = {0};
        for (size_t y = part * PART; y < (part + 1) * PART; y++)
            for (size_t i = 0; i < ROW; i++)
                columns[i] += fabsf(gain * a->values[y * ROW + i] + offset - b->values[y * ROW + i]);
        for (size_t x = 0; x < PARTS; x++)
            for (size_t c = 0; c < 3; c++) {
                float sum = 0;
                for (size_t i = 0; i < PART; i++)
                    sum += columns[(x * PART + i) * 3 + c];
                worst = fmaxf(worst, sum);
            }
    }
    return worst / (PART * PART);
}

void cs_grid_fill(const cs_small_image *image, cs_grid *grid)
{
    const uint8_t *bytes = &image->rgb[0][0][0];
    for (size_t i = 0; i < CS_GRID_VALUES; i++)
        grid->values[i] = bytes[i];
}

cs_likeness cs_grid_compare(const cs_grid *a, const cs_grid *b)
{
    float detail_a[CS_GRID_PIXELS], detail_b[CS_GRID_PIXELS];
    cs_likeness like = {0};
    detail_of(a, detail_a);
    detail_of(b, detail_b);
    const sums values = add_rows(a->values, b->values, ROW), details = add_rows(detail_a, detail_b, SIDE);
    const double of_a = variance(values.n, values.a, values.aa);
    const double both = values.ab / values.n - values.a / values.n * (values.b / values.n);
    like.correlation = correlation_of(&values);
    like.detail = correlation_of(&details);
    like.difference = (float)(values.difference / values.n);
    like.gain = of_a > 1e-9 ? (float)(both / of_a) : 0;
    like.worst = worst_part(a, b, like.gain, (float)(values.b / values.n - like.gain * values.a / values.n));
    like.smooth = sqrt(variance(details.n, details.a, details.aa)) < smooth_detail ||
                  sqrt(variance(details.n, details.b, details.bb)) < smooth_detail;
    return like;
}

float cs_small_image_correlate(const cs_small_image *a, const cs_small_image *b)
{
    const uint8_t *x = &a->rgb[0][0][0], *y = &b->rgb[0][0][0];
    uint32_t sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0; /* at most 6,912 * 255 * 255 */
    for (size_t i = 0; i < CS_GRID_VALUES; i++) {
        sa += x[i];
        sb += y[i];
        saa += (uint32_t)(x[i] * x[i]);
        sbb += (uint32_t)(y[i] * y[i]);
        sab += (uint32_t)(x[i] * y[i]);
    }
    return cs_correlation(CS_GRID_VALUES, sa, sb, saa, sbb, sab);
}
