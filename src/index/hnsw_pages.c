/* SPDX-License-Identifier: MIT
 * hnsw_pages.c - pages and their checksums. */
#include "index/hnsw_pages.h"

#include "base/checksum.h"
#include "base/mem.h"

enum {
    MORE_PAGES = 64, /* 256 KiB: at 20 GB/s some ten microseconds */
    FIRST_MORE = 16, /* a process that searches once or twice reads only what it needs */
    MANY =
        3, /* rows for MANY_OF pages: then walks touch nearly half of the pages, and all in their order are faster. In
                 a file of 100,000 vectors a page takes 0.75 microseconds here and there, 0.3 in order */
    MANY_OF = 5
};

cs_hnsw_pages *cs_hnsw_pages_make(const char *path)
{
    cs_hnsw_pages *pages = cs_zalloc_array(1, sizeof *pages);
    if (!pages)
        return NULL;
    pages->path = cs_strdup(path);
    if (!pages->path) {
        cs_free(pages);
        return NULL;
    }
    return pages;
}

bool cs_hnsw_pages_add_section(cs_hnsw_pages *pages, int section, const void *data, size_t bytes, size_t row_bytes,
                               const uint64_t *checksums)
{
    cs_hnsw_page_section *s = &pages->sections[section];
    const size_t count = cs_hnsw_page_count(bytes);
    s->data = data;
    s->bytes = bytes;
    s->row_bytes = row_bytes;
    s->checksums = checksums;
    s->verified = cs_zalloc_array(count / 64 + 1, sizeof *s->verified);
    atomic_store(&s->unverified, count);
    return s->verified != NULL;
}

void cs_hnsw_pages_close(cs_hnsw_pages *pages)
{
    if (!pages)
        return;
    for (int i = 0; i < CS_PAGES_SECTIONS; i++)
        cs_free(pages->sections[i].verified);
    cs_map_close(&pages->map);
    cs_free(pages->path);
    cs_free(pages);
}

static bool is_verified(const cs_hnsw_page_section *s, size_t page)
{
    return atomic_load_explicit(&s->verified[page / 64].bits, memory_order_relaxed) >> page % 64 & 1;
}

/* `next`: the page that is verified after this one. */
static bool is_sound(cs_hnsw_pages *pages, const cs_hnsw_page_section *s, size_t page, size_t next)
{
    const size_t at = page * CS_HNSW_PAGE, left = s->bytes - at;
    const uint64_t checksum =
        cs_checksum_before(s->data + at, left < CS_HNSW_PAGE ? left : CS_HNSW_PAGE, s->data + next * CS_HNSW_PAGE);
    if (checksum == s->checksums[page])
        return true;
    atomic_store(&pages->damaged_at, (uint64_t)(s->data + at - pages->map.data));
    atomic_store(&pages->damaged, true);
    return false;
}

/* Note some pages of one word of `verified`, with one change of it. */
static void note_verified(cs_hnsw_page_section *s, size_t word, uint64_t pages)
{
    const uint64_t before = atomic_fetch_or_explicit(&s->verified[word].bits, pages, memory_order_relaxed);
    atomic_fetch_sub_explicit(&s->unverified, (size_t)__builtin_popcountll(pages & ~before), memory_order_relaxed);
}

/* The first and the last page of a row. */
static size_t first_page(const cs_hnsw_page_section *s, uint32_t row)
{
    return row * s->row_bytes / CS_HNSW_PAGE;
}

static size_t last_page(const cs_hnsw_page_section *s, uint32_t row)
{
    return ((row + (size_t)1) * s->row_bytes - 1) / CS_HNSW_PAGE;
}

bool cs_hnsw_pages_verify_rows(cs_hnsw_pages *pages, int section, const uint32_t *rows, size_t count)
{
    cs_hnsw_page_section *s = &pages->sections[section];
    bool good = true;
    if (atomic_load_explicit(&s->unverified, memory_order_relaxed) == 0)
        return true;
    for (size_t i = 0; i < count; i++) {
        const size_t last = last_page(s, rows[i]);
        for (size_t page = first_page(s, rows[i]); page <= last; page++) {
            const size_t next = page < last ? page + 1 : i + 1 < count ? first_page(s, rows[i + 1]) : page;
            if (is_verified(s, page))
                continue;
            if (is_sound(pages, s, page, next))
                note_verified(s, page / 64, UINT64_C(1) << page % 64);
            else
                good = false;
        }
    }
    return good;
}

/* The pages [first, end) of one word of `verified` that are not verified yet. */
static bool verify_word(cs_hnsw_pages *pages, cs_hnsw_page_section *s, size_t first, size_t end)
{
    uint64_t good = 0;
    for (size_t page = first; page < end; page++) {
        if (is_verified(s, page))
            continue;
        if (!is_sound(pages, s, page, page + 1))
            return false;
        good |= UINT64_C(1) << page % 64;
    }
    if (good)
        note_verified(s, first / 64, good);
    return true;
}

static bool verify_range(cs_hnsw_pages *pages, cs_hnsw_page_section *s, size_t first, size_t end)
{
    bool good = true;
    for (size_t stop; first < end && good; first = stop) {
        stop = first / 64 * 64 + 64;
        stop = stop < end ? stop : end;
        good = verify_word(pages, s, first, stop);
    }
    return good;
}

bool cs_hnsw_pages_verify_most(cs_hnsw_pages *pages, int section, size_t rows)
{
    cs_hnsw_page_section *s = &pages->sections[section];
    const size_t count = cs_hnsw_page_count(s->bytes), many = count / MANY_OF * MANY;
    return rows < many || atomic_load_explicit(&s->unverified, memory_order_relaxed) < many ||
           verify_range(pages, s, 0, count);
}

bool cs_hnsw_pages_verify_bytes(cs_hnsw_pages *pages, int section, size_t begin, size_t bytes)
{
    return !bytes ||
           verify_range(pages, &pages->sections[section], begin / CS_HNSW_PAGE, (begin + bytes - 1) / CS_HNSW_PAGE + 1);
}

bool cs_hnsw_pages_verify_all(cs_hnsw_pages *pages)
{
    bool good = true;
    for (int i = 0; i < CS_PAGES_SECTIONS && good; i++)
        good = verify_range(pages, &pages->sections[i], 0, cs_hnsw_page_count(pages->sections[i].bytes));
    return good;
}

bool cs_hnsw_pages_verify_more(cs_hnsw_pages *pages)
{
    const int sections[] = {CS_PAGES_LINKS, pages->codes};
    bool good = true;
    if (atomic_fetch_add_explicit(&pages->searches, 1, memory_order_relaxed) < FIRST_MORE)
        return true;
    for (int i = 0; i < 2 && good; i++) {
        cs_hnsw_page_section *s = &pages->sections[sections[i]];
        const size_t count = cs_hnsw_page_count(s->bytes);
        const size_t first = atomic_fetch_add_explicit(&s->ahead, MORE_PAGES, memory_order_relaxed);
        if (first < count)
            good = verify_range(pages, s, first, first + MORE_PAGES < count ? first + MORE_PAGES : count);
    }
    return good;
}

clipsearch_status cs_hnsw_pages_fail(const cs_hnsw_pages *pages, clipsearch_error *err)
{
    return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged within the %d bytes at %llu (their checksum differs)",
                   pages->path, CS_HNSW_PAGE, (unsigned long long)atomic_load(&pages->damaged_at));
}
