/* SPDX-License-Identifier: MIT
 * sheet.c - draws the contact sheet of a search. */
#include "output/sheet.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "output/canvas.h"
#include "output/font.h"
#include "output/sheet_layout.h"
#include "output/sheet_png.h"

#include <math.h>
#include <string.h>

static const cs_color PAPER = 0xFFFFFF, INK = 0x202020, LINE = 0xC8C8C8, BLANK = 0xECECEC, QUERY_FRAME = 0x2060C0;

enum { MAX_LINES = 32, TEXT_MARGIN = 7 };

/* A text in a tile: its lines at one letter size. */
typedef struct text_block {
    const char *starts[MAX_LINES];
    size_t letters[MAX_LINES];
    size_t count;
    uint32_t scale;
    bool complete; /* the whole text fits */
} text_block;

static text_block break_text(const char *text, uint32_t scale)
{
    text_block block = {.scale = scale};
    const size_t inside = CS_SHEET_TILE - 2 * TEXT_MARGIN;
    const size_t columns = inside / (CS_FONT_ADVANCE * scale), line = (CS_FONT_SIZE + 2) * scale;
    while (block.count < inside / line && block.count < MAX_LINES) {
        const char *start = cs_sheet_next_line(&text, columns, &block.letters[block.count]);
        if (!start)
            break;
        block.starts[block.count++] = start;
    }
    while (*text == ' ')
        text++;
    block.complete = !*text;
    return block;
}

/* `text` in the middle of a tile, in the largest letters that fit. */
static void draw_text_tile(cs_canvas *canvas, cs_point at, const char *text)
{
    text_block block = {0};
    for (uint32_t scale = 2; scale >= 1; scale--) {
        block = break_text(text, scale);
        if (block.complete)
            break;
    }
    uint32_t step = (CS_FONT_SIZE + 2) * block.scale;
    uint32_t y = at.y + (CS_SHEET_TILE - (uint32_t)block.count * step) / 2 + block.scale;
    for (size_t i = 0; i < block.count; i++, y += step) {
        uint32_t width = (uint32_t)block.letters[i] * CS_FONT_ADVANCE * block.scale;
        cs_canvas_text(canvas, at.x + (CS_SHEET_TILE - width) / 2, y, block.starts[i], block.letters[i], block.scale,
                       INK);
    }
    if (!block.complete)
        cs_canvas_text(canvas, at.x + CS_SHEET_TILE - 4 * CS_FONT_ADVANCE, at.y + CS_SHEET_TILE - CS_FONT_SIZE - 1,
                       "...", 3, 1, INK);
}

/* The image at `path`, resized to a tile; when it cannot be read, a grey tile that says so. */
static clipsearch_status draw_image_tile(cs_canvas *canvas, cs_point at, const char *path, clipsearch_error *err)
{
    clipsearch_image image = {0}, small = {0};
    uint32_t width, height;
    clipsearch_status status = clipsearch_image_load(path, NULL, &image, NULL);
    if (status == CLIPSEARCH_OK) {
        cs_sheet_fit(image.width, image.height, &width, &height);
        status = clipsearch_image_resize(&image, width, height, &small, NULL);
    }
    if (status == CLIPSEARCH_OK) {
        cs_canvas_image(canvas, at.x + (CS_SHEET_TILE - width) / 2, at.y + (CS_SHEET_TILE - height) / 2, &small);
    } else if (status != CLIPSEARCH_E_MEMORY) {
        cs_canvas_fill(canvas, at.x, at.y, CS_SHEET_TILE, CS_SHEET_TILE, BLANK);
        draw_text_tile(canvas, at,
                       status == CLIPSEARCH_E_IO || status == CLIPSEARCH_E_NOT_FOUND ? "missing" : "cannot be read");
        status = CLIPSEARCH_OK;
    }
    clipsearch_image_free(&image);
    clipsearch_image_free(&small);
    return status == CLIPSEARCH_E_MEMORY ? cs_fail_memory(err, path) : CLIPSEARCH_OK;
}

/* A text below the middle of a tile. */
static void draw_label(cs_canvas *canvas, cs_point at, const char *text)
{
    size_t letters = strlen(text);
    cs_canvas_text(canvas, at.x + (CS_SHEET_TILE - (uint32_t)letters * CS_FONT_ADVANCE) / 2, at.y + CS_SHEET_TILE + 5,
                   text, letters, 1, INK);
}

static clipsearch_status draw_hit(cs_canvas *canvas, cs_point at, const clipsearch_hit *hit, clipsearch_error *err)
{
    char score[64]; /* a score, or a squared distance of any size */
    cs_format(score, sizeof score, fabsf(hit->score) < 1e6f ? "%.3f" : "%.6g", (double)hit->score);
    draw_label(canvas, at, score);
    return draw_image_tile(canvas, at, hit->path, err);
}

static clipsearch_status draw_block(cs_canvas *canvas, uint32_t top, const cs_result *result, clipsearch_error *err)
{
    cs_point query = cs_sheet_query(top);
    clipsearch_status status = CLIPSEARCH_OK;
    if (result->is_image)
        status = draw_image_tile(canvas, query, result->query, err);
    else
        draw_text_tile(canvas, query, result->query);
    cs_canvas_frame(canvas, query.x - 3, query.y - 3, CS_SHEET_TILE + 6, CS_SHEET_TILE + 6, QUERY_FRAME);
    char duration[32];
    cs_format(duration, sizeof duration, "search %.1f ms", result->search_ms < 1e6 ? result->search_ms : 1e6);
    draw_label(canvas, query, duration);
    size_t count = cs_result_count(result);
    for (size_t rank = 0; rank < count && status == CLIPSEARCH_OK; rank++)
        status = draw_hit(canvas, cs_sheet_tile(top, rank), cs_result_hit(result, rank), err);
    if (!count)
        draw_text_tile(canvas, cs_sheet_tile(top, 0), "nothing found");
    return status;
}

clipsearch_status cs_draw_sheet(const cs_results *results, const char *path, clipsearch_error *err)
{
    cs_canvas canvas = {0};
    uint32_t height, top = CS_SHEET_MARGIN;
    size_t *hits = cs_alloc_array(results->count, sizeof *hits);
    if (!hits)
        return cs_fail_memory(err, "a contact sheet");
    for (size_t i = 0; i < results->count; i++)
        hits[i] = cs_result_count(&results->items[i]);
    clipsearch_status status = cs_sheet_height(hits, results->count, &height, err);
    if (status == CLIPSEARCH_OK)
        status = cs_canvas_make(&canvas, cs_sheet_width(), height, PAPER, err);
    for (size_t i = 0; i < results->count && status == CLIPSEARCH_OK; i++) {
        if (i)
            cs_canvas_fill(&canvas, CS_SHEET_MARGIN, top - CS_SHEET_BLOCK_GAP / 2, canvas.width - 2 * CS_SHEET_MARGIN,
                           1, LINE);
        status = draw_block(&canvas, top, &results->items[i], err);
        top += (uint32_t)cs_sheet_block_height(hits[i]) + CS_SHEET_BLOCK_GAP;
    }
    if (status == CLIPSEARCH_OK)
        status = cs_png_write(path, canvas.rgb, canvas.width, canvas.height, err);
    cs_canvas_free(&canvas);
    cs_free(hits);
    return status;
}
