/* SPDX-License-Identifier: MIT
 * resize.c - Pillow's resampling: coefficients, and the two passes over columns and rows.
 *
 * The columns of the result are made in blocks. A block is so narrow that its coefficients, and its rows between the
 * two passes, stay in the processor's cache; usually one block is all.
 *
 * An image that is stored turned or mirrored is resampled as it is stored and only the result is turned: turning 12
 * megapixels first takes longer than resizing them (docs/speed.md). */
#include "vision/resize.h"

#include "base/mem.h"
#include "kernels/pix.h"
#include "vision/orient.h"

#include <math.h>
#include <string.h>

/* The most bytes that one block of columns takes: for its pixels between the passes, and for its coefficients, each. A
 * photo of 12 megapixels that is reduced to 224 pixels is one block; the limit is for larger ones. */
enum { BLOCK_BYTES = 4 << 20, MIN_BLOCK = 16 /* columns */ };

/* One side's mapping from `out` positions to `in` positions. Positions given and returned are those of the image as it
 * is stored. All arithmetic is done for the image as it is displayed, because it is not symmetric in every bit: of a
 * mirrored side the displayed coefficients are taken, in the opposite order. */
struct axis {
    uint64_t in, out;
    bool mirrored;
    double (*weight)(double x);
    double scale;        /* input pixels per output pixel */
    double filter_scale; /* the same, at least 1: how far the filter is stretched */
    double support;      /* half the filter's width in input pixels */
    size_t taps;         /* the most input pixels that make an output pixel */
};

/* Where the parts of resizer->block are. */
struct scratch {
    double *weights;        /* [taps] of the longer side */
    int32_t *row_coef;      /* [taps] of one output row */
    int32_t *column_coef;   /* [block, taps] */
    uint32_t *first, *used; /* [block] */
    uint8_t *between;       /* pixels between the two passes */
};

/* The part of the result that is computed, as the image is stored. */
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

static struct axis make_axis(uint64_t in, uint64_t out, cs_resample filter, bool mirrored)
{
    struct axis axis = {
        .in = in, .out = out, .mirrored = mirrored, .weight = filter == CS_BICUBIC ? bicubic : bilinear};
    axis.scale = (double)(float)in / (double)out; /* Pillow keeps the box in floats */
    axis.filter_scale = axis.scale < 1.0 ? 1.0 : axis.scale;
    axis.support = (filter == CS_BICUBIC ? 2.0 : 1.0) * axis.filter_scale;
    axis.taps = (size_t)ceil(axis.support) * 2 + 1;
    if (axis.taps > in)
        axis.taps = (size_t)in;
    return axis;
}

/* The input pixels that make the displayed output pixel `x`: `*used` of them from the returned one on.
 * Source: Pillow, precompute_coeffs. */
static uint64_t displayed_span(const struct axis *axis, uint64_t x, uint32_t *used)
{
    double center = ((double)x + 0.5) * axis->scale;
    double low = center - axis->support + 0.5, high = center + axis->support + 0.5;
    uint64_t first = low > 0.0 ? (uint64_t)low : 0, end = (uint64_t)high;
    if (end > axis->in)
        end = axis->in;
    if (first >= end) /* only where a float could not hold the side's length */
        first = end - 1;
    *used = (uint32_t)(end - first);
    return first;
}

/* The same for the stored output pixel `x`. Both ends of the span grow with x. */
static uint32_t span(const struct axis *axis, uint64_t x, uint32_t *used)
{
    if (!axis->mirrored)
        return (uint32_t)displayed_span(axis, x, used);
    uint64_t first = displayed_span(axis, axis->out - 1 - x, used);
    return (uint32_t)(axis->in - first - *used);
}

static void reverse(int32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        int32_t kept = numbers[i];
        numbers[i] = numbers[count - 1 - i];
        numbers[count - 1 - i] = kept;
    }
}

/* The span of the stored output pixel `x`, as above, and its coefficients in fixed point.
 * Source: Pillow, precompute_coeffs and normalize_coeffs_8bpc. */
