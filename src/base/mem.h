/* SPDX-License-Identifier: MIT
 * mem.h - the library's allocations: overflow-checked, countable, and made to fail on demand in tests. */
#ifndef CS_BASE_MEM_H
#define CS_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* count * size bytes, or NULL when that overflows or memory runs out. Zero bytes give a unique pointer. */
void *cs_alloc_array(size_t count, size_t size);

/* The same, all bytes zero. */
void *cs_zalloc_array(size_t count, size_t size);

/* Resize a block of the functions above. On NULL the old block is still valid. */
void *cs_realloc_array(void *block, size_t count, size_t size);

/* Make room for `need` elements (at least 1) of `size` bytes in `block`, an array of *capacity elements (NULL when that
 * is 0). Returns the array, which may have moved, and sets *capacity. The capacity at least doubles, so that adding
 * elements one at a time takes linear time. NULL when memory or the range of size_t does not suffice; the old block and
 * *capacity are then as they were. */
void *cs_grow(void *block, size_t *capacity, size_t need, size_t size);

/* count * size bytes, aligned to 64 (a cache line, and the widest vector). Free it with cs_free too. */
void *cs_alloc_aligned(size_t count, size_t size);
/* The same for what is read from one end to the other again and again: from 2 MiB on it begins at such a boundary, on
 * huge pages where the system has them. The processor's own prefetching ends with a page: one core of a Sapphire Rapids
 * reads 85 MB at 15 to 23 GB/s from huge pages and at 12 to 13 from others. */
void *cs_alloc_large(size_t count, size_t size);

/* A copy of `n` bytes followed by a NUL; a copy of a string. NULL when out of memory. */
char *cs_strndup(const char *text, size_t n);
char *cs_strdup(const char *text);

void cs_free(void *block);

/* Whether this process has a limit on its memory (ulimit -v, ulimit -d). Some libraries do not end when they meet it.
 */
bool cs_mem_is_limited(void);

/* For tests. The number of allocations that the functions above have made in this process. */
uint64_t cs_mem_count(void);

/* For tests. Make allocation number `countdown` from now (1: the next) fail, once; 0 turns it off. */
void cs_mem_fail_at(uint64_t countdown);

#endif
