/* SPDX-License-Identifier: MIT
 * preview.c - the hits of a search, drawn on a terminal. A row of tiles is one image, so that it is drawn in the same
 * way by every protocol. */
#include "output/preview.h"

#include "base/file.h"
#include "base/mem.h"
#include "output/caption.h"
#include "output/copies.h"
#include "output/thumbnail.h"

#include <math.h>
#include <string.h>

enum { MIN_TILE = 18, MAX_TILE = 40, MAX_IN_ROW = 12 };

cs_preview_grid cs_preview_layout(unsigned columns, size_t hits)
{
    cs_preview_grid grid;
    const unsigned room = columns > 1 ? columns - 1 : 1; /* the last column would begin a new line on some terminals */
    grid.in_row = (room + CS_PREVIEW_GAP) / (MIN_TILE + CS_PREVIEW_GAP);
    if (grid.in_row < 1)
        grid.in_row = 1;
    if (grid.in_row > MAX_IN_ROW)
        grid.in_row = MAX_IN_ROW;
    if (hits && hits < grid.in_row)
        grid.in_row = (unsigned)hits;
    grid.columns = (room - (grid.in_row - 1) * CS_PREVIEW_GAP) / grid.in_row;
    if (grid.columns > MAX_TILE)
        grid.columns = MAX_TILE;
    return grid;
}

/* A row of tiles being drawn. */
typedef struct tile_row {
    cs_terminal *terminal;
    const cs_results *results;
    const cs_result *result;
    cs_preview_grid grid;
    size_t first, count; /* hits */
    clipsearch_image images[MAX_IN_ROW];
    const char *why[MAX_IN_ROW]; /* an image is empty */
} tile_row;

static const clipsearch_hit *hit_of(const tile_row *row, size_t i)
{
    return cs_result_hit(row->result, row->first + i);
}

/* The column in which tile `i` begins, from 0. */
static unsigned column_of(const tile_row *row, size_t i)
{
    return (unsigned)i * (row->grid.columns + CS_PREVIEW_GAP);
}

static void copy_tile(const clipsearch_image *image, uint8_t *rgba, uint32_t width, uint32_t x, uint32_t y)
{
    for (uint32_t row = 0; row < image->height; row++) {
        const uint8_t *in = image->rgb + (size_t)row * image->width * 3;
        uint8_t *out = rgba + ((size_t)(y + row) * width + x) * 4;
        for (uint32_t column = 0; column < image->width; column++, in += 3, out += 4) {
            memcpy(out, in, 3);
            out[3] = 255;
        }
    }
}

/* The tiles side by side on a transparent image that is as high as the highest of them. */
static clipsearch_status put_tiles(tile_row *row, cs_buf *out, clipsearch_error *err)
{
    const uint32_t cell_width = row->terminal->cell_width, cell_height = row->terminal->cell_height;
    const uint32_t side = row->grid.columns * cell_width;
    uint32_t highest = 0;
    for (size_t i = 0; i < row->count; i++)
        if (row->images[i].height > highest)
            highest = row->images[i].height;
    if (!highest)
        return CLIPSEARCH_OK;
    const unsigned rows = (highest + cell_height - 1) / cell_height;
    const unsigned columns = column_of(row, row->count - 1) + row->grid.columns;
    const uint32_t width = columns * cell_width, height = rows * cell_height;
    uint8_t *rgba = cs_zalloc_array((size_t)width * height, 4);
    if (!rgba)
        return cs_fail_memory(err, "images on the terminal");
    for (size_t i = 0; i < row->count; i++)
        copy_tile(&row->images[i], rgba, width, column_of(row, i) * cell_width + (side - row->images[i].width) / 2,
                  (height - row->images[i].height) / 2);
    clipsearch_status status = cs_terminal_put_image(row->terminal, rgba, width, height, columns, rows, out, err);
    cs_free(rgba);
    return status;
}

/* Begin the text of tile `i`, `width` wide, so that it stands in the middle below the image. */
static void go_to(const tile_row *row, size_t i, unsigned width, cs_buf *out)
{
    const unsigned spare = row->grid.columns > width ? row->grid.columns - width : 0;
    cs_buf_printf(out, "\033[%uG", column_of(row, i) + spare / 2 + 1);
}

