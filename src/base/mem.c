/* SPDX-License-Identifier: MIT
 * mem.c - checked allocation over malloc. */
#include "base/mem.h"

#include "base/huge_pages.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20, FEWEST = 16 /* elements of a growing array's first block */ };

static atomic_uint_fast64_t allocations;
static atomic_uint_fast64_t fail_countdown;

/* Counts one allocation; true when the test asked for this one to fail. */
static bool counted_to_fail(void)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) == 0)
        return false;
    return atomic_fetch_sub(&fail_countdown, 1) == 1;
}

void *cs_alloc_array(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || counted_to_fail())
        return NULL;
    return malloc(bytes ? bytes : 1);
}

void *cs_zalloc_array(size_t count, size_t size)
{
    if (counted_to_fail())
        return NULL;
    return calloc(count ? count : 1, size ? size : 1);
}

void *cs_realloc_array(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || counted_to_fail())
        return NULL;
    return realloc(block, bytes ? bytes : 1);
}

void *cs_grow(void *block, size_t *capacity, size_t need, size_t size)
{
    assert(need >= 1 && (block || *capacity == 0));
    if (need <= *capacity)
        return block;
    size_t larger = *capacity < FEWEST / 2 ? FEWEST : *capacity > SIZE_MAX / 2 ? need : *capacity * 2;
    if (larger < need)
        larger = need;
    block = cs_realloc_array(block, larger, size);
    if (block)
        *capacity = larger;
    return block;
}

static void *aligned(size_t alignment, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || counted_to_fail())
        return NULL;
    void *block = NULL;
    return posix_memalign(&block, alignment, bytes ? bytes : 1) == 0 ? block : NULL;
}

void *cs_alloc_aligned(size_t count, size_t size)
{
    return aligned(ALIGNMENT, count, size);
}

void *cs_alloc_large(size_t count, size_t size)
{
    const bool large = size && count >= HUGE_PAGE / size;
    void *block = aligned(large ? HUGE_PAGE : ALIGNMENT, count, size);
    if (block && large)
        cs_request_huge_pages(block, count * size);
    return block;
}

char *cs_strndup(const char *text, size_t n)
{
    char *copy = n < SIZE_MAX ? cs_alloc_array(n + 1, 1) : NULL;
    if (copy) {
        memcpy(copy, text, n);
        copy[n] = '\0';
    }
    return copy;
}

char *cs_strdup(const char *text)
{
    return cs_strndup(text, strlen(text));
}

void cs_free(void *block)
{
    free(block);
}

uint64_t cs_mem_count(void)
{
    return atomic_load(&allocations);
}

void cs_mem_fail_at(uint64_t countdown)
{
    atomic_store(&fail_countdown, countdown);
}

bool cs_mem_is_limited(void)
{
    struct rlimit limit;
    return (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) ||
           (getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY);
}
