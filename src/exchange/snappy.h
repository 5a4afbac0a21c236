/* SPDX-License-Identifier: MIT
 * snappy.h - decompression of Snappy's raw format from untrusted bytes. */
#ifndef CS_EXCHANGE_SNAPPY_H
#define CS_EXCHANGE_SNAPPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decompress `size` bytes into exactly `length` bytes at `out`. False when the bytes are damaged or stand for another
 * length; `out` is then undefined. */
bool cs_snappy_decompress(const uint8_t *bytes, size_t size, uint8_t *out, size_t length);

/* The most bytes that `size` compressed bytes can stand for: a copy of 64 bytes takes two or three. */
static inline uint64_t cs_snappy_most(size_t size)
{
    return (uint64_t)size * 32 + 64;
}

#endif
