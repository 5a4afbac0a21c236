/* SPDX-License-Identifier: MIT
 * test_sheet.c - positions on a contact sheet, its letters and its drawing. */
#include "output/canvas.h"
#include "output/font.h"
#include "output/sheet.h"
#include "output/sheet_layout.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_layout(void)
{
    clipsearch_error err;
    uint32_t height, w, h;
    TAP_OK(cs_sheet_width() == 12 + 150 + 24 + 5 * 150 + 4 * 8 + 12, "width");
    TAP_OK(cs_sheet_block_height(0) == 168 && cs_sheet_block_height(1) == 168 && cs_sheet_block_height(5) == 168 &&
               cs_sheet_block_height(6) == 344 && cs_sheet_block_height(10) == 344 && cs_sheet_block_height(11) == 520,
           "five a row");
    const size_t hits[] = {10, 3};
    TAP_OK(cs_sheet_height(hits, 2, &height, &err) == CLIPSEARCH_OK && height == 12 + 344 + 24 + 168 + 12,
           "two blocks");
    bool apart = true;
    for (size_t a = 0; a < 23; a++)
        for (size_t b = 0; b < 23; b++) {
            cs_point p = cs_sheet_tile(12, a), q = cs_sheet_tile(12, b);
            uint32_t dx = p.x > q.x ? p.x - q.x : q.x - p.x, dy = p.y > q.y ? p.y - q.y : q.y - p.y;
            apart = apart && (a == b || dx >= CS_SHEET_TILE || dy >= CS_SHEET_TILE + CS_SHEET_LABEL);
            apart = apart && p.x >= cs_sheet_query(12).x + CS_SHEET_TILE && p.x + CS_SHEET_TILE <= cs_sheet_width() &&
                    p.y >= 12 && p.y + CS_SHEET_TILE + CS_SHEET_LABEL <= 12 + cs_sheet_block_height(23);
        }
    TAP_OK(apart, "tiles lie inside and apart");
    const size_t many[] = {SIZE_MAX}, most[] = {1845}, more[] = {1846};
    TAP_OK(cs_sheet_height(many, 1, &height, &err) == CLIPSEARCH_E_LIMIT, "too many: %s", err.message);
    TAP_OK(cs_sheet_height(most, 1, &height, &err) == CLIPSEARCH_OK && height <= CS_SHEET_MAX_HEIGHT &&
               cs_sheet_height(more, 1, &height, &err) == CLIPSEARCH_E_LIMIT,
           "as many as fit, and one more");
    static const uint32_t sizes[][4] = {{300, 150, 150, 75}, {150, 300, 75, 150},     {10, 10, 150, 150},
                                        {1, 100000, 1, 150}, {4000000000, 1, 150, 1}, {3, 2, 150, 100}};
    bool fits = true;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cs_sheet_fit(sizes[i][0], sizes[i][1], &w, &h);
        fits = fits && w == sizes[i][2] && h == sizes[i][3];
    }
    TAP_OK(fits, "images fit their tile");
}

/* The lines of `text`, each followed by '|'. */
static const char *lines_of(const char *text, size_t columns)
{
    static char joined[400];
    size_t letters;
    joined[0] = '\0';
    for (const char *start; (start = cs_sheet_next_line(&text, columns, &letters));) {
        const char *end = start;
        for (size_t i = 0; i < letters; i++)
            (void)cs_font_next(&end);
        snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%.*s|", (int)(end - start), start);
    }
    return joined;
}

