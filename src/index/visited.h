/* SPDX-License-Identifier: MIT
 * visited.h - which rows a walk has seen: a bit each, cleared before each walk. */
#ifndef CS_INDEX_VISITED_H
#define CS_INDEX_VISITED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A bit a row and not an epoch number a row: 12 KB for 100,000 rows fits the first-level cache, where 200 KB would not,
 * and clearing it costs less than one cache miss a hop. */
typedef struct cs_visited {
    uint64_t *bits; /* [words] */
    size_t words;
} cs_visited;

static inline size_t cs_visited_words(size_t rows)
{
    return (rows + 63) / 64;
}

static inline void cs_visited_clear(cs_visited *visited, size_t rows)
{
    memset(visited->bits, 0, cs_visited_words(rows) * sizeof *visited->bits);
}

static inline bool cs_visited_has(const cs_visited *visited, uint32_t row)
{
    return visited->bits[row / 64] >> row % 64 & 1;
}

/* Mark a row; true when it was not marked before. */
static inline bool cs_visited_add(cs_visited *visited, uint32_t row)
{
    uint64_t bit = (uint64_t)1 << row % 64, *word = &visited->bits[row / 64];
    if (*word & bit)
        return false;
    *word |= bit;
    return true;
}

#endif
