/* SPDX-License-Identifier: MIT
 * hybrid.h - the encoding of small numbers in Parquet: runs of one number, and numbers packed as bits. */
#ifndef CS_EXCHANGE_HYBRID_H
#define CS_EXCHANGE_HYBRID_H

#include <stdbool.h>
#include <stdint.h>

typedef struct cs_hybrid {
    const uint8_t *at, *end;
    unsigned width; /* bits of a number, 0 to 32 */
    uint64_t left;  /* numbers of the run */
    bool packed;
    uint32_t value;      /* of a run of one number */
    const uint8_t *bits; /* of packed numbers */
    uint64_t bit;
} cs_hybrid;

static inline cs_hybrid cs_hybrid_make(const uint8_t *at, const uint8_t *end, unsigned width)
{
    return (cs_hybrid){.at = at, .end = end, .width = width};
}

/* The next number; false when the bytes have ended or are damaged. */
bool cs_hybrid_next(cs_hybrid *hybrid, uint32_t *number);

#endif
