/* SPDX-License-Identifier: MIT
 * resize.c - Pillow's resampling: coefficients, and the two passes over columns and rows.
 *
 * The columns of the result are made in blocks narrow enough for the block's coefficients and its rows between the two
 * passes to stay in the processor's cache; usually one block is all. */
#include "vision/resize.h"

#include "base/mem.h"
#include "kernels/pix.h"

#include <math.h>
#include <string.h>

/* What one block of columns may take: pixels between the passes, and coefficients, each. A photo of 12 megapixels
 * on its way to 224 pixels is one block; the bound is for what is larger. */
enum { BLOCK_BYTES = 4 << 20, MIN_BLOCK = 16 /* columns */ };

/* One side's mapping from `out` positions to `in` positions. */
struct axis {
    uint64_t in, out;
    double (*weight)(double x);
    double scale;        /* input pixels per output pixel */
    double filter_scale; /* the same, at least 1: how far the filter is stretched */
    double support;      /* half the filter's width in input pixels */
    size_t taps;         /* the most input pixels an output pixel is made of */
};

/* Where the parts of resizer->block are. */
struct scratch {
    double *weights;        /* [taps] of the longer side */
    int32_t *row_coef;      /* [taps] of one output row */
    int32_t *column_coef;   /* [block, taps] */
    uint32_t *first, *used; /* [block] */
    uint8_t *between;       /* pixels between the two passes */
};

/* The part of the result that is wanted. */
struct crop {
    uint64_t left, top;
    uint32_t width, height;
};

