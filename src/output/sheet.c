/* SPDX-License-Identifier: MIT
 * sheet.c - draws the contact sheet of a search. */
#include "output/sheet.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "output/caption.h"
#include "output/copies.h"
#include "output/sheet_layout.h"
#include "output/text_clean.h"
#include "output/thumbnail.h"

#include <math.h>

static const cs_color PAPER = 0xFFFFFF, INK = 0x202020, FAINT = 0x707070, LINE = 0xD8D8D8, MAT = 0xF3F3F3,
                      QUERY_FRAME = 0x2060C0;

enum {
    NAME_CHARACTERS = 400,   /* a name has at most 255 bytes */
    TITLE_CHARACTERS = 1500, /* more than the lines of a title hold */
    NOTE_SIZE = 14
};

/* A sheet being drawn. */
typedef struct sheet {
    const cs_results *results;
    const cs_text_drawer *text;
    cs_canvas *canvas;
    uint32_t *query_heights; /* [results->count] */
    size_t *hits;            /* [results->count] */
    uint32_t label;          /* height of what stands below a tile */
    clipsearch_error *err;
} sheet;

static const cs_text_style title_style = {
    .size = CS_SHEET_TITLE_SIZE, .bold = true, .color = 0x202020, .lines = CS_SHEET_TITLE_LINES};

/* The text that stands for a query: its words, the name of its file, the filter, or the collection's name. */
static bool put_title(cs_buf *title, const sheet *s, const cs_result *result)
{
    const char *query = result->query ? result->query : s->results->collection ? s->results->collection : "";
    cs_put_clean(title, result->is_image ? cs_path_base(query) : query, TITLE_CHARACTERS);
    return !title->failed && (title->data || cs_buf_puts(title, ""));
}

static uint32_t title_width(const cs_result *result)
{
    return result->is_image ? CS_SHEET_INSIDE - CS_SHEET_TILE - CS_SHEET_GAP : CS_SHEET_INSIDE;
}

static clipsearch_status measure_query(sheet *s, size_t i)
{
    const cs_result *result = &s->results->items[i];
    cs_buf title = cs_buf_make(SIZE_MAX / 2);
    clipsearch_status status =
        put_title(&title, s, result)
            ? s->text->measure(title.data, &title_style, title_width(result), &s->query_heights[i], s->err)
            : cs_fail_memory(s->err, "a contact sheet");
    s->query_heights[i] += CS_SHEET_NOTE;
    if (result->is_image && s->query_heights[i] < CS_SHEET_TILE)
        s->query_heights[i] = CS_SHEET_TILE;
    cs_buf_free(&title);
    return status;
}

/* The image of the file `path`, or of its content `bytes` (NULL: not given), in the middle of a tile; when it cannot be
 * read, the tile says so. */
