/* SPDX-License-Identifier: MIT
 * text_lines.h - breaking text into lines of letters that all have one width. */
#ifndef CS_OUTPUT_TEXT_LINES_H
#define CS_OUTPUT_TEXT_LINES_H

#include <stddef.h>

/* Break `text` into lines of at most `columns` letters, at spaces where there are any. Each call returns the start of
 * the next line, or NULL at the end: *letters receives how many letters the line has, and *text moves after it. */
const char *cs_text_next_line(const char **text, size_t columns, size_t *letters);

#endif
