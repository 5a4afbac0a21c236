/* SPDX-License-Identifier: MIT
 * codepoints.h - a growable array of code points that keeps short texts inside itself. */
#ifndef CS_TEXT_CODEPOINTS_H
#define CS_TEXT_CODEPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Code points kept without an allocation: any text below 1 KiB, with room for what decomposition adds. */
enum { CS_SMALL_CODEPOINTS = 1536 };

/* `at` points into the object itself at first: initialise with cs_codepoints_init and never copy. */
typedef struct cs_codepoints {
    uint32_t *at;
    size_t count, room;
    uint32_t small[CS_SMALL_CODEPOINTS];
} cs_codepoints;

void cs_codepoints_init(cs_codepoints *codepoints);
void cs_codepoints_free(cs_codepoints *codepoints);
/* Room for `n` more; false: out of memory. */
bool cs_codepoints_reserve(cs_codepoints *codepoints, size_t n);
bool cs_codepoints_append(cs_codepoints *codepoints, const uint32_t *at, size_t n);

static inline bool cs_codepoints_put(cs_codepoints *codepoints, uint32_t code)
{
    if (codepoints->count == codepoints->room && !cs_codepoints_reserve(codepoints, 1))
        return false;
    codepoints->at[codepoints->count++] = code;
    return true;
}

#endif
