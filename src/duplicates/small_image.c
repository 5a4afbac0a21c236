/* SPDX-License-Identifier: MIT
 * small_image.c - averaging images down. */
#include "duplicates/small_image.h"

#include "vision/orient.h"

#include <math.h>
#include <string.h>

enum {
    SIDE = CS_SMALL_SIDE,
    LEAST_SIDE = 2 * SIDE /* of a JPEG that is decoded smaller, so that a cell is a mean of at least four pixels */
};

/* The pixels [first, last] that cell `cell` of SIDE covers along a side of `length` pixels, and where it begins and
 * ends. */
typedef struct cell_range {
    uint32_t first, last;
    double begin, end;
} cell_range;

static cell_range range_of(size_t cell, uint32_t length)
{
    cell_range r = {.begin = (double)cell * length / SIDE, .end = (double)(cell + 1) * length / SIDE};
    r.first = (uint32_t)r.begin;
    r.last = (uint32_t)ceil(r.end) - 1;
    if (r.last >= length)
        r.last = length - 1;
    return r;
}

/* How much of pixel `at` lies in the cell. */
static float share_of(const cell_range *r, uint32_t at)
{
    const double begin = at > r->begin ? at : r->begin, end = at + 1.0 < r->end ? at + 1.0 : r->end;
    return end > begin ? (float)(end - begin) : 0;
}

/* Means of the cells of one row of pixels. */
static void average_row(const uint8_t *pixels, const cell_range *columns, float row[SIDE][3])
{
    for (size_t cell = 0; cell < SIDE; cell++) {
        const cell_range *r = &columns[cell];
        float sum[3] = {0}, total = 0;
        for (uint32_t x = r->first; x <= r->last; x++) {
            const float share = x == r->first || x == r->last ? share_of(r, x) : 1;
            for (size_t c = 0; c < 3; c++)
                sum[c] += share * pixels[(size_t)x * 3 + c];
            total += share;
        }
        for (size_t c = 0; c < 3; c++)
            row[cell][c] = sum[c] / total;
    }
}

void cs_small_image_make(const clipsearch_image *image, cs_small_image *small)
{
    cell_range columns[SIDE];
    for (size_t cell = 0; cell < SIDE; cell++)
        columns[cell] = range_of(cell, image->width);
    small->width = image->width;
    small->height = image->height;
    for (size_t y = 0; y < SIDE; y++) {
        const cell_range rows = range_of(y, image->height);
        float sum[SIDE][3] = {{0}}, row[SIDE][3], total = 0;
        for (uint32_t at = rows.first; at <= rows.last; at++) {
            const float share = share_of(&rows, at);
            average_row(image->rgb + (size_t)at * image->width * 3, columns, row);
            for (size_t i = 0; i < SIDE; i++)
                for (size_t c = 0; c < 3; c++)
                    sum[i][c] += share * row[i][c];
            total += share;
        }
        for (size_t i = 0; i < SIDE; i++)
            for (size_t c = 0; c < 3; c++)
                small->rgb[y][i][c] = (uint8_t)(sum[i][c] / total + 0.5F);
    }
}

clipsearch_status cs_small_image_load(cs_image_reader *reader, const char *path, cs_small_image *small,
                                      clipsearch_error *err)
{
    unsigned orientation;
    cs_decoder *decoder = &reader->decoder;
    decoder->least_side = LEAST_SIDE;
    clipsearch_status status = cs_image_reader_read(reader, path, NULL, err);
    if (status == CLIPSEARCH_OK)
        status = cs_decoder_decode_stored(decoder, reader->file.len ? reader->file.data : "", reader->file.len, path,
                                          &reader->options, &reader->image, &orientation, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_orient(&reader->image, &decoder->spare, orientation, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_small_image_make(&reader->image.view, small);
    const bool swapped = cs_orientation_swaps_sides(orientation);
    small->width = swapped ? decoder->full_height : decoder->full_width;
    small->height = swapped ? decoder->full_width : decoder->full_height;
    return CLIPSEARCH_OK;
}
