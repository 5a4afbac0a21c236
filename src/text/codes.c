/* SPDX-License-Identifier: MIT
 * codes.c - a growable array of code points. */
#include "text/codes.h"

#include "base/mem.h"

#include <string.h>

void cs_codes_init(cs_codes *codes)
{
    codes->at = codes->small;
    codes->count = 0;
    codes->room = CS_CODES_SMALL;
}

void cs_codes_free(cs_codes *codes)
{
    if (codes->at != codes->small)
        cs_free(codes->at);
    cs_codes_init(codes);
}

bool cs_codes_reserve(cs_codes *codes, size_t n)
{
    if (n <= codes->room - codes->count)
        return true;
    if (n > SIZE_MAX / 2 - codes->room)
        return false;
    size_t room = codes->room * 2 > codes->count + n ? codes->room * 2 : codes->count + n;
    bool small = codes->at == codes->small;
    uint32_t *at = cs_realloc_array(small ? NULL : codes->at, room, sizeof *at);
    if (!at)
        return false;
    if (small)
        memcpy(at, codes->small, codes->count * sizeof *at);
    codes->at = at;
    codes->room = room;
    return true;
}

bool cs_codes_append(cs_codes *codes, const uint32_t *at, size_t n)
{
    if (!cs_codes_reserve(codes, n))
        return false;
    memcpy(codes->at + codes->count, at, n * sizeof *at);
    codes->count += n;
    return true;
}
