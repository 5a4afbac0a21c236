/* SPDX-License-Identifier: MIT
 * clean.h - what CLIP does to a text before it is split: unescape, repair, fold. */
#ifndef CS_TEXT_CLEAN_H
#define CS_TEXT_CLEAN_H

#include "base/buf.h"
#include "base/error.h"

/* Append the cleaned form of `text` to `out`: ftfy's plain-text effects (curly quotes, Latin ligatures, full and half
 * width, line breaks, control characters, NFC; not its repair of mojibake), html.unescape twice, strip, white space
 * collapsed, lower case. Broken UTF-8 becomes U+FFFD. Errors: CLIPSEARCH_E_MEMORY, _LIMIT (out's max). */
clipsearch_status cs_clean(const char *text, size_t size, cs_buf *out, clipsearch_error *err);

#endif
