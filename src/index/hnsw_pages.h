/* SPDX-License-Identifier: MIT
 * hnsw_pages.h - the mapped file under an index, and which of its pages have been verified. */
#ifndef CS_INDEX_HNSW_PAGES_H
#define CS_INDEX_HNSW_PAGES_H

#include "base/error.h"
#include "base/file.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The three large sections are verified page by page, each page before the first use of anything in it: opening reads
 * none of them, and damage is noticed before a result is made from it. All other sections are verified when the file
 * is opened. */
enum { CS_PAGES_LINKS, CS_PAGES_CODES, CS_PAGES_EXACT, CS_PAGES_SECTIONS };

/* Bytes with a checksum of their own. As large as a page of memory: verifying what a walk is about to read loads
 * nothing else. */
enum { CS_HNSW_PAGE = 4096 };

typedef struct cs_hnsw_page_bits {
    _Atomic uint64_t bits;
} cs_hnsw_page_bits;

typedef struct cs_hnsw_page_section {
    const uint8_t *data;
    size_t bytes, row_bytes;
    const uint64_t *checksums;   /* [pages] */
    cs_hnsw_page_bits *verified; /* a bit a page */
    _Atomic size_t unverified;   /* how many pages are not verified yet */
    _Atomic size_t ahead;        /* cs_hnsw_pages_verify_more has verified the pages below, or is doing so */
} cs_hnsw_page_section;

typedef struct cs_hnsw_pages {
    cs_map map;
    char *path;
    cs_hnsw_page_section sections[CS_PAGES_SECTIONS];
    int codes; /* the section that a walk compares: f32 has no codes beside the exact vectors */
    _Atomic uint64_t searches;
    _Atomic bool damaged;
    _Atomic uint64_t damaged_at; /* offset in the file of a damaged page */
} cs_hnsw_pages;

static inline size_t cs_hnsw_page_count(size_t bytes)
{
    return bytes / CS_HNSW_PAGE + (bytes % CS_HNSW_PAGE != 0);
}

/* Without a file and sections yet; NULL when out of memory. */
cs_hnsw_pages *cs_hnsw_pages_make(const char *path);
/* False when out of memory. */
bool cs_hnsw_pages_add_section(cs_hnsw_pages *pages, int section, const void *data, size_t bytes, size_t row_bytes,
                               const uint64_t *checksums);
/* Unmaps the file. NULL is allowed. */
void cs_hnsw_pages_close(cs_hnsw_pages *pages);

/* Verify the pages under some rows, under some bytes of a section, or all pages, unless they are verified already;
 * false when one is damaged. Any number of threads. */
bool cs_hnsw_pages_verify_rows(cs_hnsw_pages *pages, int section, const uint32_t *rows, size_t count);
bool cs_hnsw_pages_verify_all(cs_hnsw_pages *pages);
bool cs_hnsw_pages_verify_bytes(cs_hnsw_pages *pages, int section, size_t begin, size_t bytes);
/* Before a walk that will read about so many rows of a section: verify all of its pages, if the walk would verify many
 * of them one by one. False when one is damaged. */
bool cs_hnsw_pages_verify_most(cs_hnsw_pages *pages, int section, size_t rows);
/* Verify the next few pages of links and codes: after some hundred searches all of them are verified. */
bool cs_hnsw_pages_verify_more(cs_hnsw_pages *pages);

/* CLIPSEARCH_E_FORMAT: what is damaged, and where. */
clipsearch_status cs_hnsw_pages_fail(const cs_hnsw_pages *pages, clipsearch_error *err);

/* What a walk asks at its start: `pages` itself, or NULL when all pages of links and codes are verified. */
static inline cs_hnsw_pages *cs_hnsw_pages_unverified(cs_hnsw_pages *pages)
{
    if (!pages || (atomic_load_explicit(&pages->sections[CS_PAGES_LINKS].unverified, memory_order_relaxed) == 0 &&
                   atomic_load_explicit(&pages->sections[pages->codes].unverified, memory_order_relaxed) == 0))
        return NULL;
    return pages;
}

#endif
