/* SPDX-License-Identifier: MIT
 * text_lines.c - breaking text into lines. */
#include "output/text_lines.h"

#include "output/font.h"

const char *cs_text_next_line(const char **text, size_t columns, size_t *letters)
{
    while (**text == ' ')
        (*text)++;
    if (!**text)
        return NULL;
    const char *start = *text, *at = start, *space = NULL;
    size_t count = 0, letters_to_space = 0;
    while (count < columns && *at) {
        if (*at == ' ' && count) {
            space = at;
            letters_to_space = count;
        }
        (void)cs_font_next(&at);
        count++;
    }
    if (space && *at && *at != ' ') { /* the line ends inside a word: go back to the space before it */
        at = space;
        count = letters_to_space;
    }
    *text = at;
    *letters = count;
    return start;
}
