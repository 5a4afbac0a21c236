/* SPDX-License-Identifier: MIT
 * code_kinds.c - the table of the kinds of codes. */
#include "backend/code_kinds.h"

#include <string.h>

static const char *const words[] = {
    [CLIPSEARCH_CODES_DEFAULT] = "",  [CLIPSEARCH_CODES_F32] = "f32", [CLIPSEARCH_CODES_F16] = "f16",
    [CLIPSEARCH_CODES_BF16] = "bf16", [CLIPSEARCH_CODES_I8] = "i8",
};
enum { KINDS = sizeof words / sizeof *words };

const char *cs_codes_word(clipsearch_codes codes)
{
    return (int)codes >= 0 && (int)codes < KINDS ? words[codes] : NULL;
}

bool cs_codes_of_word(const char *word, clipsearch_codes *codes)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(words[i], word) == 0) {
            *codes = (clipsearch_codes)i;
            return true;
        }
    return false;
}
