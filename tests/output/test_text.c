/* SPDX-License-Identifier: MIT
 * test_text.c - text through Pango: where its ink is, long names, scripts from right to left; names of any bytes. */
#include "output/text.h"
#include "output/text_clean.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 200, HEIGHT = 60, TOP = 20, SIZE = 14 };

static void test_clean(void)
{
    static const struct {
        const char *text, *clean;
        size_t characters;
    } cases[] = {
        {"a b.jpg", "a b.jpg", 99},
        {"a\nb\tc\rd", "a b c d", 99},
        {"\x01x\x7F", "\xEF\xBF\xBDx\xEF\xBF\xBD", 99},
        {"\xC2\x85", "\xEF\xBF\xBD", 99},                                                     /* C1 */
        {"a\xE2\x80\xA8z", "a\xEF\xBF\xBDz", 99},                                             /* a line separator */
        {"caf\xE9.jpg", "caf\xEF\xBF\xBD.jpg", 99},                                           /* Latin-1 */
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 99},                         /* a surrogate */
        {"\xD8\xA8\xE6\xBC\xA2\xF0\x9F\x90\x95", "\xD8\xA8\xE6\xBC\xA2\xF0\x9F\x90\x95", 99}, /* as they are */
        {"abcdef", "abc\xE2\x80\xA6", 3},
        {"abc", "abc", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cs_buf buf = cs_buf_make(1000);
        cs_put_clean(&buf, cases[i].text, cases[i].characters);
        TAP_OK(buf.data && strcmp(buf.data, cases[i].clean) == 0, "cleaned: case %zu", i);
        cs_buf_free(&buf);
    }
}

static const cs_text_drawer *pango;

/* Draw `text` on a white canvas, in a box that is WIDTH - 40 wide. */
static cs_canvas drawing(const char *text, bool centred)
{
    cs_canvas canvas;
    const cs_text_style style = {.size = SIZE, .centred = centred, .lines = 1, .color = 0};
    if (cs_canvas_make(&canvas, WIDTH, HEIGHT, 0xFFFFFF, NULL) != CLIPSEARCH_OK)
        abort();
    if (pango->draw(&canvas, 20, TOP, WIDTH - 40, text, &style, NULL) != CLIPSEARCH_OK)
        abort();
    return canvas;
}

typedef struct box {
    uint32_t left, right, top, bottom; /* right and bottom: one after the last */
} box;

/* The smallest rectangle that has all ink; left == WIDTH when there is none. */
static box ink_of(const cs_canvas *canvas)
{
    box found = {.left = WIDTH, .top = HEIGHT};
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++)
            if (canvas->rgb[((size_t)y * WIDTH + x) * 3 + 1] < 200) {
                found.left = x < found.left ? x : found.left;
                found.right = x + 1 > found.right ? x + 1 : found.right;
                found.top = y < found.top ? y : found.top;
                found.bottom = y + 1;
            }
    return found;
}

static box drawn(const char *text, bool centred)
{
    cs_canvas canvas = drawing(text, centred);
    box found = ink_of(&canvas);
    cs_canvas_free(&canvas);
    return found;
}

/* Whether two texts look the same in the columns from `left` on. */
static bool same_columns(const char *a, const char *b, uint32_t left, uint32_t right)
{
    cs_canvas one = drawing(a, false), two = drawing(b, false);
    bool same = true;
    for (uint32_t y = 0; y < HEIGHT && same; y++)
        same = memcmp(one.rgb + ((size_t)y * WIDTH + left) * 3, two.rgb + ((size_t)y * WIDTH + left) * 3,
                      (size_t)(right - left) * 3) == 0;
    cs_canvas_free(&one);
    cs_canvas_free(&two);
    return same;
}

