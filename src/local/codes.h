/* SPDX-License-Identifier: MIT
 * codes.h - how an index may hold vectors: the public name of each kind, and the index room's. */
#ifndef CS_LOCAL_CODES_H
#define CS_LOCAL_CODES_H

#include "index/quant.h"

/* The word for `codes` as it stands in databases and configurations; "" for CLIPSEARCH_CODES_DEFAULT, NULL for what is
 * none. */
const char *cs_codes_word(clipsearch_codes codes);
/* False: there is no such word. */
bool cs_codes_of_word(const char *word, clipsearch_codes *codes);
/* The default is the kind for CLIPSEARCH_CODES_I8. */
cs_quant_kind cs_codes_kind(clipsearch_codes codes);

#endif
