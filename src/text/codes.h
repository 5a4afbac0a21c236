/* SPDX-License-Identifier: MIT
 * codes.h - a growable array of code points that keeps short texts inside itself. */
#ifndef CS_TEXT_CODES_H
#define CS_TEXT_CODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Code points kept without an allocation: any text below 1 KiB, with room for what decomposition adds. */
enum { CS_CODES_SMALL = 1536 };

/* `at` points into the object itself at first: initialise with cs_codes_init and never copy. */
typedef struct cs_codes {
    uint32_t *at;
    size_t count, room;
    uint32_t small[CS_CODES_SMALL];
} cs_codes;

void cs_codes_init(cs_codes *codes);
void cs_codes_free(cs_codes *codes);
/* Room for `n` more; false: out of memory. */
bool cs_codes_reserve(cs_codes *codes, size_t n);
bool cs_codes_append(cs_codes *codes, const uint32_t *at, size_t n);

static inline bool cs_codes_put(cs_codes *codes, uint32_t code)
{
    if (codes->count == codes->room && !cs_codes_reserve(codes, 1))
        return false;
    codes->at[codes->count++] = code;
    return true;
}

#endif
