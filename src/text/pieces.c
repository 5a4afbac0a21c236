/* SPDX-License-Identifier: MIT
 * pieces.c - the vocabulary's hash table. */
#include "text/pieces.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <assert.h>
#include <string.h>

enum {
    BYTE_PIECES = 512,
    BYTE_TEXT = 256 * (2 + 1) + 256 * (2 + 4 + 1), /* two bytes of UTF-8, "</w>", NUL */
};

/* FNV-1a over the bytes, folded once more because the table uses the low bits. */
static uint64_t hash_more(uint64_t hash, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t hash_of(const char *first, size_t first_size, const char *second, size_t second_size)
{
    uint64_t hash = hash_more(hash_more(0xcbf29ce484222325u, first, first_size), second, second_size);
    return hash ^ hash >> 32;
}

static size_t size_of(const cs_pieces *pieces, size_t id)
{
    return pieces->offsets[id + 1] - pieces->offsets[id] - 1;
}

/* The slot that holds the spelling, or the free one where it belongs. */
static size_t slot_of(const cs_pieces *pieces, const char *first, size_t first_size, const char *second,
                      size_t second_size)
{
    size_t slot = hash_of(first, first_size, second, second_size) & pieces->slot_mask;
    for (; pieces->slots[slot]; slot = (slot + 1) & pieces->slot_mask) {
        size_t id = pieces->slots[slot] - 1;
        const char *text = pieces->text + pieces->offsets[id];
        if (size_of(pieces, id) == first_size + second_size && memcmp(text, first, first_size) == 0 &&
            memcmp(text + first_size, second, second_size) == 0)
            break;
    }
    return slot;
}

/* GPT-2's order: the printable bytes of Latin-1 stand for themselves and come first, then the others, which are written
 * U+0100, U+0101, ... Source: OpenAI CLIP, simple_tokenizer.py, bytes_to_unicode. */
static void order_bytes(uint16_t id_of_byte[256], uint32_t codepoints[256])
{
    uint16_t count = 0;
    for (int pass = 0; pass < 2; pass++) {
        uint32_t other = 0x100;
        for (uint32_t byte = 0; byte < 256; byte++) {
            bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
            if (printable != (pass == 0))
                continue;
            id_of_byte[byte] = count;
            codepoints[count++] = printable ? byte : other++;
        }
    }
}

static void add_bytes(cs_pieces *pieces)
{
    uint32_t codepoints[256];
    order_bytes(pieces->id_of_byte, codepoints);
    for (size_t i = 0; i < BYTE_PIECES; i++) {
        char text[4];
        size_t size = cs_utf8_put(codepoints[i % 256], text);
        cs_pieces_add(pieces, text, size, "</w>", i < 256 ? 0 : 4);
    }
}

bool cs_pieces_make(cs_pieces *pieces, size_t room, size_t text_room)
{
    assert(room >= BYTE_PIECES && room <= 1 << 20 && text_room <= UINT32_MAX - BYTE_TEXT);
    size_t slots = 1024;
    while (slots < room * 2)
        slots *= 2;
    *pieces = (cs_pieces){.room = room, .slot_mask = slots - 1, .text_room = text_room + BYTE_TEXT};
    pieces->text = cs_alloc_array(pieces->text_room, 1);
    pieces->offsets = cs_alloc_array(room + 1, sizeof *pieces->offsets);
    pieces->slots = cs_zalloc_array(slots, sizeof *pieces->slots);
    if (!pieces->text || !pieces->offsets || !pieces->slots) {
        cs_pieces_free(pieces);
        return false;
    }
    pieces->offsets[0] = 0;
    add_bytes(pieces);
    return true;
}

cs_pieces cs_pieces_of(const char *text, const uint32_t *offsets, size_t count)
{
    uint32_t codepoints[256];
    cs_pieces pieces = {.count = count, .text = (char *)(uintptr_t)text, .offsets = (uint32_t *)(uintptr_t)offsets};
    order_bytes(pieces.id_of_byte, codepoints);
    return pieces;
}

void cs_pieces_free(cs_pieces *pieces)
{
    cs_free(pieces->text);
    cs_free(pieces->offsets);
    cs_free(pieces->slots);
    *pieces = (cs_pieces){0};
}

int32_t cs_pieces_find(const cs_pieces *pieces, const char *text, size_t size)
{
    return (int32_t)pieces->slots[slot_of(pieces, text, size, "", 0)] - 1;
}

bool cs_pieces_add(cs_pieces *pieces, const char *first, size_t first_size, const char *second, size_t second_size)
{
    size_t slot = slot_of(pieces, first, first_size, second, second_size);
    if (pieces->slots[slot])
        return false;
    assert(pieces->count < pieces->room && first_size + second_size + 1 <= pieces->text_room - pieces->text_used);
    char *text = pieces->text + pieces->text_used;
    memcpy(text, first, first_size);
    memcpy(text + first_size, second, second_size);
    text[first_size + second_size] = '\0';
    pieces->text_used += first_size + second_size + 1;
    pieces->offsets[++pieces->count] = (uint32_t)pieces->text_used;
    pieces->slots[slot] = (uint32_t)pieces->count;
    return true;
}

const char *cs_pieces_text(const cs_pieces *pieces, size_t id)
{
    return pieces->text + pieces->offsets[id];
}
