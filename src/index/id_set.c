/* SPDX-License-Identifier: MIT
 * id_set.c - a list of ids to a set of bits. */
#include "index/id_set.h"

#include "base/mem.h"

/* A list of any length may take this many bits: 16 KiB. Above it, no more than the list itself takes. */
enum { ALWAYS = 1 << 17, BITS_PER_ID = 64 };

clipsearch_status cs_id_set_make(const int64_t *ids, size_t count, cs_id_set *set, bool *fits, clipsearch_error *err)
{
    *set = (cs_id_set){0};
    *fits = true;
    if (count == 0)
        return CLIPSEARCH_OK;
    uint64_t last = (uint64_t)ids[count - 1] - (uint64_t)ids[0];
    *fits = last < ALWAYS || last / BITS_PER_ID < count;
    if (!*fits)
        return CLIPSEARCH_OK;
    uint64_t *bits = cs_zalloc_array(last / 64 + 1, sizeof *bits);
    if (!bits)
        return cs_fail_memory(err, "the ids that a filter selects");
    for (size_t i = 0; i < count; i++) {
        uint64_t bit = (uint64_t)ids[i] - (uint64_t)ids[0];
        bits[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    *set = (cs_id_set){.bits = bits, .first = ids[0], .size = last + 1, .count = count};
    return CLIPSEARCH_OK;
}

void cs_id_set_free(cs_id_set *set)
{
    cs_free(set->bits);
    *set = (cs_id_set){0};
}
