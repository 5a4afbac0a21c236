/* SPDX-License-Identifier: MIT
 * huge_pages.h - huge pages under large arrays. */
#ifndef CS_BASE_HUGE_PAGES_H
#define CS_BASE_HUGE_PAGES_H

#include <stddef.h>

/* Ask for huge pages under a large array, before its first touch: an exact scan from memory took 9 to 14 ms instead of
 * 20 to 25 (100,000 x 512, one thread, best of 101, bench/bench_flat.c). Nothing changes on a
 * system without them. */
void cs_request_huge_pages(void *array, size_t bytes);

#endif