static void test_lines(void)
{
    TAP_OK(strcmp(lines_of("a white dog", 17), "a white dog|") == 0, "one line");
    TAP_OK(strcmp(lines_of("a white dog", 8), "a white|dog|") == 0, "broken at a space");
    TAP_OK(strcmp(lines_of("a white dog", 7), "a white|dog|") == 0, "a line just full");
    TAP_OK(strcmp(lines_of("abcdefghij k", 4), "abcd|efgh|ij k|") == 0, "a word longer than a line");
    TAP_OK(strcmp(lines_of("  a   b  ", 3), "a  |b  |") == 0, "spaces: %s", lines_of("  a   b  ", 3));
    TAP_OK(strcmp(lines_of("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 3), "\xc3\xa9\xc3\xa9\xc3\xa9|\xc3\xa9|") == 0,
           "letters, not bytes, are counted");
    TAP_OK(strcmp(lines_of("", 3), "") == 0 && strcmp(lines_of("   ", 3), "") == 0, "nothing");
}

static void test_font(void)
{
    bool different = true, clear = true;
    for (uint32_t a = 0x20; a <= 0x7E; a++) {
        for (uint32_t b = a + 1; b <= 0x7F; b++)
            different = different && memcmp(cs_font_glyph(a), cs_font_glyph(b), CS_FONT_SIZE) != 0;
        for (int row = 0; row < CS_FONT_SIZE; row++)
            clear = clear && (cs_font_glyph(a)[row] & 0x83) == 0;
    }
    TAP_OK(different, "no two letters look the same");
    TAP_OK(clear, "letters leave room between them");
    const char *text = "a\xc3\xa9\xf0\x9f\x98\x80\xff\x80z";
    TAP_OK(cs_font_letters(text) == 5, "letters of UTF-8, whole and broken");
}

/* Whether all pixels of the canvas are those of the upper left part of `other`, which is not smaller. */
static bool is_part_of(const cs_canvas *canvas, const cs_canvas *other)
{
    for (uint32_t y = 0; y < canvas->height; y++)
        if (memcmp(canvas->rgb + (size_t)y * canvas->width * 3, other->rgb + (size_t)y * other->width * 3,
                   (size_t)canvas->width * 3) != 0)
            return false;
    return true;
}

/* The same drawing on a canvas that it hangs over and on one where it fits: the first shows a part of the second. */
static void draw_at_edges(cs_canvas *canvas)
{
    uint8_t pixels[3 * 3 * 3];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(200 + i);
    const clipsearch_image image = {.rgb = pixels, .width = 3, .height = 3};
    cs_canvas_image(canvas, 18, 8, &image);
    cs_canvas_image(canvas, 20, 10, &image);
    cs_canvas_fill(canvas, 19, 9, 30, 30, 0x010203);
    cs_canvas_fill(canvas, 30, 30, 1, 1, 0);
    cs_canvas_frame(canvas, 10, 1, 30, 4, 0x506070);
    cs_canvas_text(canvas, 0, 5, "Mm", 2, 3, 0);
}

static void test_canvas(void)
{
    clipsearch_error err;
    cs_canvas small, large;
    if (!TAP_OK(cs_canvas_make(&small, 20, 10, 0x102030, &err) == CLIPSEARCH_OK &&
                    cs_canvas_make(&large, 100, 100, 0x102030, &err) == CLIPSEARCH_OK,
                "canvases"))
        return;
    TAP_OK(memcmp(small.rgb, "\x10\x20\x30", 3) == 0 && is_part_of(&small, &large), "of one colour");
    draw_at_edges(&small);
    draw_at_edges(&large);
    TAP_OK(memcmp(small.rgb + (8 * 20 + 18) * 3, "\xC8\xC9\xCA", 3) == 0 &&
               memcmp(small.rgb + (9 * 20 + 19) * 3, "\x01\x02\x03", 3) == 0 &&
               memcmp(small.rgb + (5 * 20 + 3) * 3, "\0\0\0", 3) == 0,
           "images, rectangles and letters are drawn");
    TAP_OK(is_part_of(&small, &large), "and cut at the edges, every pixel");
    cs_canvas_fill(&small, 19, 9, UINT32_MAX, UINT32_MAX, 0x040506);
    TAP_OK(memcmp(small.rgb + (9 * 20 + 19) * 3, "\x04\x05\x06", 3) == 0 &&
               memcmp(small.rgb + (9 * 20 + 18) * 3, "\x04\x05\x06", 3) != 0,
           "a rectangle of any size");
    cs_canvas_free(&small);
    cs_canvas_free(&large);
}

/* Draw the sheet of one query and compare it with `expected`, pixel by pixel. */
static bool is_drawn_as(const cs_result *result, const cs_canvas *expected)
{
    char path[] = "/tmp/clipsearch-sheet-XXXXXX";
    clipsearch_error err = {0};
    clipsearch_image image = {0};
    cs_result item = *result;
    const cs_results results = {.items = &item, .count = 1};
    const int file = mkstemp(path);
    bool same = file >= 0 && cs_draw_sheet(&results, path, &err) == CLIPSEARCH_OK &&
                clipsearch_image_load(path, NULL, &image, &err) == CLIPSEARCH_OK;
    same = same && image.width == expected->width && image.height == expected->height &&
           memcmp(image.rgb, expected->rgb, (size_t)image.width * image.height * 3) == 0;
    if (err.message[0])
        tap_note("%s", err.message);
    clipsearch_image_free(&image);
    if (file >= 0)
        close(file);
    unlink(path);
    return same;
}

/* The parts that every sheet of a query without hits has: its frame, the time of the search, and "nothing found". */
static bool draw_frame(cs_canvas *canvas)
{
    const uint32_t ink = 0x202020;
    const cs_point query = cs_sheet_query(CS_SHEET_MARGIN), tile = cs_sheet_tile(CS_SHEET_MARGIN, 0);
    if (cs_canvas_make(canvas, cs_sheet_width(), 2 * CS_SHEET_MARGIN + 168, 0xFFFFFF, NULL) != CLIPSEARCH_OK)
        return false;
    cs_canvas_frame(canvas, query.x - 3, query.y - 3, 156, 156, 0x2060C0);
    cs_canvas_text(canvas, query.x + (150 - 13 * 6) / 2, query.y + 155, "search 1.5 ms", 13, 1, ink);
    cs_canvas_text(canvas, tile.x + (150 - 7 * 12) / 2, tile.y + 57, "nothing", 7, 2, ink);
    cs_canvas_text(canvas, tile.x + (150 - 5 * 12) / 2, tile.y + 77, "found", 5, 2, ink);
    return true;
}

static void test_drawing(void)
{
    char path[4096];
    cs_canvas expected;
    clipsearch_image image = {0}, small = {0};
    const cs_point query = cs_sheet_query(CS_SHEET_MARGIN);
    if (!TAP_OK(draw_frame(&expected), "a canvas"))
        return;
    cs_canvas_text(&expected, query.x + (150 - 5 * 12) / 2, query.y + 67, "a dog", 5, 2, 0x202020);
    TAP_OK(is_drawn_as(&(cs_result){.query = "a dog", .ms = 20, .search_ms = 1.5}, &expected),
           "a text in its tile, the time of its search below it, and that nothing was found");
    cs_canvas_free(&expected);

    snprintf(path, sizeof path, "%s/examples/pictures/white-dog-grass.jpg", getenv("CLIPSEARCH_SOURCE_ROOT"));
    bool ready = draw_frame(&expected) && clipsearch_image_load(path, NULL, &image, NULL) == CLIPSEARCH_OK &&
                 clipsearch_image_resize(&image, 150, 150, &small, NULL) == CLIPSEARCH_OK;
    if (ready) {
        cs_canvas_image(&expected, query.x, query.y, &small);
        cs_canvas_frame(&expected, query.x - 3, query.y - 3, 156, 156, 0x2060C0);
    }
    TAP_OK(ready && is_drawn_as(&(cs_result){.is_image = true, .query = path, .search_ms = 1.5}, &expected),
           "an image resized to its tile");
    clipsearch_image_free(&image);
    clipsearch_image_free(&small);
    cs_canvas_free(&expected);

    ready = draw_frame(&expected);
    cs_canvas_fill(&expected, query.x, query.y, 150, 150, 0xECECEC);
    cs_canvas_text(&expected, query.x + (150 - 7 * 12) / 2, query.y + 67, "missing", 7, 2, 0x202020);
    TAP_OK(ready && is_drawn_as(&(cs_result){.is_image = true, .query = "/none.jpg", .search_ms = 1.5}, &expected),
           "a grey tile for an image that is missing");
    cs_canvas_free(&expected);
}

int main(void)
{
    test_layout();
    test_lines();
    test_font();
    test_canvas();
    test_drawing();
    return tap_done();
}
