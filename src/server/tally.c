/* SPDX-License-Identifier: MIT
 * tally.c - a table of texts and counts. */
#include "server/tally.h"

#include "base/checksum.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

/* The slot of `text`, or the empty one where it belongs. */
static size_t find_slot(const cs_tally *tally, const char *text, size_t size)
{
    size_t slot = (size_t)cs_checksum(text, size) & (tally->slot_count - 1);
    while (tally->slots[slot]) {
        const char *have = tally->rows[tally->slots[slot] - 1].text;
        if (strlen(have) == size && memcmp(have, text, size) == 0)
            break;
        slot = (slot + 1) & (tally->slot_count - 1);
    }
    return slot;
}

static bool grow_slots(cs_tally *tally)
{
    const size_t count = tally->slot_count ? tally->slot_count * 2 : FIRST_SLOTS;
    uint32_t *slots = cs_zalloc_array(count, sizeof *slots);
    if (!slots)
        return false;
    cs_free(tally->slots);
    tally->slots = slots;
    tally->slot_count = count;
    for (size_t i = 0; i < tally->count; i++)
        slots[find_slot(tally, tally->rows[i].text, strlen(tally->rows[i].text))] = (uint32_t)i + 1;
    return true;
}

size_t cs_tally_add(cs_tally *tally, const char *text, size_t size, bool *failed)
{
    if (tally->count * 2 >= tally->slot_count && !grow_slots(tally)) {
        *failed = true;
        return SIZE_MAX;
    }
    const size_t slot = find_slot(tally, text, size);
    if (tally->slots[slot]) {
        tally->rows[tally->slots[slot] - 1].count++;
        return tally->slots[slot] - 1;
    }
    if (tally->count == tally->most)
        return SIZE_MAX;
    cs_tally_row *rows = cs_grow(tally->rows, &tally->room, tally->count + 1, sizeof *rows);
    char *copy = rows ? cs_strndup(text, size) : NULL;
    tally->rows = rows ? rows : tally->rows;
    if (!copy) {
        *failed = true;
        return SIZE_MAX;
    }
    rows[tally->count] = (cs_tally_row){copy, 1};
    tally->slots[slot] = (uint32_t)++tally->count;
    return tally->count - 1;
}

static int compare(const void *a, const void *b)
{
    const cs_tally_row *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : strcmp(x->text, y->text);
}

void cs_tally_sort(cs_tally *tally)
{
    cs_free(tally->slots);
    tally->slots = NULL;
    tally->slot_count = 0;
    tally->most = 0;
    if (tally->count)
        qsort(tally->rows, tally->count, sizeof *tally->rows, compare);
}

void cs_tally_free(cs_tally *tally)
{
    for (size_t i = 0; i < tally->count; i++)
        cs_free(tally->rows[i].text);
    cs_free(tally->rows);
    cs_free(tally->slots);
    *tally = (cs_tally){.most = tally->most};
}
