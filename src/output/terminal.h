/* SPDX-License-Identifier: MIT
 * terminal.h - images on a terminal, through libchafa where it is installed. */
#ifndef CS_OUTPUT_TERMINAL_H
#define CS_OUTPUT_TERMINAL_H

#include "base/buf.h"
#include "base/error.h"

/* A terminal that can show images: as pixels (Kitty, iTerm2, sixel) or as blocks of two or four colours. */
typedef struct cs_terminal {
    unsigned columns;                 /* of the window */
    unsigned cell_width, cell_height; /* of a character, in pixels; 8 x 16 where the terminal does not say */
    struct cs_chafa *chafa;
} cs_terminal;

/* Look at the terminal that `fd` is open on. libchafa is loaded by the first call and stays. One thread at a time.
 * Close in any case. Errors: CLIPSEARCH_E_ARGUMENT (`fd` is no terminal), _UNSUPPORTED (libchafa is not there),
 * _MEMORY. */
clipsearch_status cs_terminal_open(int fd, cs_terminal *terminal, clipsearch_error *err);
void cs_terminal_close(cs_terminal *terminal);

/* The part of cs_terminal_open that is libchafa's: `fd` is a terminal, and *terminal is empty. */
clipsearch_status cs_terminal_detect(int fd, cs_terminal *terminal, clipsearch_error *err);

/* Append to `out` what draws `rgba` [height, width, 4] over columns x rows characters from the beginning of a line, and
 * then puts the cursor at the beginning of the line below. Errors: CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_terminal_put_image(cs_terminal *terminal, const uint8_t *rgba, uint32_t width, uint32_t height,
                                        unsigned columns, unsigned rows, cs_buf *out, clipsearch_error *err);

/* Append `text` (any bytes; cleaned as in text_clean.h), shortened in the middle to at most `columns` characters'
 * widths. Returns the width that it takes. */
unsigned cs_terminal_put_text(const cs_terminal *terminal, const char *text, unsigned columns, cs_buf *out);

/* Whether libchafa can be loaded: "installed"; "" when it cannot; NULL in a build without it. */
const char *cs_terminal_library(void);

#endif
