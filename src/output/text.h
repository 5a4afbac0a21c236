/* SPDX-License-Identifier: MIT
 * text.h - drawing text into a canvas: through Pango and Cairo where they are installed, else with the font of font.h.
 */
#ifndef CS_OUTPUT_TEXT_H
#define CS_OUTPUT_TEXT_H

#include "output/canvas.h"

typedef struct cs_text_style {
    uint32_t size; /* of the letters, in pixels */
    bool bold;
    bool centred; /* else at the side where its script begins: the right one for Arabic and Hebrew */
    cs_color color;
    unsigned lines; /* at most. Text for which they do not suffice is shortened: in the middle when there is one line,
                       else at the end */
} cs_text_style;

/* A way to draw text. `text` is UTF-8 of any content (text_clean.h). Errors: CLIPSEARCH_E_MEMORY. */
typedef struct cs_text_drawer {
    const char *name;
    /* The height in pixels of `text` in lines that are `width` pixels long. */
    clipsearch_status (*measure)(const char *text, const cs_text_style *style, uint32_t width, uint32_t *height,
                                 clipsearch_error *err);
    /* Draw it into the columns [x, x + width), from row `y` down. The baseline of the first line has the same distance
     * from `y` in every script, so ink can reach some rows above `y` in scripts with tall letters. */
    clipsearch_status (*draw)(cs_canvas *canvas, uint32_t x, uint32_t y, uint32_t width, const char *text,
                              const cs_text_style *style, clipsearch_error *err);
} cs_text_drawer;

/* ASCII in the small font; a box for every other letter. Letters have the size of a whole number of dots. */
extern const cs_text_drawer cs_text_plain;

/* Every script, with the fonts of this machine. NULL when this build has no Pango, when it is not installed, when
 * there are no fonts, and under a limit on memory (ulimit -v). The libraries are loaded by the first call and stay. One
 * thread at a time. */
const cs_text_drawer *cs_text_pango(void);

/* The better one of them. */
const cs_text_drawer *cs_text_best(void);

/* The version of Pango, which is loaded; "" when it cannot be; NULL in a build without it. */
const char *cs_text_library(void);

#endif
