/* SPDX-License-Identifier: MIT
 * test_sheet.c - a contact sheet's arithmetic, its letters and its drawing. */
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
                    p.y + CS_SHEET_TILE + CS_SHEET_LABEL <= 12 + cs_sheet_block_height(23);
        }
    TAP_OK(apart, "tiles lie inside and apart");
    const size_t many[] = {SIZE_MAX}, most[] = {1845};
    TAP_OK(cs_sheet_height(many, 1, &height, &err) == CLIPSEARCH_E_LIMIT, "too many: %s", err.message);
    TAP_OK(cs_sheet_height(most, 1, &height, &err) == CLIPSEARCH_OK && height <= CS_SHEET_MAX_HEIGHT, "the most");
    static const uint32_t sizes[][4] = {{300, 150, 150, 75}, {150, 300, 75, 150},     {10, 10, 150, 150},
                                        {1, 100000, 1, 150}, {4000000000, 1, 150, 1}, {3, 2, 150, 100}};
    bool fits = true;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cs_sheet_fit(sizes[i][0], sizes[i][1], &w, &h);
        fits = fits && w == sizes[i][2] && h == sizes[i][3];
    }
    TAP_OK(fits, "pictures fit their tile");
}

/* The lines of `text`, with '|' between. */
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
    TAP_OK(strcmp(lines_of("  a   b  ", 3), "a|b  |") == 0 || strcmp(lines_of("  a   b  ", 3), "a  |b  |") == 0,
           "spaces");
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

static void test_canvas(void)
{
    clipsearch_error err;
    cs_canvas canvas;
    if (!TAP_OK(cs_canvas_make(&canvas, 20, 10, 0x102030, &err) == CLIPSEARCH_OK, "a canvas"))
        return;
    uint8_t pixels[3 * 3 * 3];
    memset(pixels, 0xFF, sizeof pixels);
    clipsearch_image image = {.rgb = pixels, .width = 3, .height = 3};
    /* all of these hang over an edge: the sanitizer would tell */
    cs_canvas_image(&canvas, 18, 8, &image);
    cs_canvas_image(&canvas, 20, 10, &image);
    cs_canvas_fill(&canvas, 19, 9, UINT32_MAX, UINT32_MAX, 0x010203);
    cs_canvas_fill(&canvas, 30, 30, 1, 1, 0);
    TAP_OK(memcmp(canvas.rgb, "\x10\x20\x30", 3) == 0 && memcmp(canvas.rgb + (8 * 20 + 18) * 3, "\xFF\xFF\xFF", 3) == 0,
           "drawing is cut at the edges");
    cs_canvas_text(&canvas, 15, 5, "Mm", 2, 3, 0);
    TAP_OK(memcmp(canvas.rgb + (5 * 20 + 18) * 3, "\0\0\0", 3) == 0, "and so are letters");
    cs_canvas_free(&canvas);
}

/* One query that found nothing: its words stand in the tile, and below it how long the search took. */
static void test_drawing(void)
{
    char path[] = "/tmp/clipsearch-sheet-XXXXXX";
    clipsearch_error err = {0};
    clipsearch_image image = {0};
    cs_result result = {.query = "a dog", .ms = 20, .search_ms = 1.5};
    cs_results results = {.items = &result, .count = 1};
    int file = mkstemp(path);
    if (!TAP_OK(file >= 0 && cs_draw_sheet(&results, path, &err) == CLIPSEARCH_OK &&
                    clipsearch_image_load(path, NULL, &image, &err) == CLIPSEARCH_OK,
                "a sheet is drawn %s", err.message))
        return;
    size_t dark[2] = {0}; /* below the query's tile, below the first hit's */
    const cs_point tiles[2] = {cs_sheet_query(CS_SHEET_MARGIN), cs_sheet_tile(CS_SHEET_MARGIN, 0)};
    for (int t = 0; t < 2; t++)
        for (uint32_t y = tiles[t].y + CS_SHEET_TILE + 4; y < tiles[t].y + CS_SHEET_TILE + CS_SHEET_LABEL; y++)
            for (uint32_t x = tiles[t].x; x < tiles[t].x + CS_SHEET_TILE; x++)
                dark[t] += image.rgb[((size_t)y * image.width + x) * 3] < 128;
    TAP_OK(dark[0] > 60 && dark[1] == 0, "the search's time stands below the query (%zu, %zu dots)", dark[0], dark[1]);
    clipsearch_image_free(&image);
    close(file);
    unlink(path);
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