static void test_places(void)
{
    box b = drawn("dog.jpg", false);
    TAP_OK(b.left >= 19 && b.left < 26 && b.right < 100 && b.top >= TOP && b.bottom <= TOP + 22 && b.bottom > b.top + 7,
           "Latin letters at the left: columns %u to %u, rows %u to %u", b.left, b.right, b.top, b.bottom);
    b = drawn("dog.jpg", true);
    TAP_OK(b.left + b.right >= WIDTH - 4 && b.left + b.right <= WIDTH + 4 && b.left > 60, "in the middle");
    b = drawn("", true);
    TAP_OK(b.left == WIDTH, "nothing");
    b = drawn("\xE2\x80\xAE", true);
    TAP_OK(b.left == WIDTH, "a mark of direction alone");
    uint32_t one = 0, three = 0, most = 0;
    const cs_text_style style = {.size = SIZE, .lines = 3};
    TAP_OK(pango->measure("dog", &style, 160, &one, NULL) == CLIPSEARCH_OK &&
               pango->measure("wwwwwwwwwwww wwwwwwwwwwww wwwwwwwwwwww", &style, 160, &three, NULL) == CLIPSEARCH_OK &&
               pango->measure("wwwwwwwwwwww wwwwwwwwwwww wwwwwwwwwwww wwwwwwwwwwww", &style, 160, &most, NULL) ==
                   CLIPSEARCH_OK &&
               one >= SIZE && one <= 2 * SIZE && three == 3 * one && most == three,
           "heights of one and three lines: %u, %u", one, three);
}

static void test_long_names(void)
{
    char first[300], last[300], inner[300], name[300];
    memset(name, 'm', 250);
    strcpy(name + 250, "end.jpg");
    strcpy(first, name);
    strcpy(last, name);
    strcpy(inner, name);
    first[1] = 'i';
    last[250] = 'i';
    inner[120] = 'i';
    box b = drawn(name, true);
    TAP_OK(b.left >= 19 && b.right <= WIDTH - 19 && b.right > WIDTH - 60, "a long name stays in its box: %u to %u",
           b.left, b.right);
    TAP_OK(!same_columns(name, first, 20, 60), "its beginning is shown");
    TAP_OK(same_columns(name, last, 20, 60) && !same_columns(name, last, 100, WIDTH), "and its end");
    TAP_OK(same_columns(name, inner, 0, WIDTH), "its middle is not");
}

static void test_right_to_left(void)
{
    const char *const two = "\xD7\xA9\xD7\x9C", *const three = "\xD7\xA9\xD7\x9C\xD7\x95"; /* shin lamed, vav */
    const char *const arabic = "\xD9\x83\xD9\x84\xD8\xA8 \xD8\xA3\xD8\xA8\xD9\x8A\xD8\xB6.jpg";
    box a = drawn(arabic, false), b = drawn(two, false), c = drawn(three, false);
    TAP_OK(a.right > WIDTH - 30 && a.left > 60 && a.left < WIDTH - 40, "Arabic begins at the right: %u to %u", a.left,
           a.right);
    TAP_OK(b.right == c.right && c.left < b.left && same_columns(two, three, b.left + 2, WIDTH),
           "Hebrew grows to the left: from %u to %u", b.left, c.left);
    /* letters of Arabic join: together they are narrower than apart */
    box joined = drawn("\xD8\xA8\xD9\x8A\xD8\xAA", false), apart = drawn("\xD8\xA8 \xD9\x8A \xD8\xAA", false);
    TAP_OK(joined.right - joined.left + 10 < apart.right - apart.left, "Arabic letters are joined: %u and %u wide",
           joined.right - joined.left, apart.right - apart.left);
}

/* Each script has ink, in the rows of its line. */
static void test_scripts(void)
{
    static const char *const texts[] = {"\xD1\x81\xD0\xBE\xD0\xB1\xD0\xB0\xD0\xBA\xD0\xB0", "\xE7\x99\xBD\xE7\x8B\x97",
                                        "\xE0\xA4\x95\xE0\xA5\x81\xE0\xA4\xA4\xE0\xA5\x8D\xE0\xA4\xA4\xE0\xA4\xBE",
                                        "\xF0\x9F\x90\x95\xE2\x9D\xA4", "\xEF\xBF\xBD"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        box b = drawn(texts[i], true);
        TAP_OK(b.left < b.right && b.top + 4 >= TOP && b.bottom <= TOP + 26 && b.left + b.right >= WIDTH - 12 &&
                   b.left + b.right <= WIDTH + 12,
               "%s: columns %u to %u, rows %u to %u", texts[i], b.left, b.right, b.top, b.bottom);
    }
}

int main(void)
{
    test_clean();
    pango = cs_text_pango();
    if (!pango) {
        tap_skip("text in every script", "this build has no Pango, or this machine no fonts");
        return tap_done();
    }
    TAP_OK(cs_text_best() == pango, "Pango draws when it is there");
    test_places();
    test_long_names();
    test_right_to_left();
    test_scripts();
    return tap_done();
}
