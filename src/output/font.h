/* SPDX-License-Identifier: MIT
 * font.h - a small bitmap font: ASCII, and a box for everything else. */
#ifndef CS_OUTPUT_FONT_H
#define CS_OUTPUT_FONT_H

#include <stddef.h>
#include <stdint.h>

/* Side of a letter's cell in dots, and the distance of two letters. The left column and the two right columns of a cell
 * are always empty, so that cells may overlap. */
enum { CS_FONT_SIZE = 8, CS_FONT_ADVANCE = 6 };

/* The dots of a letter: CS_FONT_SIZE rows from the top, the leftmost dot in bit 7. */
const uint8_t *cs_font_glyph(uint32_t letter);

/* Read the letter at *text and move *text after it: an ASCII letter as it is, U+FFFD for any other; 0 at the end. */
uint32_t cs_font_next(const char **text);

/* The number of letters in `text`, as cs_font_next reads them. */
size_t cs_font_letters(const char *text);

#endif