static uint32_t coefficients(const struct axis *axis, uint64_t x, uint32_t *used, double *weights, int32_t *coef)
{
    const uint64_t displayed = axis->mirrored ? axis->out - 1 - x : x;
    const uint64_t first = displayed_span(axis, displayed, used);
    double center = ((double)displayed + 0.5) * axis->scale, inverse = 1.0 / axis->filter_scale, sum = 0.0;
    for (uint32_t i = 0; i < *used; i++) {
        weights[i] = axis->weight(((double)(i + first) - center + 0.5) * inverse);
        sum += weights[i];
    }
    for (uint32_t i = 0; i < *used; i++) {
        double w = (sum != 0.0 ? weights[i] / sum : weights[i]) * (1 << CS_PIX_PRECISION);
        coef[i] = (int32_t)(w < 0 ? w - 0.5 : w + 0.5);
    }
    if (!axis->mirrored)
        return (uint32_t)first;
    reverse(coef, *used); /* sums of integers: their order does not change a bit */
    return (uint32_t)(axis->in - first - *used);
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

/* An image's pixels from (first row, first column) on, and the bytes from row to row. */
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
        uint32_t first = coefficients(axis, x + i, &s->used[i], s->weights, s->column_coef + i * axis->taps);
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
        uint32_t used, first = coefficients(axis, top + y, &used, s->weights, s->row_coef);
        pix->vertical(from->rgb + (first - from->first_row) * from->stride, from->stride, columns * 3, s->row_coef,
                      used, out + y * out_stride);
    }
}

/* The passes to run, and the part of the input that they read, all of the image as it is stored. */
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
 * wide. The two orders round differently between the passes. All sizes are of the displayed image. */
static bool takes_height_first(uint64_t in_width, uint64_t in_height, uint64_t width, uint64_t height)
{
    return height < in_height && (int64_t)in_height - (int64_t)height > 2 * ((int64_t)in_width - (int64_t)width);
}

/* The first of the input columns that make output columns [x, x + columns); *end is behind the last. */
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

/* Bilinear and bicubic. `out`: the crop's pixels, as stored. */
static clipsearch_status resample(cs_resizer *resizer, const clipsearch_image *in, const cs_resize_target *target,
                                  const struct crop *crop, uint8_t *out, clipsearch_error *err)
{
    const bool swapped = cs_orientation_swaps_sides(target->orientation);
    const uint64_t width = swapped ? target->height : target->width, height = swapped ? target->width : target->height;
    const bool first = swapped ? takes_height_first(in->height, in->width, target->width, target->height)
                               : takes_height_first(in->width, in->height, target->width, target->height);
    struct plan plan = {
        .across = make_axis(in->width, width, target->filter, cs_orientation_mirrors_columns(target->orientation)),
        .down = make_axis(in->height, height, target->filter, cs_orientation_mirrors_rows(target->orientation)),
        .horizontal = in->width != width,
        .vertical = in->height != height,
        .height_first = first != swapped, /* the displayed width may be the stored height */
        .crop = *crop,
        .first_row = (size_t)crop->top,
        .rows = crop->height};
    if (plan.across.scale > CS_RESIZE_MAX_SHRINK || plan.down.scale > CS_RESIZE_MAX_SHRINK)
        return cs_fail(err, CLIPSEARCH_E_LIMIT,
                       "%u x %u pixels cannot be resized to %llu x %llu: a side shrinks by %d at most",
                       swapped ? in->height : in->width, swapped ? in->width : in->height,
                       (unsigned long long)target->width, (unsigned long long)target->height, CS_RESIZE_MAX_SHRINK);
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
        return cs_fail_memory(err, "resizing an image");
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

/* The stored input position of each of `count` stored output positions from `first` on, of a side of `out`. */
static void nearest_positions(uint32_t in, uint64_t out, uint64_t first, uint32_t count, bool mirrored,
                              uint32_t *positions)
{
    const double step = (double)(float)in / (double)out;
    double at = nearest_start(step, mirrored ? out - first - count : first);
    for (uint32_t i = 0; i < count; i++, at += step) {
        const uint32_t position = at < (double)in ? (uint32_t)at : in - 1;
        if (mirrored)
            positions[count - 1 - i] = in - 1 - position;
        else
            positions[i] = position;
    }
}

static clipsearch_status nearest(cs_resizer *resizer, const clipsearch_image *in, const cs_resize_target *target,
                                 const struct crop *crop, uint8_t *out, clipsearch_error *err)
{
    const bool swapped = cs_orientation_swaps_sides(target->orientation);
    struct scratch s;
    if (!reserve(resizer, crop->width > crop->height ? crop->width : crop->height, 0, 0, 0, &s))
        return cs_fail_memory(err, "resizing an image");
    uint32_t *columns = s.first, *rows = s.used;
    nearest_positions(in->width, swapped ? target->height : target->width, crop->left, crop->width,
                      cs_orientation_mirrors_columns(target->orientation), columns);
    nearest_positions(in->height, swapped ? target->width : target->height, crop->top, crop->height,
                      cs_orientation_mirrors_rows(target->orientation), rows);
    for (size_t y = 0; y < crop->height; y++) {
        const uint8_t *row = in->rgb + rows[y] * (size_t)in->width * 3;
        for (size_t x = 0; x < crop->width; x++, out += 3)
            memcpy(out, row + columns[x] * (size_t)3, 3);
    }
    return CLIPSEARCH_OK;
}

/* ---- */

static clipsearch_status check_target(const clipsearch_image *in, const cs_resize_target *t, clipsearch_error *err)
{
    if (in->width == 0 || in->height == 0 || t->crop_width == 0 || t->crop_height == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%u x %u pixels cannot be resized to %u x %u: no side may be 0",
                       in->width, in->height, t->crop_width, t->crop_height);
    if (t->left > t->width || t->crop_width > t->width - t->left || t->top > t->height ||
        t->crop_height > t->height - t->top)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a crop of %u x %u at (%llu, %llu) is not inside %llu x %llu",
                       t->crop_width, t->crop_height, (unsigned long long)t->left, (unsigned long long)t->top,
                       (unsigned long long)t->width, (unsigned long long)t->height);
    return CLIPSEARCH_OK;
}