static clipsearch_status draw_tile(sheet *s, cs_point at, const char *path, const void *bytes, size_t size)
{
    clipsearch_image image;
    const char *why;
    clipsearch_status status = bytes ? cs_thumbnail_decode(bytes, size, CS_SHEET_TILE, &image, &why, s->err)
                                     : cs_thumbnail_load(path, CS_SHEET_TILE, &image, &why, s->err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_canvas_fill(s->canvas, at.x, at.y, CS_SHEET_TILE, CS_SHEET_TILE, MAT);
    if (image.rgb) {
        cs_canvas_image(s->canvas, at.x + (CS_SHEET_TILE - image.width) / 2, at.y + (CS_SHEET_TILE - image.height) / 2,
                        &image);
    } else {
        const cs_text_style style = {.size = NOTE_SIZE, .centred = true, .color = FAINT, .lines = 1};
        status = s->text->draw(s->canvas, at.x, at.y + CS_SHEET_TILE / 2 - NOTE_SIZE / 2, CS_SHEET_TILE, why, &style,
                               s->err);
    }
    clipsearch_image_free(&image);
    return status;
}

/* What is said below the title of a query. */
static void put_note(cs_buf *note, const sheet *s, const cs_result *result, size_t hits)
{
    cs_buf_printf(note, "%zu %s", hits, hits == 1 ? "image" : "images");
    if (s->results->collection) {
        cs_buf_puts(note, " from ");
        cs_put_clean(note, s->results->collection, NAME_CHARACTERS);
    }
    if (!s->results->unscored)
        cs_buf_printf(note, ", search %.1f ms", result->search_ms < 1e6 ? result->search_ms : 1e6);
}

/* The first row of a block. */
static clipsearch_status draw_query(sheet *s, uint32_t top, size_t i)
{
    const cs_result *result = &s->results->items[i];
    const cs_text_style note_style = {.size = NOTE_SIZE, .color = FAINT, .lines = 1};
    const uint32_t width = title_width(result), x = CS_SHEET_MARGIN + (CS_SHEET_INSIDE - width);
    uint32_t high = 0;
    cs_buf title = cs_buf_make(SIZE_MAX / 2), note = cs_buf_make(4096);
    clipsearch_status status = CLIPSEARCH_OK;
    put_note(&note, s, result, s->hits[i]);
    if (!put_title(&title, s, result) || note.failed)
        status = cs_fail_memory(s->err, "a contact sheet");
    if (status == CLIPSEARCH_OK && result->is_image) {
        status = draw_tile(s, (cs_point){CS_SHEET_MARGIN, top}, result->query, result->bytes, result->size);
        cs_canvas_frame(s->canvas, CS_SHEET_MARGIN - 3, top - 3, CS_SHEET_TILE + 6, CS_SHEET_TILE + 6, QUERY_FRAME);
        cs_canvas_frame(s->canvas, CS_SHEET_MARGIN - 4, top - 4, CS_SHEET_TILE + 8, CS_SHEET_TILE + 8, QUERY_FRAME);
    }
    if (status == CLIPSEARCH_OK)
        status = s->text->measure(title.data, &title_style, width, &high, s->err);
    if (status == CLIPSEARCH_OK) {
        const uint32_t used = high + CS_SHEET_NOTE;
        top += result->is_image && used < CS_SHEET_TILE ? (CS_SHEET_TILE - used) / 2 : 0;
        status = s->text->draw(s->canvas, x, top, width, title.data, &title_style, s->err);
    }
    if (status == CLIPSEARCH_OK)
        status = s->text->draw(s->canvas, x, top + high + 4, width, note.data, &note_style, s->err);
    cs_buf_free(&title);
    cs_buf_free(&note);
    return status;
}

/* Below the label of a tile: a line for each attribute that was asked for. One that the image lacks leaves its line
 * empty, so that the lines of a row stand at one height. */
static clipsearch_status draw_captions(sheet *s, cs_point at, const clipsearch_hit *hit)
{
    const cs_text_style style = {.size = CS_SHEET_NAME_SIZE - 1, .centred = true, .color = FAINT, .lines = 1};
    clipsearch_status status = CLIPSEARCH_OK;
    cs_buf value = cs_buf_make(2 << 20), text = cs_buf_make(1 << 14);
    for (size_t i = 0; i < s->results->caption_count && i < CS_SHEET_MOST_CAPTIONS && status == CLIPSEARCH_OK; i++) {
        const uint32_t top = at.y + CS_SHEET_TILE + CS_SHEET_LABEL + (uint32_t)i * CS_SHEET_CAPTION;
        cs_buf_clear(&value);
        cs_buf_clear(&text);
        cs_put_caption(&value, hit->attributes, s->results->captions[i]);
        if (value.len && !value.failed)
            cs_put_clean(&text, value.data, NAME_CHARACTERS);
        if (value.failed || text.failed)
            status = cs_fail_memory(s->err, "a contact sheet");
        else if (text.len)
            status = s->text->draw(s->canvas, at.x, top, CS_SHEET_TILE, text.data, &style, s->err);
    }
    cs_buf_free(&value);
    cs_buf_free(&text);
    return status;
}

/* Below a tile: the file's name, its rank and score, and its attributes. */
static clipsearch_status draw_label(sheet *s, cs_point at, const clipsearch_hit *hit, size_t rank)
{
    const cs_text_style name_style = {.size = CS_SHEET_NAME_SIZE, .centred = true, .color = INK, .lines = 1};
    const cs_text_style score_style = {.size = CS_SHEET_NAME_SIZE - 1, .centred = true, .color = FAINT, .lines = 1};
    char score[64] = "", copies[CS_COPIES_BYTES], line[144];
    if (!s->results->unscored) /* a score, or a squared distance of any size */
        cs_format(score, sizeof score, fabsf(hit->score) < 1e6f ? "   %.3f" : "   %.6g", (double)hit->score);
    cs_format(line, sizeof line, "%zu%s%s", rank + 1, score, cs_format_copies("   ", hit->copies, copies));
    cs_buf name = cs_buf_make(1 << 14);
    cs_put_clean(&name, cs_path_base(hit->path), NAME_CHARACTERS);
    clipsearch_status status = name.failed || !name.data ? cs_fail_memory(s->err, "a contact sheet") : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK)
        status = s->text->draw(s->canvas, at.x, at.y + CS_SHEET_TILE + CS_SHEET_NAME_TOP, CS_SHEET_TILE, name.data,
                               &name_style, s->err);
    if (status == CLIPSEARCH_OK)
        status = s->text->draw(s->canvas, at.x, at.y + CS_SHEET_TILE + CS_SHEET_SCORE_TOP, CS_SHEET_TILE, line,
                               &score_style, s->err);
    if (status == CLIPSEARCH_OK)
        status = draw_captions(s, at, hit);
    cs_buf_free(&name);
    return status;
}

