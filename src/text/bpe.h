/* SPDX-License-Identifier: MIT
 * bpe.h - byte-pair encoding of one word. */
#ifndef CS_TEXT_BPE_H
#define CS_TEXT_BPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CS_BPE_FIRST = 512,      /* the id that merge number 0 makes; below are the bytes */
    CS_BPE_MAX_ID = 1 << 20, /* ids are smaller */
    CS_BPE_SMALL = 1024      /* symbols of a word that is encoded without an allocation */
};

/* The merges: (left id, right id) -> rank. Merge number r makes the id CS_BPE_FIRST + r. */
typedef struct cs_bpe {
    uint64_t *slots; /* [mask + 1] open addressing: left << 40 | right << 20 | rank + 1, or 0 for free */
    size_t mask;
    unsigned shift; /* of the hash, to the table's bits */
} cs_bpe;

/* What a used slot says. */
typedef struct cs_bpe_merge {
    int32_t left, right, rank;
} cs_bpe_merge;

static inline cs_bpe_merge cs_bpe_slot(uint64_t slot)
{
    enum { BITS = 20, MASK = CS_BPE_MAX_ID - 1 };
    return (cs_bpe_merge){.left = (int32_t)(slot >> 2 * BITS & 0xFFFFFF), /* all that is above, which is too much */
                          .right = (int32_t)(slot >> BITS & MASK),
                          .rank = (int32_t)(slot & MASK) - 1};
}

/* How many slots a table for `merges` merges has. */
size_t cs_bpe_slots(size_t merges);
/* The table that is in `slots` already, with at least one free slot. It is only read, and not to be freed. */
cs_bpe cs_bpe_of(const uint64_t *slots, size_t count);

/* Room for `merges` merges. False: out of memory. */
bool cs_bpe_make(cs_bpe *bpe, size_t merges);
void cs_bpe_free(cs_bpe *bpe);

/* Add a merge whose pair is not in the table yet. */
void cs_bpe_add(cs_bpe *bpe, int32_t left, int32_t right, int32_t rank);
/* The rank of a pair, or -1. */
int32_t cs_bpe_rank(const cs_bpe *bpe, int32_t left, int32_t right);

/* Merge the `*count` symbols of one word, in place, until no pair has a merge: always the pair of lowest rank, the
 * leftmost of equal ones. n log n. Words of up to CS_BPE_SMALL symbols take no memory. False: out of memory.
 * Source: OpenAI CLIP, simple_tokenizer.py, SimpleTokenizer.bpe (Sennrich et al. 2016, algorithm 1). */
bool cs_bpe_encode(const cs_bpe *bpe, int32_t *symbols, size_t *count);

#endif
