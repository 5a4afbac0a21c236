/* SPDX-License-Identifier: MIT
 * huge_pages.c - huge pages under large arrays. */
#include "base/huge_pages.h"

#include <stdint.h>
#include <sys/mman.h>

void cs_request_huge_pages(void *array, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    enum { PAGE = 4096, WORTH_IT = 2 << 20 };
    size_t skip = (PAGE - (uintptr_t)array % PAGE) % PAGE;
    if (bytes >= WORTH_IT)
        madvise((char *)array + skip, (bytes - skip) / PAGE * PAGE, MADV_HUGEPAGE);
#else
    (void)array;
    (void)bytes;
#endif
}
