/* SPDX-License-Identifier: MIT
 * normalize.h - Unicode normalization form C. */
#ifndef CS_TEXT_NORMALIZE_H
#define CS_TEXT_NORMALIZE_H

#include "text/codepoints.h"

/* Set `out` to the NFC of `in` (Unicode 15, section 3.11). `spare`, which may be `in`, is working memory for
 * long runs of combining marks.
 * Linear for any input. False: out of memory. */
bool cs_normalize(const cs_codepoints *in, cs_codepoints *out, cs_codepoints *spare);

#endif
