/* SPDX-License-Identifier: MIT
 * text_plain.c - text in the small font. */
#include "output/font.h"
#include "output/text.h"
#include "output/text_lines.h"

#include <string.h>

static const char ellipsis[] = "...";
enum { ELLIPSIS = sizeof ellipsis - 1 };

/* The sizes of a text in dots that are `scale` pixels wide. */
typedef struct metrics {
    uint32_t scale, step; /* step: from a line to the next */
    size_t columns;       /* letters of a line */
} metrics;

static metrics metrics_of(const cs_text_style *style, uint32_t width)
{
    metrics m = {.scale = style->size / (CS_FONT_SIZE + 2)};
    if (!m.scale)
        m.scale = 1;
    m.step = (CS_FONT_SIZE + 2) * m.scale;
    m.columns = width / (CS_FONT_ADVANCE * m.scale);
    return m;
}

static clipsearch_status measure(const char *text, const cs_text_style *style, uint32_t width, uint32_t *height,
                                 clipsearch_error *err)
{
    (void)err;
    const metrics m = metrics_of(style, width);
    size_t letters;
    uint32_t lines = 0;
    while (lines < style->lines && m.columns && cs_text_next_line(&text, m.columns, &letters))
        lines++;
    *height = (lines ? lines : 1) * m.step;
    return CLIPSEARCH_OK;
}

/* One line, the `letters` first letters of `text`. */
static void draw_line(cs_canvas *canvas, uint32_t x, uint32_t y, uint32_t width, const char *text, size_t letters,
                      const cs_text_style *style, uint32_t scale)
{
    uint32_t long_as = (uint32_t)letters * CS_FONT_ADVANCE * scale;
    if (style->centred && long_as < width)
        x += (width - long_as) / 2;
    cs_canvas_text(canvas, x, y, text, letters, scale, style->color);
}

/* A text that is too long for its one line: its beginning, three dots, its end. */
static void draw_shortened(cs_canvas *canvas, uint32_t x, uint32_t y, const char *text, size_t letters,
                           const cs_text_style *style, const metrics *m)
{
    const size_t head = (m->columns - ELLIPSIS + 1) / 2, tail = m->columns - ELLIPSIS - head;
    const uint32_t advance = CS_FONT_ADVANCE * m->scale;
    cs_canvas_text(canvas, x, y, text, head, m->scale, style->color);
    cs_canvas_text(canvas, x + (uint32_t)head * advance, y, ellipsis, ELLIPSIS, m->scale, style->color);
    for (size_t i = 0; i < letters - tail; i++)
        (void)cs_font_next(&text);
    cs_canvas_text(canvas, x + (uint32_t)(head + ELLIPSIS) * advance, y, text, tail, m->scale, style->color);
}

static clipsearch_status draw(cs_canvas *canvas, uint32_t x, uint32_t y, uint32_t width, const char *text,
                              const cs_text_style *style, clipsearch_error *err)
{
    (void)err;
    const metrics m = metrics_of(style, width);
    const size_t all = cs_font_letters(text);
    if (m.columns <= ELLIPSIS)
        return CLIPSEARCH_OK;
    y += m.scale;
    if (style->lines == 1) {
        if (all > m.columns)
            draw_shortened(canvas, x, y, text, all, style, &m);
        else
            draw_line(canvas, x, y, width, text, all, style, m.scale);
        return CLIPSEARCH_OK;
    }
    for (unsigned line = 0; line < style->lines; line++, y += m.step) {
        size_t letters;
        const char *start = cs_text_next_line(&text, m.columns, &letters);
        if (!start)
            break;
        draw_line(canvas, x, y, width, start, letters, style, m.scale);
        if (line + 1 == style->lines && text[strspn(text, " ")])
            cs_canvas_text(canvas, x + width - ELLIPSIS * CS_FONT_ADVANCE * m.scale, y, ellipsis, ELLIPSIS, m.scale,
                           style->color);
    }
    return CLIPSEARCH_OK;
}

const cs_text_drawer cs_text_plain = {.name = "plain", .measure = measure, .draw = draw};

const cs_text_drawer *cs_text_best(void)
{
    const cs_text_drawer *pango = cs_text_pango();
    return pango ? pango : &cs_text_plain;
}
