/* SPDX-License-Identifier: MIT
 * codes.c - the table of the kinds of codes. */
#include "local/codes.h"

#include <string.h>

static const struct {
    clipsearch_codes codes;
    const char *word;
    cs_quant_kind kind;
} kinds[] = {
    {CLIPSEARCH_CODES_DEFAULT, "", CS_QUANT_I8}, {CLIPSEARCH_CODES_F32, "f32", CS_QUANT_F32},
    {CLIPSEARCH_CODES_F16, "f16", CS_QUANT_F16}, {CLIPSEARCH_CODES_BF16, "bf16", CS_QUANT_BF16},
    {CLIPSEARCH_CODES_I8, "i8", CS_QUANT_I8},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *cs_codes_word(clipsearch_codes codes)
{
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].codes == codes)
            return kinds[i].word;
    return NULL;
}

bool cs_codes_of_word(const char *word, clipsearch_codes *codes)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].word, word) == 0) {
            *codes = kinds[i].codes;
            return true;
        }
    return false;
}

cs_quant_kind cs_codes_kind(clipsearch_codes codes)
{
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].codes == codes)
            return kinds[i].kind;
    return CS_QUANT_I8;
}
