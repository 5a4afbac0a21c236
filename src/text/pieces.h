/* SPDX-License-Identifier: MIT
 * pieces.h - a vocabulary: pieces of words and their ids, found by spelling. */
#ifndef CS_TEXT_PIECES_H
#define CS_TEXT_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Spellings as the vocabulary files have them: each byte of a word is written as one printable character (GPT-2's
 * bytes_to_unicode), the end of a word as "</w>". */
typedef struct cs_pieces {
    size_t count, room; /* ids given, and the most there will be */
    char *text;         /* [text_room], all pieces, each NUL-terminated */
    size_t text_used, text_room;
    uint32_t *offsets; /* [room + 1] where each piece begins in `text`; then where the last one ends */
    uint32_t *slots;   /* [slot_mask + 1] hash table: id + 1, or 0 for free */
    size_t slot_mask;
    uint16_t id_of_byte[256]; /* the id of each byte inside a word; + 256 at its end */
} cs_pieces;

/* Room for `room` pieces (512 to 2^20) whose spellings beyond the first 512, NUL bytes included, take at most
 * `text_room` bytes. The 512 of single bytes are added: 256 bytes, then 256 bytes at the end of a word. False: out
 * of memory. */
bool cs_pieces_make(cs_pieces *pieces, size_t room, size_t text_room);
void cs_pieces_free(cs_pieces *pieces);

/* The id of a spelling, or -1. */
int32_t cs_pieces_find(const cs_pieces *pieces, const char *text, size_t size);

/* Give the next id to the spelling `first` + `second`; false when it has one already. The room must suffice. */
bool cs_pieces_add(cs_pieces *pieces, const char *first, size_t first_size, const char *second, size_t second_size);

/* Pieces that are in memory already: `text`, all of them, each NUL-terminated, and where they begin, [count + 1]. They
 * are only read, cannot be found by spelling, and are not to be freed. */
cs_pieces cs_pieces_of(const char *text, const uint32_t *offsets, size_t count);

const char *cs_pieces_text(const cs_pieces *pieces, size_t id);

#endif