/* Where the displayed crop lies in the image as it is stored. */
static struct crop stored_crop(const cs_resize_target *t)
{
    const bool swapped = cs_orientation_swaps_sides(t->orientation);
    struct crop crop = swapped ? (struct crop){t->top, t->left, t->crop_height, t->crop_width}
                               : (struct crop){t->left, t->top, t->crop_width, t->crop_height};
    if (cs_orientation_mirrors_columns(t->orientation))
        crop.left = (swapped ? t->height : t->width) - crop.left - crop.width;
    if (cs_orientation_mirrors_rows(t->orientation))
        crop.top = (swapped ? t->width : t->height) - crop.top - crop.height;
    return crop;
}

clipsearch_status cs_resize_crop(cs_resizer *resizer, const clipsearch_image *in, const cs_resize_target *target,
                                 cs_image *out, clipsearch_error *err)
{
    clipsearch_status status = check_target(in, target, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_reserve(out, target->crop_width, target->crop_height, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const struct crop crop = stored_crop(target);
    cs_image *made = out;
    if (cs_orientation_swaps_sides(target->orientation)) {
        made = &resizer->stored;
        status = cs_image_reserve(made, crop.width, crop.height, err);
    }
    if (status == CLIPSEARCH_OK)
        status = (target->filter == CS_NEAREST ? nearest : resample)(resizer, in, target, &crop, made->view.rgb, err);
    if (status == CLIPSEARCH_OK && made == out)
        cs_orient_in_place(&out->view, target->orientation);
    else if (status == CLIPSEARCH_OK)
        cs_orient_transpose(&made->view, target->orientation, &out->view);
    return status;
}

clipsearch_status cs_resize(cs_resizer *resizer, const clipsearch_image *in, uint32_t width, uint32_t height,
                            cs_resample filter, cs_image *out, clipsearch_error *err)
{
    const cs_resize_target whole = {
        .width = width, .height = height, .crop_width = width, .crop_height = height, .filter = filter};
    return cs_resize_crop(resizer, in, &whole, out, err);
}

void cs_resizer_free(cs_resizer *resizer)
{
    if (!resizer)
        return;
    cs_free(resizer->block);
    cs_image_free(&resizer->stored);
    *resizer = (cs_resizer){0};
}
