/* SPDX-License-Identifier: MIT
 * compiled.c - header, table of merges, where the pieces begin, their spellings, checksum. The file may be hostile. */
#include "text/compiled.h"

#include "base/checksum.h"

#include <string.h>

enum {
    VERSION = 1,
    BYTE_ORDER = 0x01020304,
    SPECIAL = 2,
    SOURCES = 2,
    LEAST_PIECE = 2,      /* a character and its NUL */
    MOST_TEXT = 64 << 20, /* bytes of all spellings; CLIP's take 0.4 MB */
    WORD = sizeof(uint64_t)
};

static const char magic[WORD] = "clsevoc\n";

/* A source; all zero: there is none. */
typedef struct source {
    uint64_t bytes, checksum;
} source;

typedef struct header {
    char magic[WORD];
    uint32_t byte_order, version;
    uint64_t vocabulary; /* pieces */
    uint64_t slots;      /* of the table of merges */
    uint64_t text_bytes; /* of all spellings with their NULs */
    source sources[SOURCES];
} header;

/* Where the parts are, in bytes from the start of the file; `checksum` is over all before it. */
typedef struct layout {
    size_t slots, offsets, text, checksum, end;
} layout;

static layout layout_of(const header *h)
{
    layout l = {.slots = sizeof *h};
    l.offsets = l.slots + h->slots * sizeof(uint64_t);
    l.text = l.offsets + (h->vocabulary + 1) * sizeof(uint32_t);
    l.checksum = (l.text + h->text_bytes + WORD - 1) / WORD * WORD;
    l.end = l.checksum + WORD;
    return l;
}

/* Of more than a page of memory. */
static uint64_t checksum_of(const void *data, size_t size)
{
    enum { AHEAD = 4096 };
    return cs_checksum_before(data, size, (const char *)data + AHEAD);
}

static clipsearch_status describe(const char *path, source *s, clipsearch_error *err)
{
    cs_map map;
    clipsearch_status status = path ? cs_map_open(path, &map, err) : CLIPSEARCH_OK;
    *s = (source){0};
    if (!path || status != CLIPSEARCH_OK)
        return status;
    *s = (source){.bytes = map.size, .checksum = checksum_of(map.data, map.size)};
    cs_map_close(&map);
    return CLIPSEARCH_OK;
}

static clipsearch_status describe_all(const cs_compiled_sources *sources, source out[SOURCES], clipsearch_error *err)
{
    clipsearch_status status = describe(sources->merges, &out[0], err);
    return status == CLIPSEARCH_OK ? describe(sources->vocab, &out[1], err) : status;
}

clipsearch_status cs_compiled_put(const cs_pieces *pieces, const cs_bpe *bpe, const cs_compiled_sources *sources,
                                  cs_buf *out, clipsearch_error *err)
{
    header h = {.byte_order = BYTE_ORDER,
                .version = VERSION,
                .vocabulary = pieces->count,
                .slots = bpe->mask + 1,
                .text_bytes = pieces->offsets[pieces->count]};
    memcpy(h.magic, magic, sizeof magic);
    clipsearch_status status = describe_all(sources, h.sources, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const layout l = layout_of(&h);
    const size_t first = out->len;
    cs_buf_append(out, &h, sizeof h);
    cs_buf_append(out, bpe->slots, l.offsets - l.slots);
    cs_buf_append(out, pieces->offsets, l.text - l.offsets);
    cs_buf_append(out, pieces->text, h.text_bytes);
    cs_buf_append(out, (const char[WORD]){0}, l.checksum - l.text - h.text_bytes);
    if (out->failed)
        return cs_fail_memory(err, "a compiled vocabulary");
    const uint64_t checksum = checksum_of(out->data + first, l.checksum);
    cs_buf_append(out, &checksum, sizeof checksum);
    return out->failed ? cs_fail_memory(err, "a compiled vocabulary") : CLIPSEARCH_OK;
}

/* Whether the file's size is what its header says, and the header fits the model's vocabulary. */
static bool sizes_are_right(const header *h, size_t size, size_t vocabulary)
{
    return memcmp(h->magic, magic, sizeof magic) == 0 && h->byte_order == BYTE_ORDER && h->version == VERSION &&
           h->vocabulary == vocabulary && h->slots == cs_bpe_slots(vocabulary - CS_BPE_FIRST - SPECIAL) &&
           h->text_bytes <= MOST_TEXT && layout_of(h).end == size;
}

/* Every merge is of pieces that were there before it; there are as many as the vocabulary has ids for, so that some
 * slot is free and a search for a pair ends. Without branches: two slots of three are free, at random places. */
static bool merges_are_right(const uint64_t *slots, size_t count, size_t merges)
{
    uint32_t used = 0, wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const cs_bpe_merge merge = cs_bpe_slot(slots[i]);
        const uint32_t is_used = slots[i] != 0, rank = (uint32_t)merge.rank, known = CS_BPE_FIRST + rank;
        const uint32_t is_wrong = (uint32_t)(rank >= merges) | (uint32_t)((uint32_t)merge.left >= known) |
                                  (uint32_t)((uint32_t)merge.right >= known);
        used += is_used;
        wrong |= is_used & is_wrong;
    }
    return !wrong && used == merges;
}

static bool pieces_are_right(const uint32_t *offsets, const char *text, size_t count, size_t text_bytes)
{
    bool right = offsets[0] == 0 && offsets[count] == text_bytes;
    for (size_t i = 0; i < count && right; i++)
        right = offsets[i + 1] <= text_bytes && offsets[i] + LEAST_PIECE <= offsets[i + 1] &&
                text[offsets[i + 1] - 1] == '\0';
    return right;
}

static bool is_of(const header *h, const cs_compiled_sources *sources)
{
    source now[SOURCES];
    return describe_all(sources, now, NULL) == CLIPSEARCH_OK && memcmp(now, h->sources, sizeof now) == 0;
}

bool cs_compiled_map(const char *path, size_t vocabulary, const cs_compiled_sources *sources, cs_map *map,
                     cs_pieces *pieces, cs_bpe *bpe)
{
    header h;
    uint64_t checksum;
    if (cs_map_open(path, map, NULL) != CLIPSEARCH_OK)
        return false;
    if (map->size < sizeof h)
        goto unusable;
    memcpy(&h, map->data, sizeof h);
    if (!sizes_are_right(&h, map->size, vocabulary))
        goto unusable;
    const layout l = layout_of(&h);
    const uint64_t *slots = (const uint64_t *)(const void *)(map->data + l.slots);
    const uint32_t *offsets = (const uint32_t *)(const void *)(map->data + l.offsets);
    const char *text = (const char *)map->data + l.text;
    memcpy(&checksum, map->data + l.checksum, sizeof checksum);
    if (checksum_of(map->data, l.checksum) != checksum || !is_of(&h, sources) ||
        !merges_are_right(slots, h.slots, vocabulary - CS_BPE_FIRST - SPECIAL) ||
        !pieces_are_right(offsets, text, vocabulary, h.text_bytes))
        goto unusable;
    *pieces = cs_pieces_of(text, offsets, vocabulary);
    *bpe = cs_bpe_of(slots, h.slots);
    return true;
unusable:
    cs_map_close(map);
    return false;
}
