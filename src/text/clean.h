/* SPDX-License-Identifier: MIT
 * clean.h - what CLIP does to a text before it is split: unescape, repair, fold. */
#ifndef CS_TEXT_CLEAN_H
#define CS_TEXT_CLEAN_H

#include "base/buf.h"
#include "base/error.h"
#include "text/codepoints.h"

enum { CS_TEXT_MAX_BYTES = 1 << 20 }; /* the longest text that is accepted */

/* Append the cleaned form of `text` to `out`: ftfy's plain-text effects (curly quotes, Latin ligatures, full and half
 * width, line breaks, control characters, NFC; not its repair of mojibake), html.unescape twice, strip, white space
 * collapsed, lower case. Broken UTF-8 becomes U+FFFD. Errors: CLIPSEARCH_E_MEMORY, _LIMIT (out's max; over
 * CS_TEXT_MAX_BYTES; references nested so deep that resolving them would take minutes). */
clipsearch_status cs_clean(const char *text, size_t size, cs_buf *out, clipsearch_error *err);

/* The same as code points in `out` (emptied first). A text below 1 KiB takes no memory. */
clipsearch_status cs_clean_codepoints(const char *text, size_t size, cs_codepoints *out, clipsearch_error *err);

#endif
