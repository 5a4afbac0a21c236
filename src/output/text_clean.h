/* SPDX-License-Identifier: MIT
 * text_clean.h - names of files and queries as text that can be drawn. */
#ifndef CS_OUTPUT_TEXT_CLEAN_H
#define CS_OUTPUT_TEXT_CLEAN_H

#include "base/buf.h"

/* Append `text`, at most `characters` of it, as valid UTF-8 on one line: U+FFFD for a broken byte and for a control
 * character, a space for a tab or an end of line. A file's name can be any bytes. After a text that was cut comes
 * U+2026 (an ellipsis). */
void cs_put_clean(cs_buf *buf, const char *text, size_t characters);

#endif