static double bilinear(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys' cubic with a = -0.5, the operations in Pillow's order: the bits must be the same. */
static double bicubic(double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static struct axis make_axis(uint64_t in, uint64_t out, cs_resample filter)
{
    struct axis axis = {.in = in, .out = out, .weight = filter == CS_BICUBIC ? bicubic : bilinear};
    axis.scale = (double)(float)in / (double)out; /* Pillow keeps the box in floats */
    axis.filter_scale = axis.scale < 1.0 ? 1.0 : axis.scale;
    axis.support = (filter == CS_BICUBIC ? 2.0 : 1.0) * axis.filter_scale;
    axis.taps = (size_t)ceil(axis.support) * 2 + 1;
    if (axis.taps > in)
        axis.taps = (size_t)in;
    return axis;
}

/* The input pixels that output pixel `x` is made of: `*used` of them from the returned one on.
 * Source: Pillow, precompute_coeffs. */
static uint32_t span(const struct axis *axis, uint64_t x, uint32_t *used)
{
    double center = ((double)x + 0.5) * axis->scale;
    double low = center - axis->support + 0.5, high = center + axis->support + 0.5;
    uint64_t first = low > 0.0 ? (uint64_t)low : 0, end = (uint64_t)high;
    if (end > axis->in)
        end = axis->in;
    if (first >= end) /* only where a float could not hold the side's length */
        first = end - 1;
    *used = (uint32_t)(end - first);
    return (uint32_t)first;
}

/* Their coefficients in fixed point. Source: Pillow, precompute_coeffs and normalize_coeffs_8bpc. */
static void coefficients(const struct axis *axis, uint64_t x, uint32_t first, uint32_t used, double *weights,
                         int32_t *coef)
{
    double center = ((double)x + 0.5) * axis->scale, inverse = 1.0 / axis->filter_scale, sum = 0.0;
    for (uint32_t i = 0; i < used; i++) {
        weights[i] = axis->weight(((double)((uint64_t)i + first) - center + 0.5) * inverse);
        sum += weights[i];
    }
    for (uint32_t i = 0; i < used; i++) {
        double w = (sum != 0.0 ? weights[i] / sum : weights[i]) * (1 << CS_PIX_PRECISION);
        coef[i] = (int32_t)(w < 0 ? w - 0.5 : w + 0.5);
    }
}

static size_t align_up(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

/* Room in resizer->block for blocks of `columns` columns. */
static bool reserve(cs_resizer *resizer, size_t columns, size_t column_taps, size_t row_taps, size_t between,
                    struct scratch *s)
{
    size_t longest = column_taps > row_taps ? column_taps : row_taps;
    size_t weights = align_up(longest * sizeof(double)), row_coef = align_up(row_taps * sizeof(int32_t));
    size_t column_coef = align_up(columns * column_taps * sizeof(int32_t));
    size_t bounds = align_up(columns * sizeof(uint32_t));
    size_t total = weights + row_coef + column_coef + 2 * bounds + align_up(between);
    if (resizer->capacity < total || !resizer->block) {
        cs_free(resizer->block);
        resizer->capacity = 0;
        resizer->block = cs_alloc_aligned(total, 1);
        if (!resizer->block)
            return false;
        resizer->capacity = total;
    }
    uint8_t *at = resizer->block;
    s->weights = (void *)at;
    s->row_coef = (void *)(at += weights);
    s->column_coef = (void *)(at += row_coef);
    s->first = (void *)(at += column_coef);
    s->used = (void *)(at += bounds);
    s->between = at + bounds;
    return true;
}

/* Pixels [first row, first column) .. of a picture, and the bytes from row to row. */
struct window {
    const uint8_t *rgb;
    size_t stride, first_row, first_column;
};

/* Output columns [x, x + columns) of `rows` rows. */
static void horizontal_pass(const struct axis *axis, const struct window *from, uint64_t x, size_t columns, size_t rows,
                            const struct scratch *s, uint8_t *out, size_t out_stride)
{
    const cs_pix_ops *pix = cs_pix();
    for (size_t i = 0; i < columns; i++) {
        uint32_t first = span(axis, x + i, &s->used[i]);
        coefficients(axis, x + i, first, s->used[i], s->weights, s->column_coef + i * axis->taps);
        s->first[i] = first - (uint32_t)from->first_column;
    }
    for (size_t y = 0; y < rows; y++)
        pix->horizontal(from->rgb + y * from->stride, columns, s->first, s->used, s->column_coef, axis->taps,
                        out + y * out_stride);
}

/* Output rows [top, top + rows) of `columns` columns. */
static void vertical_pass(const struct axis *axis, const struct window *from, uint64_t top, size_t rows, size_t columns,
                          const struct scratch *s, uint8_t *out, size_t out_stride)
{
    const cs_pix_ops *pix = cs_pix();
    for (size_t y = 0; y < rows; y++) {
        uint32_t used, first = span(axis, top + y, &used);
        coefficients(axis, top + y, first, used, s->weights, s->row_coef);
        pix->vertical(from->rgb + (first - from->first_row) * from->stride, from->stride, columns * 3, s->row_coef,
                      used, out + y * out_stride);
    }
}

/* What is to be done, and the input that takes part in it. */
struct plan {
    struct axis across, down;
    bool horizontal, vertical; /* a side whose length stays is not resampled, as in Pillow */
    bool height_first;
    struct crop crop;
    size_t first_row, rows; /* of the input */
    size_t block;           /* output columns at a time */
    size_t between;         /* bytes a block takes between the passes */
};

/* Pillow up to 12 always resamples the width first; from 13.0 on it takes the height first where that loses more than
 * twice the pixels the width does (pull request 9549; the rule is read off its results, on 5,329 random sizes without
 * an exception). Among photos that are reduced to a short side of 224, those are the ones more than twice as tall as
 * wide. The two orders round differently between the passes. */
static bool takes_height_first(const clipsearch_image *in, uint64_t width, uint64_t height)
{
    return height < in->height && (int64_t)in->height - (int64_t)height > 2 * ((int64_t)in->width - (int64_t)width);
}

/* The input columns that output columns [x, x + columns) are made of; *end is behind the last. */
static size_t input_columns(const struct axis *axis, uint64_t x, size_t columns, size_t *end)
{
    uint32_t used, last = span(axis, x + columns - 1, &used);
    *end = (size_t)last + used;
    return span(axis, x, &used);
}

/* Choose the block so that its pixels between the passes, and its coefficients, stay within BLOCK_BYTES each. */
static void choose_block(struct plan *plan)
{
    size_t columns = plan->crop.width, taps = plan->across.taps;
    if (plan->horizontal && columns > BLOCK_BYTES / (taps * sizeof(int32_t)))
        columns = BLOCK_BYTES / (taps * sizeof(int32_t));
    if (plan->horizontal && plan->vertical) {
        size_t room = BLOCK_BYTES / 3 / (plan->height_first ? plan->crop.height : plan->rows);
        if (plan->height_first)
            room = room > taps ? (size_t)((double)(room - taps) / plan->across.scale) : 0;
        columns = columns < room ? columns : room;
    }
    if (columns < MIN_BLOCK)
        columns = MIN_BLOCK;
    plan->block = columns < plan->crop.width ? columns : plan->crop.width;
    plan->between = 0;
    if (plan->horizontal && plan->vertical && plan->height_first) {
        size_t wide = (size_t)((double)plan->block * plan->across.scale) + taps + 2;
        plan->between = plan->crop.height * (wide < plan->across.in ? wide : plan->across.in) * 3;
    } else if (plan->horizontal && plan->vertical) {
        plan->between = plan->rows * plan->block * 3;
    }
}

/* Columns [x, x + columns) of the crop, at `to` in rows of `stride` bytes. */
static void resample_block(const struct plan *plan, const clipsearch_image *in, size_t x, size_t columns,
                           const struct scratch *s, uint8_t *to, size_t stride)
{
    const struct crop *crop = &plan->crop;
    size_t in_stride = (size_t)in->width * 3;
    struct window from = {in->rgb + plan->first_row * in_stride, in_stride, plan->first_row, 0};
    struct window between = {s->between, columns * 3, plan->first_row, 0};
    if (plan->horizontal && plan->vertical && plan->height_first) {
        size_t end, start = input_columns(&plan->across, crop->left + x, columns, &end);
        from.rgb += start * 3;
        between.stride = (end - start) * 3;
        between.first_column = start;
        vertical_pass(&plan->down, &from, crop->top, crop->height, end - start, s, s->between, between.stride);
        horizontal_pass(&plan->across, &between, crop->left + x, columns, crop->height, s, to, stride);
    } else if (plan->horizontal && plan->vertical) {
        horizontal_pass(&plan->across, &from, crop->left + x, columns, plan->rows, s, s->between, between.stride);
        vertical_pass(&plan->down, &between, crop->top, crop->height, columns, s, to, stride);
    } else if (plan->horizontal) {
        horizontal_pass(&plan->across, &from, crop->left + x, columns, plan->rows, s, to, stride);
    } else {
        from.rgb += (crop->left + x) * 3;
        if (plan->vertical)
            vertical_pass(&plan->down, &from, crop->top, crop->height, columns, s, to, stride);
        else
            for (size_t y = 0; y < plan->rows; y++)
                memcpy(to + y * stride, from.rgb + y * in_stride, columns * 3);
    }
}

/* Bilinear and bicubic. */
static clipsearch_status resample(cs_resizer *resizer, const clipsearch_image *in, uint64_t width, uint64_t height,
                                  cs_resample filter, const struct crop *crop, uint8_t *out, clipsearch_error *err)
{
    struct plan plan = {.across = make_axis(in->width, width, filter),
                        .down = make_axis(in->height, height, filter),
                        .horizontal = in->width != width,
                        .vertical = in->height != height,
                        .height_first = takes_height_first(in, width, height),
                        .crop = *crop,
                        .first_row = (size_t)crop->top,
                        .rows = crop->height};
    if (plan.across.scale > CS_RESIZE_MAX_SHRINK || plan.down.scale > CS_RESIZE_MAX_SHRINK)
        return cs_fail(err, CLIPSEARCH_E_LIMIT,
                       "%u x %u pixels cannot be resized to %llu x %llu: a side shrinks by %d at most", in->width,
                       in->height, (unsigned long long)width, (unsigned long long)height, CS_RESIZE_MAX_SHRINK);
    if (plan.vertical) {
        uint32_t used, last = span(&plan.down, crop->top + crop->height - 1, &used);
        size_t end = (size_t)last + used;
        plan.first_row = span(&plan.down, crop->top, &used);
        plan.rows = end - plan.first_row;
    }
    choose_block(&plan);
    struct scratch s;
    if (!reserve(resizer, plan.block, plan.horizontal ? plan.across.taps : 0, plan.vertical ? plan.down.taps : 0,
                 plan.between, &s))
        return cs_fail_memory(err, "resizing a picture");
    for (size_t x = 0; x < crop->width; x += plan.block) {
        size_t columns = crop->width - x < plan.block ? crop->width - x : plan.block;
        resample_block(&plan, in, x, columns, &s, out + x * 3, (size_t)crop->width * 3);
    }
    return CLIPSEARCH_OK;
}

/* The input position of output position `x`. Pillow adds the step up from the first position, so its sum is formed here
 * too; beyond what Pillow can hold in memory, one product does. */
static double nearest_start(double step, uint64_t x)
{
    enum { LONGEST_SUM = 1 << 24 };
    if (x > LONGEST_SUM)
        return ((double)x + 0.5) * step;
    double at = step * 0.5;
    for (uint64_t i = 0; i < x; i++)
        at += step;
    return at;
}

static uint32_t nearest_index(double at, uint32_t in)
{
    return at < (double)in ? (uint32_t)at : in - 1;
}

static clipsearch_status nearest(cs_resizer *resizer, const clipsearch_image *in, uint64_t width, uint64_t height,
                                 const struct crop *crop, uint8_t *out, clipsearch_error *err)
{
    struct scratch s;
    if (!reserve(resizer, crop->width, 0, 0, 0, &s))
        return cs_fail_memory(err, "resizing a picture");
    double step = (double)(float)in->width / (double)width, at = nearest_start(step, crop->left);
    for (size_t x = 0; x < crop->width; x++, at += step)
        s.first[x] = nearest_index(at, in->width);
    step = (double)(float)in->height / (double)height;
    at = nearest_start(step, crop->top);
    for (size_t y = 0; y < crop->height; y++, at += step) {
        const uint8_t *row = in->rgb + nearest_index(at, in->height) * (size_t)in->width * 3;
        for (size_t x = 0; x < crop->width; x++, out += 3)
            memcpy(out, row + (size_t)s.first[x] * 3, 3);
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_resize_crop(cs_resizer *resizer, const clipsearch_image *in, uint64_t width, uint64_t height,
                                 cs_resample filter, uint64_t left, uint64_t top, uint32_t crop_width,
                                 uint32_t crop_height, cs_image *out, clipsearch_error *err)
{
    struct crop crop = {left, top, crop_width, crop_height};
    if (in->width == 0 || in->height == 0 || crop_width == 0 || crop_height == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a picture of no pixels cannot be resized, nor resized to");
    if (left > width || crop_width > width - left || top > height || crop_height > height - top)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a crop of %u x %u at (%llu, %llu) is not inside %llu x %llu",
                       crop_width, crop_height, (unsigned long long)left, (unsigned long long)top,
                       (unsigned long long)width, (unsigned long long)height);
    clipsearch_status status = cs_image_reserve(out, crop_width, crop_height, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (filter == CS_NEAREST)
        return nearest(resizer, in, width, height, &crop, out->view.rgb, err);
    return resample(resizer, in, width, height, filter, &crop, out->view.rgb, err);
}

clipsearch_status cs_resize(cs_resizer *resizer, const clipsearch_image *in, uint32_t width, uint32_t height,
                            cs_resample filter, cs_image *out, clipsearch_error *err)
{
    return cs_resize_crop(resizer, in, width, height, filter, 0, 0, width, height, out, err);
}

void cs_resizer_free(cs_resizer *resizer)
{
    if (!resizer)
        return;
    cs_free(resizer->block);
    *resizer = (cs_resizer){0};
}
