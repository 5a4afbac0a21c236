/* SPDX-License-Identifier: MIT
 * hnsw_seal.h - the mapped file under an index, and which of its blocks have been held against their checksums. */
#ifndef CS_INDEX_HNSW_SEAL_H
#define CS_INDEX_HNSW_SEAL_H

#include "base/error.h"
#include "base/file.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The three large sections are verified block by block, each block before the first use of anything in it, so that
 * opening reads none of them and damage is noticed before an answer comes of it. Every section that is not one of
 * these is verified when the file is opened. */
enum { CS_SEAL_LINKS, CS_SEAL_CODES, CS_SEAL_EXACT, CS_SEAL_SECTIONS };

/* A page: verifying what a walk is about to read brings in nothing else. */
enum { CS_SEAL_BLOCK = 4096 };

typedef struct cs_seal_word {
    _Atomic uint64_t bits;
} cs_seal_word;

typedef struct cs_seal_section {
    const uint8_t *data;
    size_t bytes, row_bytes;
    const uint64_t *sums; /* [blocks] */
    cs_seal_word *good;   /* a bit a block: it has been verified */
    _Atomic size_t left;  /* blocks that have not */
    _Atomic size_t swept; /* blocks below are verified, or are being so */
} cs_seal_section;

typedef struct cs_hnsw_seal {
    cs_map map;
    char *path;
    cs_seal_section sections[CS_SEAL_SECTIONS];
    int codes; /* the section a walk compares: of f32 there are no codes beside the exact vectors */
    _Atomic uint64_t searches;
    _Atomic bool damaged;
    _Atomic uint64_t damaged_at; /* offset in the file of a block that is */
} cs_hnsw_seal;

static inline size_t cs_seal_blocks(size_t bytes)
{
    return bytes / CS_SEAL_BLOCK + (bytes % CS_SEAL_BLOCK != 0);
}

/* A seal around nothing yet; NULL when out of memory. */
cs_hnsw_seal *cs_hnsw_seal_make(const char *path);
/* False when out of memory. */
bool cs_hnsw_seal_add(cs_hnsw_seal *seal, int section, const void *data, size_t bytes, size_t row_bytes,
                      const uint64_t *sums);
/* Unmaps the file. NULL is fine. */
void cs_hnsw_seal_close(cs_hnsw_seal *seal);

/* Verify what has not been yet of some rows, or of everything; false when a block is damaged. Any number of threads. */
bool cs_hnsw_seal_rows(cs_hnsw_seal *seal, int section, const uint32_t *rows, size_t count);
bool cs_hnsw_seal_all(cs_hnsw_seal *seal);
/* Verify a little more of links and codes: after some hundred searches nothing is left to be asked. */
bool cs_hnsw_seal_more(cs_hnsw_seal *seal);

/* CLIPSEARCH_E_FORMAT: what is damaged, and where. */
clipsearch_status cs_hnsw_seal_fail(const cs_hnsw_seal *seal, clipsearch_error *err);

/* What a walk asks at its start: `seal` itself, or NULL when links and codes need no more looks. */
static inline cs_hnsw_seal *cs_hnsw_seal_to_ask(cs_hnsw_seal *seal)
{
    if (!seal || (atomic_load_explicit(&seal->sections[CS_SEAL_LINKS].left, memory_order_relaxed) == 0 &&
                  atomic_load_explicit(&seal->sections[seal->codes].left, memory_order_relaxed) == 0))
        return NULL;
    return seal;
}

#endif
