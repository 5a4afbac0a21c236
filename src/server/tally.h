/* SPDX-License-Identifier: MIT
 * tally.h - how often each of many texts came. */
#ifndef CS_SERVER_TALLY_H
#define CS_SERVER_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cs_tally_row {
    char *text; /* owned */
    uint64_t count;
} cs_tally_row;

/* All zero but `most` is an empty one. */
typedef struct cs_tally {
    size_t most; /* different texts that are counted; further ones are not */
    cs_tally_row *rows;
    size_t count, room;
    uint32_t *slots; /* [slot_count] of a row, counted from 1; 0: empty */
    size_t slot_count;
} cs_tally;

/* Count `text` [size] once more. The row's number; SIZE_MAX when it is one too many, or memory has run out (then
 * *failed is set). */
size_t cs_tally_add(cs_tally *tally, const char *text, size_t size, bool *failed);

/* Put the rows into falling order of their counts, then by text; nothing can be added afterwards. */
void cs_tally_sort(cs_tally *tally);
void cs_tally_free(cs_tally *tally);

#endif
