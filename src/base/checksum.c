/* SPDX-License-Identifier: MIT
 * checksum.c - eight lanes of multiply and rotate. */
#include "base/checksum.h"

#include <string.h>

/* Each step is a bijection of its lane for a given word and of the word for a given lane, so one changed word always
 * shows. The rotation brings the high bits, which a product never carries down, back to the low ones. Eight lanes: a
 * step takes five cycles from its input to its output, a multiplication can begin every cycle. */
enum { LANES = 8, WORD = sizeof(uint64_t), ROTATION = 29 };

/* 2^64 divided by the golden ratio, odd: the multiplier of Fibonacci hashing (Knuth, TAOCP volume 3, 6.4) */
#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t step(uint64_t lane, uint64_t word)
{
    const uint64_t product = (lane ^ word) * MULTIPLIER;
    return product << ROTATION | product >> (64 - ROTATION);
}

/* `next` is a constant NULL where nothing is prefetched. */
static inline uint64_t sum_up(const void *data, size_t size, const char *next)
{
    const unsigned char *at = data;
    uint64_t lanes[LANES], word, sum = size;
    size_t left = size;
    for (unsigned l = 0; l < LANES; l++)
        lanes[l] = step(size, l + 1);
    for (; left >= sizeof lanes; left -= sizeof lanes, at += sizeof lanes) {
        if (next)
            __builtin_prefetch(next + (size - left));
        for (unsigned l = 0; l < LANES; l++) {
            memcpy(&word, at + l * WORD, WORD);
            lanes[l] = step(lanes[l], word);
        }
    }
    for (unsigned l = 0; left; l++) {
        const size_t n = left < WORD ? left : WORD;
        word = 0;
        memcpy(&word, at, n);
        lanes[l] = step(lanes[l], word);
        at += n;
        left -= n;
    }
    for (unsigned l = 0; l < LANES; l++)
        sum = step(sum, lanes[l]);
    return sum ^ sum >> 32;
}

uint64_t cs_checksum(const void *data, size_t size)
{
    return sum_up(data, size, NULL);
}

uint64_t cs_checksum_before(const void *data, size_t size, const void *next)
{
    return sum_up(data, size, next);
}
