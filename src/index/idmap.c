/* SPDX-License-Identifier: MIT
 * idmap.c - a hash table from ids to rows, without tombstones. */
#include "index/idmap.h"

#include "base/mem.h"

/* Ids are mostly 1, 2, 3 ...: the finaliser of MurmurHash3 spreads them (constants: Austin Appleby's fmix64). */
static size_t home_slot(const cs_idmap *map, int64_t id)
{
    uint64_t h = (uint64_t)id;
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53u;
    return (size_t)(h ^ (h >> 33)) & map->mask;
}

bool cs_idmap_make(cs_idmap *map, size_t count)
{
    size_t slots = 16;
    while (slots / 2 < count) {
        if (slots > SIZE_MAX / 2 / sizeof *map->slots)
            return false;
        slots *= 2;
    }
    *map = (cs_idmap){.slots = cs_zalloc_array(slots, sizeof *map->slots), .mask = slots - 1};
    return map->slots != NULL;
}

void cs_idmap_free(cs_idmap *map)
{
    cs_free(map->slots);
    *map = (cs_idmap){0};
}

size_t cs_idmap_find(const cs_idmap *map, const int64_t *ids, int64_t id)
{
    if (!map->slots)
        return SIZE_MAX;
    for (size_t slot = home_slot(map, id); map->slots[slot]; slot = (slot + 1) & map->mask)
        if (ids[map->slots[slot] - 1] == id)
            return map->slots[slot] - 1;
    return SIZE_MAX;
}

void cs_idmap_add(cs_idmap *map, const int64_t *ids, size_t row)
{
    size_t slot = home_slot(map, ids[row]);
    while (map->slots[slot])
        slot = (slot + 1) & map->mask;
    map->slots[slot] = row + 1;
}

static size_t slot_of_row(const cs_idmap *map, const int64_t *ids, size_t row)
{
    size_t slot = home_slot(map, ids[row]);
    while (map->slots[slot] != row + 1)
        slot = (slot + 1) & map->mask;
    return slot;
}

void cs_idmap_move(cs_idmap *map, const int64_t *ids, size_t row, size_t new_row)
{
    map->slots[slot_of_row(map, ids, row)] = new_row + 1;
}

void cs_idmap_remove(cs_idmap *map, const int64_t *ids, size_t row)
{
    /* Close the gap: an entry behind it moves in unless its home lies between the gap and itself. */
    size_t gap = slot_of_row(map, ids, row);
    for (size_t slot = (gap + 1) & map->mask; map->slots[slot]; slot = (slot + 1) & map->mask) {
        size_t home = home_slot(map, ids[map->slots[slot] - 1]);
        if (((slot - home) & map->mask) >= ((slot - gap) & map->mask)) {
            map->slots[gap] = map->slots[slot];
            gap = slot;
        }
    }
    map->slots[gap] = 0;
}
