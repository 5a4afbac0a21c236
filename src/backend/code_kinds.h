/* SPDX-License-Identifier: MIT
 * code_kinds.h - the words for the kinds of codes that an index may hold. */
#ifndef CS_BACKEND_CODE_KINDS_H
#define CS_BACKEND_CODE_KINDS_H

#include "clipsearch.h"

/* The word for `codes` as it stands in databases and configurations; "" for CLIPSEARCH_CODES_DEFAULT, NULL for a number
 * that is no kind. */
const char *cs_codes_word(clipsearch_codes codes);
/* False: there is no such word. */
bool cs_codes_of_word(const char *word, clipsearch_codes *codes);

#endif
