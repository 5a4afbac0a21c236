/* SPDX-License-Identifier: MIT
 * allowed.c - a list of ids to a set of bits. */
#include "index/allowed.h"

#include "base/mem.h"

/* Bits that may be taken whatever the list's length: 16 KiB. */
enum { ALWAYS = 1 << 17, BITS_PER_ID = 64 };

clipsearch_status cs_allowed_make(const int64_t *ids, size_t count, cs_allowed *allowed, bool *fits,
                                  clipsearch_error *err)
{
    *allowed = (cs_allowed){0};
    *fits = true;
    if (count == 0)
        return CLIPSEARCH_OK;
    uint64_t last = (uint64_t)ids[count - 1] - (uint64_t)ids[0];
    *fits = last < ALWAYS || last / BITS_PER_ID < count;
    if (!*fits)
        return CLIPSEARCH_OK;
    allowed->bits = cs_zalloc_array(last / 64 + 1, sizeof *allowed->bits);
    if (!allowed->bits)
        return cs_fail_memory(err, "the pictures of a filter");
    for (size_t i = 0; i < count; i++) {
        uint64_t bit = (uint64_t)ids[i] - (uint64_t)ids[0];
        allowed->bits[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    allowed->set = (cs_index_allowed){.bits = allowed->bits, .first = ids[0], .size = last + 1, .count = count};
    return CLIPSEARCH_OK;
}

void cs_allowed_free(cs_allowed *allowed)
{
    cs_free(allowed->bits);
    *allowed = (cs_allowed){0};
}
