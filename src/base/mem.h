/* SPDX-License-Identifier: MIT
 * mem.h - the library's allocations: overflow-checked, countable, and failing on demand in tests. */
#ifndef CS_BASE_MEM_H
#define CS_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* count * size bytes, or NULL when they overflow or are not to be had. Zero bytes give a unique pointer. */
void *cs_alloc_array(size_t count, size_t size);

/* The same, all bytes zero. */
void *cs_zalloc_array(size_t count, size_t size);

/* Resize what the functions above gave; on NULL the old block is still valid. */
void *cs_realloc_array(void *block, size_t count, size_t size);

/* Make room for `need` elements (at least 1) of `size` bytes in `block`, an array of *capacity elements (NULL when that
 * is 0). Returns the array, which may have moved, and sets *capacity. The capacity at least doubles, so that adding
 * elements one at a time takes linear time. NULL when memory or the range of size_t does not suffice; the old block and
 * *capacity are then as they were. */
void *cs_grow(void *block, size_t *capacity, size_t need, size_t size);

/* 64-byte aligned (a cache line, and the widest vector). Freed with cs_free as well. */
void *cs_alloc_aligned(size_t count, size_t size);

/* Copies of `n` bytes with a NUL behind; and of a string. NULL when out of memory. */
char *cs_strndup(const char *text, size_t n);
char *cs_strdup(const char *text);

void cs_free(void *block);

/* For tests. How many allocations the functions above have made in this process. */
uint64_t cs_mem_count(void);

/* For tests. Make allocation number `countdown` from now (1: the next) fail, once; 0 turns it off. */
void cs_mem_fail_at(uint64_t countdown);

#endif