static clipsearch_status draw_hits(sheet *s, uint32_t top, size_t i)
{
    const cs_text_style style = {.size = NOTE_SIZE, .color = FAINT, .lines = 1};
    const cs_result *result = &s->results->items[i];
    if (!s->hits[i])
        return s->text->draw(s->canvas, CS_SHEET_MARGIN, top, CS_SHEET_INSIDE, "nothing found", &style, s->err);
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t rank = 0; rank < s->hits[i] && status == CLIPSEARCH_OK; rank++) {
        const clipsearch_hit *hit = cs_result_hit(result, rank);
        const cs_point at = cs_sheet_tile(top, rank, s->label);
        status = draw_tile(s, at, hit->path, NULL, 0);
        if (status == CLIPSEARCH_OK)
            status = draw_label(s, at, hit, rank);
    }
    return status;
}

static clipsearch_status draw_blocks(sheet *s)
{
    clipsearch_status status = CLIPSEARCH_OK;
    uint32_t top = CS_SHEET_MARGIN;
    for (size_t i = 0; i < s->results->count && status == CLIPSEARCH_OK; i++) {
        if (i)
            cs_canvas_fill(s->canvas, CS_SHEET_MARGIN, top - CS_SHEET_BLOCK_GAP / 2, CS_SHEET_INSIDE, 1, LINE);
        status = draw_query(s, top, i);
        top += s->query_heights[i] + CS_SHEET_QUERY_GAP;
        if (status == CLIPSEARCH_OK)
            status = draw_hits(s, top, i);
        top += (uint32_t)cs_sheet_tiles_height(s->hits[i], s->label) + CS_SHEET_BLOCK_GAP;
    }
    return status;
}

clipsearch_status cs_sheet_draw(const cs_results *results, const cs_text_drawer *text, cs_canvas *canvas,
                                clipsearch_error *err)
{
    uint32_t height;
    sheet s = {.results = results,
               .text = text,
               .canvas = canvas,
               .label = cs_sheet_label_height(results->caption_count),
               .err = err};
    *canvas = (cs_canvas){0};
    s.hits = cs_alloc_array(results->count, sizeof *s.hits);
    s.query_heights = cs_alloc_array(results->count, sizeof *s.query_heights);
    clipsearch_status status = s.hits && s.query_heights ? CLIPSEARCH_OK : cs_fail_memory(err, "a contact sheet");
    for (size_t i = 0; i < results->count && status == CLIPSEARCH_OK; i++) {
        s.hits[i] = cs_result_count(&results->items[i]);
        status = measure_query(&s, i);
    }
    if (status == CLIPSEARCH_OK)
        status = cs_sheet_height(s.query_heights, s.hits, results->count, s.label, &height, err);
    if (status == CLIPSEARCH_OK)
        status = cs_canvas_make(canvas, CS_SHEET_WIDTH, height, PAPER, err);
    if (status == CLIPSEARCH_OK)
        status = draw_blocks(&s);
    cs_free(s.hits);
    cs_free(s.query_heights);
    return status;
}

clipsearch_status cs_sheet_make(const cs_results *results, const cs_sheet_file *file, clipsearch_error *err)
{
    cs_canvas canvas = {0};
    clipsearch_status status = cs_sheet_draw(results, cs_text_best(), &canvas, err);
    if (status == CLIPSEARCH_OK)
        status = cs_sheet_write(file, &canvas, err);
    cs_canvas_free(&canvas);
    return status;
}
