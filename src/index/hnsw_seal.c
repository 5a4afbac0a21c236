/* SPDX-License-Identifier: MIT
 * hnsw_seal.c - blocks and their checksums. */
#include "index/hnsw_seal.h"

#include "base/checksum.h"
#include "base/mem.h"

enum {
    MORE_BLOCKS = 64, /* 256 KiB: at 20 GB/s some ten microseconds */
    FIRST_MORE = 16   /* a process that searches once or twice reads only what it needs */
};

cs_hnsw_seal *cs_hnsw_seal_make(const char *path)
{
    cs_hnsw_seal *seal = cs_zalloc_array(1, sizeof *seal);
    if (!seal)
        return NULL;
    seal->path = cs_strdup(path);
    if (!seal->path) {
        cs_free(seal);
        return NULL;
    }
    return seal;
}

bool cs_hnsw_seal_add(cs_hnsw_seal *seal, int section, const void *data, size_t bytes, size_t row_bytes,
                      const uint64_t *sums)
{
    cs_seal_section *s = &seal->sections[section];
    const size_t blocks = cs_seal_blocks(bytes);
    s->data = data;
    s->bytes = bytes;
    s->row_bytes = row_bytes;
    s->sums = sums;
    s->good = cs_zalloc_array(blocks / 64 + 1, sizeof *s->good);
    atomic_store(&s->left, blocks);
    return s->good != NULL;
}

void cs_hnsw_seal_close(cs_hnsw_seal *seal)
{
    if (!seal)
        return;
    for (int i = 0; i < CS_SEAL_SECTIONS; i++)
        cs_free(seal->sections[i].good);
    cs_map_close(&seal->map);
    cs_free(seal->path);
    cs_free(seal);
}

static bool is_good(const cs_seal_section *s, size_t block)
{
    return atomic_load_explicit(&s->good[block / 64].bits, memory_order_relaxed) >> block % 64 & 1;
}

static bool verify(cs_hnsw_seal *seal, cs_seal_section *s, size_t block)
{
    const size_t at = block * CS_SEAL_BLOCK, left = s->bytes - at;
    const uint64_t bit = UINT64_C(1) << block % 64;
    if (cs_checksum(s->data + at, left < CS_SEAL_BLOCK ? left : CS_SEAL_BLOCK) != s->sums[block]) {
        atomic_store(&seal->damaged_at, (uint64_t)(s->data + at - seal->map.data));
        atomic_store(&seal->damaged, true);
        return false;
    }
    if (!(atomic_fetch_or_explicit(&s->good[block / 64].bits, bit, memory_order_relaxed) & bit))
        atomic_fetch_sub_explicit(&s->left, 1, memory_order_relaxed);
    return true;
}

bool cs_hnsw_seal_rows(cs_hnsw_seal *seal, int section, const uint32_t *rows, size_t count)
{
    cs_seal_section *s = &seal->sections[section];
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        const size_t begin = rows[i] * s->row_bytes;
        for (size_t block = begin / CS_SEAL_BLOCK; block <= (begin + s->row_bytes - 1) / CS_SEAL_BLOCK; block++)
            good = (is_good(s, block) || verify(seal, s, block)) && good;
    }
    return good;
}

static bool all_of(cs_hnsw_seal *seal, cs_seal_section *s, size_t first, size_t end)
{
    bool good = true;
    for (size_t block = first; block < end && good; block++)
        good = is_good(s, block) || verify(seal, s, block);
    return good;
}

bool cs_hnsw_seal_all(cs_hnsw_seal *seal)
{
    bool good = true;
    for (int i = 0; i < CS_SEAL_SECTIONS && good; i++)
        good = all_of(seal, &seal->sections[i], 0, cs_seal_blocks(seal->sections[i].bytes));
    return good;
}

bool cs_hnsw_seal_more(cs_hnsw_seal *seal)
{
    const int sections[] = {CS_SEAL_LINKS, seal->codes};
    bool good = true;
    if (atomic_fetch_add_explicit(&seal->searches, 1, memory_order_relaxed) < FIRST_MORE)
        return true;
    for (int i = 0; i < 2 && good; i++) {
        cs_seal_section *s = &seal->sections[sections[i]];
        const size_t blocks = cs_seal_blocks(s->bytes);
        const size_t first = atomic_fetch_add_explicit(&s->swept, MORE_BLOCKS, memory_order_relaxed);
        if (first < blocks)
            good = all_of(seal, s, first, first + MORE_BLOCKS < blocks ? first + MORE_BLOCKS : blocks);
    }
    return good;
}

clipsearch_status cs_hnsw_seal_fail(const cs_hnsw_seal *seal, clipsearch_error *err)
{
    return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged within the %d bytes at %llu (their checksum differs)",
                   seal->path, CS_SEAL_BLOCK, (unsigned long long)atomic_load(&seal->damaged_at));
}
