/* SPDX-License-Identifier: MIT
 * checksum.h - a 64-bit checksum against damage, as fast as memory is read; not against an attacker. */
#ifndef CS_BASE_CHECKSUM_H
#define CS_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Any change within eight bytes in a row (at an offset divisible by eight) changes it for certain, any other with a
 * probability of 1 - 2^-64. The same on every machine of the same byte order. */
uint64_t cs_checksum(const void *data, size_t size);

/* The same, and prefetches the bytes at `next`, as many, which are summed after these: the processor's own prefetching
 * ends with each page of memory. 50 MB that are in no cache take half the time. They need not exist. */
uint64_t cs_checksum_before(const void *data, size_t size, const void *next);

#endif
