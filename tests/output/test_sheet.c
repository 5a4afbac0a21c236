/* SPDX-License-Identifier: MIT
 * test_sheet.c - positions on a contact sheet, its small font, its drawing and its files. */
#include "backend/hits.h"
#include "base/fit_size.h"
#include "base/mem.h"
#include "output/canvas.h"
#include "output/caption.h"
#include "output/font.h"
#include "output/sheet.h"
#include "output/sheet_layout.h"
#include "output/text_lines.h"
#include "support/folder.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t tiles_height(size_t hits)
{
    return cs_sheet_tiles_height(hits, CS_SHEET_LABEL);
}

static void test_layout(void)
{
    clipsearch_error err;
    uint32_t height, w, h;
    TAP_OK(CS_SHEET_WIDTH == 24 + 5 * 200 + 4 * 16 + 24, "width");
    TAP_OK(tiles_height(0) == 40 && tiles_height(1) == 246 && tiles_height(5) == 246 && tiles_height(6) == 508 &&
               tiles_height(10) == 508 && tiles_height(11) == 770,
           "five a row");
    const size_t hits[] = {10, 3};
    const uint32_t queries[] = {50, 200};
    TAP_OK(cs_sheet_height(queries, hits, 2, CS_SHEET_LABEL, &height, &err) == CLIPSEARCH_OK &&
               height == 24 + 50 + 16 + 508 + 48 + 200 + 16 + 246 + 24,
           "two blocks");
    bool apart = true;
    for (size_t a = 0; a < 23; a++)
        for (size_t b = 0; b < 23; b++) {
            cs_point p = cs_sheet_tile(12, a, CS_SHEET_LABEL), q = cs_sheet_tile(12, b, CS_SHEET_LABEL);
            uint32_t dx = p.x > q.x ? p.x - q.x : q.x - p.x, dy = p.y > q.y ? p.y - q.y : q.y - p.y;
            apart = apart && (a == b || dx >= CS_SHEET_TILE || dy >= CS_SHEET_TILE + CS_SHEET_LABEL);
            apart = apart && p.x >= CS_SHEET_MARGIN && p.x + CS_SHEET_TILE <= CS_SHEET_WIDTH - CS_SHEET_MARGIN &&
                    p.y >= 12 && p.y + CS_SHEET_TILE + CS_SHEET_LABEL <= 12 + tiles_height(23);
        }
    TAP_OK(apart, "tiles lie inside and apart");
    const size_t many[] = {SIZE_MAX}, most[] = {1235}, more[] = {1241};
    TAP_OK(cs_sheet_height(queries, many, 1, CS_SHEET_LABEL, &height, &err) == CLIPSEARCH_E_LIMIT, "too many: %s",
           err.message);
    TAP_OK(cs_sheet_height(queries, most, 1, CS_SHEET_LABEL, &height, &err) == CLIPSEARCH_OK &&
               height <= CS_SHEET_MAX_HEIGHT &&
               cs_sheet_height(queries, more, 1, CS_SHEET_LABEL, &height, &err) == CLIPSEARCH_E_LIMIT,
           "as many as fit, and more");
    static const uint32_t sizes[][4] = {{300, 150, 150, 75}, {150, 300, 75, 150},     {10, 10, 150, 150},
                                        {1, 100000, 1, 150}, {4000000000, 1, 150, 1}, {3, 2, 150, 100}};
    bool fits = true;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cs_fit_size(sizes[i][0], sizes[i][1], 150, &w, &h);
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
    for (const char *start; (start = cs_text_next_line(&text, columns, &letters));) {
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

static void test_blend(void)
{
    cs_canvas canvas;
    if (!TAP_OK(cs_canvas_make(&canvas, 4, 3, 0x406080, NULL) == CLIPSEARCH_OK, "a canvas"))
        return;
    /* rows above the canvas, one inside; half white, nothing, a whole colour, one beside the canvas */
    const uint32_t pixels[2][4] = {{0xFF111111, 0xFF111111, 0xFF111111, 0xFF111111},
                                   {0x80808080, 0x00000000, 0xFF010203, 0xFF040506}};
    cs_canvas_blend(&canvas, 1, -1, (const uint8_t *)pixels, sizeof pixels[0], 4, 2);
    TAP_OK(memcmp(canvas.rgb, "\x40\x60\x80\xA0\xB0\xC0\x40\x60\x80\x01\x02\x03", 12) == 0 &&
               memcmp(canvas.rgb + 12, "\x40\x60\x80", 3) == 0,
           "pixels are mixed by their opacity, and those outside are left out");
    cs_canvas_blend(&canvas, 9, 0, (const uint8_t *)pixels, sizeof pixels[0], 4, 2);
    cs_canvas_blend(&canvas, 0, 7, (const uint8_t *)pixels, sizeof pixels[0], 4, 2);
    TAP_OK(memcmp(canvas.rgb, "\x40\x60\x80\xA0", 4) == 0, "all of them");
    cs_canvas_free(&canvas);
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

/* ---------------------------------------------------------------- letters of the small font */

/* Whether the drawing of `text` in a style looks like `same` in the same style, drawn by cs_canvas_text at x. */
static bool is_drawn_as_text(const char *text, const cs_text_style *style, const char *same, uint32_t x)
{
    cs_canvas drawn = {0}, expected = {0};
    bool equal = cs_canvas_make(&drawn, 100, 40, 0xFFFFFF, NULL) == CLIPSEARCH_OK &&
                 cs_canvas_make(&expected, 100, 40, 0xFFFFFF, NULL) == CLIPSEARCH_OK;
    if (equal) {
        (void)cs_text_plain.draw(&drawn, 10, 5, 84, text, style, NULL);
        cs_canvas_text(&expected, x, 6, same, strlen(same), 1, style->color);
        equal = is_part_of(&drawn, &expected);
    }
    cs_canvas_free(&drawn);
    cs_canvas_free(&expected);
    return equal;
}

static void test_plain(void)
{
    const cs_text_style left = {.size = 14, .lines = 1, .color = 0x102030},
                        middle = {.size = 14, .lines = 1, .centred = true};
    TAP_OK(is_drawn_as_text("abc.jpg", &left, "abc.jpg", 10), "plain: at the left");
    TAP_OK(is_drawn_as_text("abcd", &middle, "abcd", 10 + (84 - 24) / 2), "plain: in the middle");
    TAP_OK(is_drawn_as_text("abcdefghijklmn", &middle, "abcdefghijklmn", 10), "plain: a name that just fits");
    TAP_OK(is_drawn_as_text("abcdefghijklmnopqrs.jpg", &middle, "abcdef...s.jpg", 10),
           "plain: a long name is shortened in the middle");
    TAP_OK(is_drawn_as_text("", &middle, "", 10), "plain: nothing");
    uint32_t one, three, many;
    const cs_text_style lines = {.size = 28, .lines = 4};
    TAP_OK(cs_text_plain.measure("a b", &lines, 100, &one, NULL) == CLIPSEARCH_OK &&
               cs_text_plain.measure("aaaaaaa bbbbbbb ccccccc", &lines, 100, &three, NULL) == CLIPSEARCH_OK &&
               cs_text_plain.measure("aaaaaaa bbbbbbb ccccccc ddddddd eeeeeee", &lines, 100, &many, NULL) ==
                   CLIPSEARCH_OK &&
               one == 20 && three == 60 && many == 80,
           "plain: heights, up to the most lines");
}

/* ---------------------------------------------------------------- whole sheets */

/* Hits with the first `count` of these images, the scores falling. */
static clipsearch_hits *make_hits(size_t count)
{
    static const char *const names[] = {"white-dog-grass.jpg", "cat-snow.jpg",  "red-bus-blue.jpg", "fish-sea.jpg",
                                        "two-bananas.jpg",     "cow-grass.jpg", "pie-red.jpg"};
    clipsearch_hits *hits = cs_hits_make(1);
    for (size_t i = 0; i < count && hits; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/examples/pictures/%s", getenv("CLIPSEARCH_SOURCE_ROOT"), names[i % 7]);
        const clipsearch_item item = {.id = (int64_t)i + 1, .path = path, .attributes = "{}"};
        (void)cs_hits_add(hits, &item, 0.5f - (float)i / 1000, NULL);
    }
    if (hits)
        cs_hits_next_query(hits);
    return hits;
}

/* How many pixels of the rectangle are not paper. */
static size_t ink(const cs_canvas *canvas, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    size_t sum = 0;
    for (uint32_t row = y; row < y + height && row < canvas->height; row++)
        for (uint32_t column = x; column < x + width && column < canvas->width; column++)
            sum += memcmp(canvas->rgb + ((size_t)row * canvas->width + column) * 3, "\xFF\xFF\xFF", 3) != 0;
    return sum;
}

static bool has_name(const cs_canvas *canvas, cs_point at)
{
    return ink(canvas, at.x, at.y + CS_SHEET_TILE + 2, CS_SHEET_TILE, CS_SHEET_SCORE_TOP - 2) > 60;
}

static bool has_score(const cs_canvas *canvas, cs_point at)
{
    return ink(canvas, at.x, at.y + CS_SHEET_TILE + CS_SHEET_SCORE_TOP, CS_SHEET_TILE,
               CS_SHEET_LABEL - CS_SHEET_SCORE_TOP) > 20;
}

/* Whether the image of `hit` lies in the tile, and no other. */
static bool has_image(const cs_canvas *canvas, cs_point at, const clipsearch_hit *hit)
{
    clipsearch_image image = {0}, small = {0};
    bool same = clipsearch_image_load(hit->path, NULL, &image, NULL) == CLIPSEARCH_OK &&
                clipsearch_image_resize(&image, CS_SHEET_TILE, CS_SHEET_TILE, &small, NULL) == CLIPSEARCH_OK;
    for (uint32_t row = 0; row < CS_SHEET_TILE && same; row++)
        same = memcmp(canvas->rgb + ((size_t)(at.y + row) * canvas->width + at.x) * 3,
                      small.rgb + (size_t)row * CS_SHEET_TILE * 3, CS_SHEET_TILE * 3) == 0;
    clipsearch_image_free(&image);
    clipsearch_image_free(&small);
    return same;
}

/* A sheet of a text query: every part is where the layout says, and nothing is anywhere else. */
static void test_hits(const cs_text_drawer *text, size_t count)
{
    clipsearch_error err = {0};
    cs_canvas canvas = {0};
    cs_result item = {.query = "a white dog", .search_ms = 1.5, .hits = make_hits(count)};
    const cs_results results = {.collection = "photos", .items = &item, .count = 1};
    bool drawn = item.hits && cs_sheet_draw(&results, text, &canvas, &err) == CLIPSEARCH_OK;
    const uint32_t top = drawn ? canvas.height - CS_SHEET_MARGIN - (uint32_t)tiles_height(count) : 0;
    bool images = drawn, labels = drawn, empty = drawn;
    for (size_t rank = 0; rank < (count + 4) / 5 * 5 && drawn; rank++) {
        const cs_point at = cs_sheet_tile(top, rank, CS_SHEET_LABEL);
        if (rank < count) {
            images = images && has_image(&canvas, at, clipsearch_hits_get(item.hits, 0, rank));
            labels = labels && has_name(&canvas, at) && has_score(&canvas, at);
        } else {
            empty = empty && ink(&canvas, at.x, at.y, CS_SHEET_TILE, CS_SHEET_TILE + CS_SHEET_LABEL) == 0;
        }
        if (rank % 5 < 4) /* between the tiles */
            empty = empty && ink(&canvas, at.x + CS_SHEET_TILE, top, CS_SHEET_GAP, canvas.height - top) == 0;
    }
    TAP_OK(images, "%s: %zu images in their tiles %s", text->name, count, err.message);
    TAP_OK(labels, "%s: a name and a score below each", text->name);
    TAP_OK(empty, "%s: nothing beside them", text->name);
    TAP_OK(drawn && ink(&canvas, CS_SHEET_MARGIN, CS_SHEET_MARGIN, 300, top - CS_SHEET_MARGIN) > 300 &&
               ink(&canvas, 0, 0, CS_SHEET_MARGIN, canvas.height) == 0 &&
               ink(&canvas, 0, 0, canvas.width, CS_SHEET_MARGIN - 4) == 0,
           "%s: the query above them, and margins", text->name);
    cs_canvas_free(&canvas);
    clipsearch_hits_free(&item.hits);
}

/* An image query: its image first, its name beside it. An image that is missing is said to be. */
static void test_image_query(const cs_text_drawer *text)
{
    cs_canvas canvas = {0};
    char path[4096];
    snprintf(path, sizeof path, "%s/examples/pictures/white-dog-grass.jpg", getenv("CLIPSEARCH_SOURCE_ROOT"));
    cs_result items[] = {{.is_image = true, .query = path, .hits = make_hits(1)},
                         {.is_image = true, .query = "/none/missing.jpg", .hits = make_hits(0)}};
    const cs_results results = {.collection = "photos", .items = items, .count = 2};
    const cs_point query = {CS_SHEET_MARGIN, CS_SHEET_MARGIN};
    const uint32_t beside = CS_SHEET_MARGIN + CS_SHEET_TILE + CS_SHEET_GAP;
    bool drawn = cs_sheet_draw(&results, text, &canvas, NULL) == CLIPSEARCH_OK;
    const clipsearch_hit same = {.path = path};
    TAP_OK(drawn && canvas.height == 24 + 200 + 16 + 246 + 48 + 200 + 16 + 40 + 24, "%s: two image queries",
           text->name);
    TAP_OK(drawn && has_image(&canvas, query, &same) && ink(&canvas, beside, 24, 600, 200) > 500,
           "%s: the image of the query, its name beside it", text->name);
    const uint32_t second = 24 + 200 + 16 + 246 + 48;
    TAP_OK(drawn && memcmp(canvas.rgb + ((size_t)(second + 5) * canvas.width + 30) * 3, "\xF3\xF3\xF3", 3) == 0 &&
               ink(&canvas, beside, second, 600, 200) > 300 && ink(&canvas, 24, second + 216, 300, 40) > 60,
           "%s: an empty tile for an image that is missing, and that nothing was found", text->name);
    cs_canvas_free(&canvas);
    clipsearch_hits_free(&items[0].hits);
    clipsearch_hits_free(&items[1].hits);
}

/* A tall and a wide image: in the middle of their tiles, the rest of the tile grey. */
static void test_proportions(void)
{
    folder f;
    folder_make(&f);
    cs_canvas tall = {0}, wide = {0}, canvas = {0};
    const char *paths[2] = {folder_path(&f, "tall.png"), folder_path(&f, "wide.jpg")};
    bool ready =
        cs_canvas_make(&tall, 30, 60, 0x0000FF, NULL) == CLIPSEARCH_OK &&
        cs_canvas_make(&wide, 60, 15, 0x0000FF, NULL) == CLIPSEARCH_OK &&
        cs_sheet_write(&(cs_sheet_file){.path = paths[0]}, &tall, NULL) == CLIPSEARCH_OK &&
        cs_sheet_write(&(cs_sheet_file){.path = paths[1], .format = CS_SHEET_JPEG}, &wide, NULL) == CLIPSEARCH_OK;
    clipsearch_hits *hits = cs_hits_make(1);
    for (size_t i = 0; i < 2 && ready; i++)
        (void)cs_hits_add(hits, &(clipsearch_item){.path = paths[i], .attributes = "{}"}, 1, NULL);
    cs_hits_next_query(hits);
    cs_result item = {.query = "x", .hits = hits};
    ready = ready &&
            cs_sheet_draw(&(cs_results){.items = &item, .count = 1}, &cs_text_plain, &canvas, NULL) == CLIPSEARCH_OK;
    size_t blue[2] = {0}, grey[2] = {0};
    const uint32_t top = canvas.height - CS_SHEET_MARGIN - 246;
    for (size_t i = 0; i < 2 && ready; i++)
        for (uint32_t pixel = 0; pixel < 200 * 200; pixel++) {
            const uint32_t x = pixel % 200, y = pixel / 200;
            const cs_point at = cs_sheet_tile(top, i, CS_SHEET_LABEL);
            const uint8_t *rgb = canvas.rgb + ((size_t)(at.y + y) * canvas.width + at.x + x) * 3;
            const bool inside = i == 0 ? x >= 50 && x < 150 : y >= 75 && y < 125;
            blue[i] += inside && rgb[0] < 3 && rgb[1] < 3 && rgb[2] > 252;
            grey[i] += !inside && rgb[0] == 0xF3 && rgb[2] == 0xF3;
        }
    TAP_OK(ready && blue[0] == 100 * 200 && grey[0] == 100 * 200, "a tall image in the middle of its tile");
    TAP_OK(ready && blue[1] == 200 * 50 && grey[1] == 200 * 150, "a wide one, from a JPEG file");
    cs_canvas_free(&tall);
    cs_canvas_free(&wide);
    cs_canvas_free(&canvas);
    clipsearch_hits_free(&hits);
    folder_remove(&f);
}

/* ---------------------------------------------------------------- attributes */

static void test_captions(void)
{
    static const char attributes[] =
        "{\"price\":10,\"sold\":false,\"note\":\"two\\nlines\",\"none\":null,\"tree\":{\"a\":1}, \"camera\":\"Canon "
        "EOS R5\","
        "\"altitude\":408.5,\"exposure_time\":0.004,\"f_number\":2.8,\"focal_length\":50,\"iso\":400,"
        "\"keywords\":[\"lake\",\"boat\",7],\"latitude\":47.3769,\"longitude\":-8.5417,\"rating\":4,"
        "\"taken\":\"2024-07-01T18:30:05.25+02:00\"}";
    static const char *const wanted[][2] = {{"price", "price: 10"},
                                            {"sold", "sold: false"},
                                            {"note", "two\nlines"},
                                            {"none", ""},
                                            {"tree", ""},
                                            {"nothing", ""},
                                            {"camera", "Canon EOS R5"},
                                            {"altitude", "408.5 m"},
                                            {"exposure_time", "1/250 s"},
                                            {"f_number", "f/2.8"},
                                            {"focal_length", "50 mm"},
                                            {"iso", "ISO 400"},
                                            {"keywords", "lake, boat, 7"},
                                            {"rating", "rating 4 of 5"},
                                            {"gps", "47.37690, -8.54170"},
                                            {"taken", "2024-07-01 18:30"}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        cs_buf text = cs_buf_make(1 << 16);
        cs_put_caption(&text, attributes, wanted[i][0]);
        TAP_OK(!text.failed && strcmp(text.data ? text.data : "", wanted[i][1]) == 0, "%s: %s", wanted[i][0],
               text.data ? text.data : "");
        cs_buf_free(&text);
    }
    static const char *const others[][3] = {{"{\"exposure_time\":1.5}", "exposure_time", "1.5 s"},
                                            {"{\"taken\":\"2024-07\"}", "taken", "2024-07"},
                                            {"{\"taken\":7}", "taken", "taken: 7"},
                                            {"{\"rating\":-1}", "rating", "rejected"},
                                            {"{\"flags\":[true,null,false,[1],1]}", "flags", "true, false, 1"},
                                            {"{\"latitude\":1}", "gps", ""},
                                            {"{\"gps\":\"home\"}", "gps", "home"},
                                            {"no JSON", "x", ""}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cs_buf text = cs_buf_make(1 << 16);
        cs_put_caption(&text, others[i][0], others[i][1]);
        TAP_OK(strcmp(text.data ? text.data : "", others[i][2]) == 0, "%s of %s", others[i][1], others[i][0]);
        cs_buf_free(&text);
    }
}

/* The first image has both attributes, the second only the second, the third none. */
static void test_sheet_captions(const cs_text_drawer *text)
{
    static const char *const captions[] = {"camera", "price"};
    static const char *const attributes[] = {"{\"camera\":\"Nikon\",\"price\":1}", "{\"price\":2}", "{}"};
    cs_canvas canvas = {0}, plain = {0};
    clipsearch_hits *hits = cs_hits_make(1);
    for (size_t i = 0; i < 3 && hits; i++)
        (void)cs_hits_add(hits, &(clipsearch_item){.path = "/none/a.jpg", .attributes = attributes[i]}, 1, NULL);
    cs_hits_next_query(hits);
    cs_result item = {.query = "x", .hits = hits};
    cs_results results = {.items = &item, .count = 1};
    bool drawn = cs_sheet_draw(&results, text, &plain, NULL) == CLIPSEARCH_OK;
    results.captions = captions;
    results.caption_count = 2;
    drawn = drawn && cs_sheet_draw(&results, text, &canvas, NULL) == CLIPSEARCH_OK;
    TAP_OK(drawn && canvas.height == plain.height + 2 * CS_SHEET_CAPTION, "%s: two lines more", text->name);
    const uint32_t label = cs_sheet_label_height(2),
                   top = canvas.height - CS_SHEET_MARGIN - (uint32_t)cs_sheet_tiles_height(3, label);
    bool right = drawn;
    for (size_t rank = 0; rank < 3 && drawn; rank++)
        for (size_t line = 0; line < 2; line++) {
            const cs_point at = cs_sheet_tile(top, rank, label);
            const size_t letters =
                ink(&canvas, at.x, at.y + CS_SHEET_TILE + CS_SHEET_LABEL + (uint32_t)line * 18, CS_SHEET_TILE, 17);
            right = right && (rank == 0 || (rank == 1 && line == 1) ? letters > 20 : letters == 0);
        }
    TAP_OK(right, "%s: each attribute on its line, below the images that have it", text->name);
    cs_canvas_free(&canvas);
    cs_canvas_free(&plain);
    clipsearch_hits_free(&hits);
}

/* ---------------------------------------------------------------- files */

static void test_files(void)
{
    clipsearch_error err;
    cs_sheet_file file;
    folder f;
    folder_make(&f);
    static const struct {
        const char *name;
        clipsearch_status status;
        cs_sheet_format format;
    } names[] = {{"a.png", CLIPSEARCH_OK, CS_SHEET_PNG},         {"a.PNG", CLIPSEARCH_OK, CS_SHEET_PNG},
                 {"a.jpg", CLIPSEARCH_OK, CS_SHEET_JPEG},        {"a.b.JPEG", CLIPSEARCH_OK, CS_SHEET_JPEG},
                 {"a.gif", CLIPSEARCH_E_ARGUMENT, CS_SHEET_PNG}, {"a", CLIPSEARCH_E_ARGUMENT, CS_SHEET_PNG},
                 {"png", CLIPSEARCH_E_ARGUMENT, CS_SHEET_PNG},   {"a.png/b", CLIPSEARCH_E_ARGUMENT, CS_SHEET_PNG},
                 {"/dev/null", CLIPSEARCH_OK, CS_SHEET_PNG},     {"a.jpg2", CLIPSEARCH_E_ARGUMENT, CS_SHEET_PNG}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        TAP_OK(cs_sheet_file_choose(names[i].name, &file, &err) == names[i].status &&
                   (names[i].status != CLIPSEARCH_OK || file.format == names[i].format),
               "the format of %s", names[i].name);
    cs_canvas canvas = {0};
    clipsearch_image image = {0};
    bool ready = cs_canvas_make(&canvas, 31, 17, 0xFFFFFF, NULL) == CLIPSEARCH_OK;
    cs_canvas_fill(&canvas, 5, 5, 20, 8, 0x204060);
    file = (cs_sheet_file){.path = folder_path(&f, "x.png"), .format = CS_SHEET_PNG};
    TAP_OK(ready && cs_sheet_write(&file, &canvas, &err) == CLIPSEARCH_OK &&
               clipsearch_image_load(file.path, NULL, &image, &err) == CLIPSEARCH_OK && image.width == 31 &&
               image.height == 17 && memcmp(image.rgb, canvas.rgb, 31 * 17 * 3) == 0,
           "a PNG file has every pixel");
    clipsearch_image_free(&image);
    file = (cs_sheet_file){.path = folder_path(&f, "x.jpg"), .format = CS_SHEET_JPEG};
    bool near = ready && cs_sheet_write(&file, &canvas, &err) == CLIPSEARCH_OK &&
                clipsearch_image_load(file.path, NULL, &image, &err) == CLIPSEARCH_OK && image.width == 31 &&
                image.height == 17;
    for (size_t i = 0; near && i < 31 * 17 * 3; i++)
        near = abs((int)image.rgb[i] - (int)canvas.rgb[i]) <= 24;
    TAP_OK(near, "a JPEG file nearly so");
    clipsearch_image_free(&image);
    file.path = folder_path(&f, "none/x.jpg");
    TAP_OK(cs_sheet_write(&file, &canvas, &err) == CLIPSEARCH_E_IO, "a directory that is missing: %s", err.message);
    cs_canvas_free(&canvas);
    folder_remove(&f);
}

int main(void)
{
    test_layout();
    test_lines();
    test_font();
    test_canvas();
    test_blend();
    test_plain();
    const size_t counts[] = {0, 1, 3, 7, 100};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        test_hits(&cs_text_plain, counts[i]);
    test_image_query(&cs_text_plain);
    if (cs_text_pango()) {
        test_hits(cs_text_pango(), 7);
        test_image_query(cs_text_pango());
    } else {
        tap_skip("sheets with every script", "this build has no Pango, or this machine no fonts");
    }
    test_captions();
    test_sheet_captions(&cs_text_plain);
    if (cs_text_pango())
        test_sheet_captions(cs_text_pango());
    else
        tap_skip("attributes in every script", "this build has no Pango, or this machine no fonts");
    test_proportions();
    test_files();
    return tap_done();
}