static void put_names(const tile_row *row, cs_buf *out)
{
    cs_buf name = cs_buf_make(1 << 16);
    for (size_t i = 0; i < row->count; i++) {
        cs_buf_clear(&name);
        unsigned width =
            cs_terminal_put_text(row->terminal, cs_path_base(hit_of(row, i)->path), row->grid.columns, &name);
        go_to(row, i, width, out);
        cs_buf_append(out, name.data, name.len);
    }
    cs_buf_putc(out, '\n');
    cs_buf_free(&name);
}

/* A line for each attribute that was asked for, unless no image of the row has it. */
static void put_captions(const tile_row *row, cs_buf *out)
{
    cs_buf value = cs_buf_make(2 << 20), text = cs_buf_make(1 << 16);
    for (size_t k = 0; k < row->results->caption_count; k++) {
        bool any = false;
        for (size_t i = 0; i < row->count; i++) {
            cs_buf_clear(&value);
            cs_buf_clear(&text);
            cs_put_caption(&value, hit_of(row, i)->attributes, row->results->captions[k]);
            out->failed |= value.failed;
            if (!value.len || value.failed)
                continue;
            const unsigned width = cs_terminal_put_text(row->terminal, value.data, row->grid.columns, &text);
            go_to(row, i, width, out);
            cs_buf_append(out, text.data, text.len);
            any = true;
        }
        if (any)
            cs_buf_putc(out, '\n');
    }
    cs_buf_free(&value);
    cs_buf_free(&text);
}

static void put_scores(const tile_row *row, cs_buf *out)
{
    for (size_t i = 0; i < row->count; i++) {
        char score[64] = "", copies[CS_COPIES_BYTES], line[176];
        const float value = hit_of(row, i)->score;
        if (!row->results->unscored)
            cs_format(score, sizeof score, fabsf(value) < 1e6f ? "  %.3f" : "  %.6g", (double)value);
        cs_format_copies("  ", hit_of(row, i)->copies, copies);
        cs_format(line, sizeof line, "%zu%s%s%s%s", row->first + i + 1, score, copies, *row->why[i] ? "  " : "",
                  row->why[i]);
        go_to(row, i, (unsigned)strlen(line), out);
        cs_buf_puts(out, line);
    }
    cs_buf_puts(out, "\n\n");
}

static clipsearch_status put_row(tile_row *row, cs_buf *out, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    const uint32_t side = row->grid.columns * row->terminal->cell_width;
    for (size_t i = 0; i < row->count && status == CLIPSEARCH_OK; i++)
        status = cs_thumbnail_load(hit_of(row, i)->path, side, &row->images[i], &row->why[i], err);
    if (status == CLIPSEARCH_OK)
        status = put_tiles(row, out, err);
    if (status == CLIPSEARCH_OK) {
        put_names(row, out);
        put_captions(row, out);
        put_scores(row, out);
    }
    for (size_t i = 0; i < row->count; i++)
        clipsearch_image_free(&row->images[i]);
    return status;
}

clipsearch_status cs_preview_draw(cs_terminal *terminal, const cs_results *results, FILE *out, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    cs_buf buf = cs_buf_make(SIZE_MAX / 2);
    for (size_t i = 0; i < results->count && status == CLIPSEARCH_OK; i++) {
        const cs_result *result = &results->items[i];
        const size_t hits = cs_result_count(result);
        tile_row row = {.terminal = terminal, .results = results, .result = result};
        row.grid = cs_preview_layout(terminal->columns, hits);
        cs_buf_clear(&buf);
        if (results->count > 1 && result->query) {
            cs_buf_puts(&buf, result->is_image ? "# --image " : "# ");
            cs_terminal_put_text(terminal, result->query, 2000, &buf);
            cs_buf_putc(&buf, '\n');
        }
        for (; row.first < hits && status == CLIPSEARCH_OK; row.first += row.count) {
            row.count = hits - row.first < row.grid.in_row ? hits - row.first : row.grid.in_row;
            status = put_row(&row, &buf, err);
            if (buf.failed && status == CLIPSEARCH_OK)
                status = cs_fail_memory(err, "images on the terminal");
            if (status == CLIPSEARCH_OK && buf.len) /* show each row when it is ready */
                fwrite(buf.data, 1, buf.len, out);
            fflush(out);
            cs_buf_clear(&buf);
        }
        if (buf.len && !buf.failed)
            fwrite(buf.data, 1, buf.len, out);
    }
    cs_buf_free(&buf);
    return status;
}
