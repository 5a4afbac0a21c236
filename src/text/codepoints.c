/* SPDX-License-Identifier: MIT
 * codepoints.c - a growable array of code points. */
#include "text/codepoints.h"

#include "base/mem.h"

#include <string.h>

void cs_codepoints_init(cs_codepoints *codepoints)
{
    codepoints->at = codepoints->small;
    codepoints->count = 0;
    codepoints->room = CS_SMALL_CODEPOINTS;
}

void cs_codepoints_free(cs_codepoints *codepoints)
{
    if (codepoints->at != codepoints->small)
        cs_free(codepoints->at);
    cs_codepoints_init(codepoints);
}

bool cs_codepoints_reserve(cs_codepoints *codepoints, size_t n)
{
    if (n <= codepoints->room - codepoints->count)
        return true;
    bool small = codepoints->at == codepoints->small;
    size_t need, room = small ? 0 : codepoints->room;
    if (__builtin_add_overflow(codepoints->count, n, &need))
        return false;
    uint32_t *at = cs_grow(small ? NULL : codepoints->at, &room, need, sizeof *at);
    if (!at)
        return false;
    if (small)
        memcpy(at, codepoints->small, codepoints->count * sizeof *at);
    codepoints->at = at;
    codepoints->room = room;
    return true;
}

bool cs_codepoints_append(cs_codepoints *codepoints, const uint32_t *at, size_t n)
{
    if (!cs_codepoints_reserve(codepoints, n))
        return false;
    memcpy(codepoints->at + codepoints->count, at, n * sizeof *at);
    codepoints->count += n;
    return true;
}
