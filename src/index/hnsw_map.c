/* SPDX-License-Identifier: MIT
 * hnsw_map.c - mapping a file as an index. Nothing in the file is used before it is checked. */
#include "base/checksum.h"
#include "base/limits.h"
#include "base/mem.h"
#include "index/hnsw_file.h"
#include "index/hnsw_format.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

/* One file being opened. */
typedef struct opening {
    const char *path;
    const uint8_t *data;
    size_t size;
    cs_hnsw_header header;
    int sections; /* of the file's version; those that it lacks are empty */
    const uint64_t *checksums[CS_SECTIONS];
    clipsearch_error *err;
} opening;

static clipsearch_status fail(const opening *o, const char *what)
{
    return cs_fail(o->err, CLIPSEARCH_E_FORMAT, "%s: %s", o->path, what);
}

/* ---- header and tables */

static clipsearch_status check_kind(const opening *o)
{
    const cs_hnsw_header *h = &o->header;
    const bool known = h->version == CS_HNSW_VERSION || h->version == CS_HNSW_VERSION_1;
    if (h->byte_order != CS_HNSW_BYTE_ORDER || (known && h->word_bytes != sizeof(size_t)))
        return cs_fail(o->err, CLIPSEARCH_E_UNSUPPORTED, "%s: made on a machine with another byte order or word size",
                       o->path);
    if (!known)
        return cs_fail(o->err, CLIPSEARCH_E_UNSUPPORTED, "%s: version %u of the format; this build reads %d and %d",
                       o->path, (unsigned)h->version, (int)CS_HNSW_VERSION_1, (int)CS_HNSW_VERSION);
    return CLIPSEARCH_OK;
}

/* What a header of version 1 does not have. */
static void clear_calibration(cs_hnsw_header *header)
{
    const size_t at = offsetof(cs_hnsw_header, section) + CS_SECTIONS_1 * sizeof header->section[0];
    memset((char *)header + at, 0, sizeof *header - at);
}

static clipsearch_status read_header(opening *o)
{
    uint64_t sum;
    if (o->size < CS_HNSW_PAGE)
        return fail(o, "truncated, or not an index file");
    memcpy(&o->header, o->data, sizeof o->header);
    if (memcmp(o->header.magic, CS_HNSW_MAGIC, sizeof o->header.magic) != 0)
        return fail(o, "not an index file, by its first bytes");
    memcpy(&sum, o->data + CS_HNSW_CHECKED, sizeof sum);
    clipsearch_status status = CLIPSEARCH_OK;
    if (cs_checksum(o->data, CS_HNSW_CHECKED) !=
        sum) { /* in another version, or from another machine, the checksum says nothing */
        status = check_kind(o);
        return status ? status : fail(o, "its header is damaged");
    }
    status = check_kind(o);
    if (status == CLIPSEARCH_OK && o->header.version == CS_HNSW_VERSION_1)
        clear_calibration(&o->header);
    o->sections = o->header.version == CS_HNSW_VERSION_1 ? CS_SECTIONS_1 : CS_SECTIONS;
    if (status == CLIPSEARCH_OK && o->header.sections != (uint32_t)o->sections)
        status = fail(o, "its header contradicts itself");
    if (status == CLIPSEARCH_OK && o->header.file_bytes != o->size)
        status = cs_fail(o->err, CLIPSEARCH_E_FORMAT, "%s: %zu bytes, but its header says %llu", o->path, o->size,
                         (unsigned long long)o->header.file_bytes);
    return status;
}

/* Where the sections lie, and the checksums of their pages. */
static clipsearch_status read_tables(opening *o)
{
    size_t at = CS_HNSW_PAGE;
    for (int s = 0; s < o->sections; s++) {
        const cs_hnsw_section *section = &o->header.section[s];
        if (section->offset % CS_HNSW_PAGE || section->offset > o->size || section->bytes > o->size - section->offset)
            return fail(o, "its header contradicts itself");
        const size_t bytes = cs_hnsw_page_count((size_t)section->bytes) * sizeof *o->checksums[s];
        if (bytes > o->size - at)
            return fail(o, "its header contradicts itself");
        if (cs_checksum(o->data + at, bytes) != section->checksum)
            return fail(o, "its table of checksums is damaged");
        o->checksums[s] =
            (const uint64_t *)(const void *)(o->data + at); /* a multiple of eight behind a page's start */
        at += bytes;
    }
    for (int s = 0; s < o->sections; s++)
        if (o->header.section[s].offset < at)
            return fail(o, "its header contradicts itself");
    return CLIPSEARCH_OK;
}

/* ---- numbers */

static bool numbers_are_valid(const cs_hnsw_header *h)
{
    const bool empty = h->entry == CS_HNSW_NONE;
    return h->rows <= CS_HNSW_MAX_ROWS && h->count <= h->rows && h->nodes <= h->count && h->dead <= h->rows &&
           h->upper_count <= h->rows * CS_HNSW_LEVELS && h->top < CS_HNSW_LEVELS &&
           (empty ? h->nodes + h->dead == 0 : h->entry < h->rows) && h->calibrated <= CS_HNSW_MAX_ROWS &&
           h->near_ef <= CS_HNSW_MAX_ROWS && h->far_ef <= CS_HNSW_MAX_ROWS && h->query_count <= CS_MAX_QUERIES &&
           (h->calibrated || !h->query_count) && (h->free_row == CS_HNSW_NONE || h->free_row < h->rows) &&
           (h->slots & (h->slots - 1)) == 0 && h->slots / 2 >= h->count && h->slots <= UINT64_C(1) << 34;
}

/* Never written to: the map is read-only, and every change first copies the index into memory. */
static void *writable(const void *mapped)
{
    return (void *)(uintptr_t)mapped;
}

static const void *at(const opening *o, int section)
{
    return o->data + o->header.section[section].offset;
}

/* Set the index's numbers and arrays; all sizes are compared with the table. */
static clipsearch_status map_arrays(opening *o, cs_hnsw *hnsw)
{
    const cs_hnsw_header *h = &o->header;
    cs_hnsw_part parts[CS_SECTIONS];
    if (!numbers_are_valid(h))
        return fail(o, "its header contradicts itself");
    hnsw->capacity = hnsw->rows = h->rows;
    hnsw->count = h->count;
    hnsw->nodes = h->nodes;
    hnsw->dead = h->dead;
    hnsw->offset_count = h->offset_count;
    hnsw->free_row = h->free_row;
    hnsw->entry = h->entry;
    hnsw->top = (int)h->top;
    hnsw->upper_count = hnsw->upper_capacity = h->upper_count;
    hnsw->quant.offset_square = h->offset_square;
    hnsw->calibration = (cs_hnsw_calibration){.count = h->calibrated,
                                              .query_count = h->query_count,
                                              .ef = {[CS_HNSW_NEAR] = h->near_ef, [CS_HNSW_FAR] = h->far_ef},
                                              .far_distance = h->far_distance,
                                              .far_side = h->far_side};
    cs_hnsw_list_parts(hnsw, h->slots, parts);
    for (int s = 0; s < CS_SECTIONS; s++)
        if (parts[s].bytes != h->section[s].bytes)
            return fail(o, "its sections have impossible sizes");
    hnsw->links = writable(at(o, CS_SECTION_LINKS));
    hnsw->exact = writable(at(o, CS_SECTION_EXACT));
    hnsw->quant.rows = writable(at(o, hnsw->quant.kind == CS_QUANT_F32 ? CS_SECTION_EXACT : CS_SECTION_CODES));
    hnsw->quant.terms = hnsw->quant.kind == CS_QUANT_I8 ? writable(at(o, CS_SECTION_TERMS)) : NULL;
    hnsw->quant.offset = hnsw->quant.kind == CS_QUANT_I8 ? writable(at(o, CS_SECTION_OFFSET)) : NULL;
    hnsw->quant.squares = hnsw->base.metric == CLIPSEARCH_IP ? writable(at(o, CS_SECTION_SQUARES)) : NULL;
    hnsw->calibration.axis = h->calibrated ? writable(at(o, CS_SECTION_AXIS)) : NULL;
    hnsw->calibration.queries = h->query_count ? writable(at(o, CS_SECTION_QUERIES)) : NULL;
    hnsw->state = writable(at(o, CS_SECTION_STATE));
    hnsw->levels = writable(at(o, CS_SECTION_LEVELS));
    hnsw->upper_at = writable(at(o, CS_SECTION_UPPER_AT));
    hnsw->upper = writable(at(o, CS_SECTION_UPPER));
    hnsw->next = writable(at(o, CS_SECTION_NEXT));
    hnsw->ids = writable(at(o, CS_SECTION_IDS));
    hnsw->map = (cs_idmap){.slots = h->slots ? writable(at(o, CS_SECTION_MAP)) : NULL, .mask = h->slots - 1};
    return CLIPSEARCH_OK;
}

/* ---- the small arrays */

static clipsearch_status verify_small(const opening *o)
{
    for (int s = CS_PAGES_SECTIONS; s < CS_SECTIONS; s++) {
        const uint8_t *data = at(o, s);
        size_t left = (size_t)o->header.section[s].bytes;
        for (size_t page = 0, size; left; left -= size, data += size, page++) {
            size = left < CS_HNSW_PAGE ? left : CS_HNSW_PAGE;
            if (cs_checksum_before(data, size, data + size) != o->checksums[s][page])
                return cs_fail(o->err, CLIPSEARCH_E_FORMAT,
                               "%s: damaged within the %d bytes at %zu (their checksum differs)", o->path, CS_HNSW_PAGE,
                               (size_t)(data - o->data));
        }
    }
    return CLIPSEARCH_OK;
}

static bool is_node(const cs_hnsw *hnsw, uint32_t row)
{
    return hnsw->state[row] == CS_HNSW_LIVE || hnsw->state[row] == CS_HNSW_DEAD;
}

static bool states_are_right(const cs_hnsw *hnsw)
{
    size_t live = 0, same = 0, dead = 0, free = 0;
    for (size_t row = 0; row < hnsw->rows; row++) { /* no table of counters: equal states would wait for one another */
        const uint8_t state = hnsw->state[row];
        live += state == CS_HNSW_LIVE;
        same += state == CS_HNSW_SAME;
        dead += state == CS_HNSW_DEAD;
        free += state == CS_HNSW_FREE;
    }
    return live == hnsw->nodes && dead == hnsw->dead && live + same == hnsw->count &&
           free + hnsw->count + hnsw->dead == hnsw->rows &&
           (hnsw->entry == CS_HNSW_NONE || (is_node(hnsw, hnsw->entry) && hnsw->levels[hnsw->entry] == hnsw->top));
}

/* Links above level 0 are few and are followed without further checks. */
static bool upper_is_right(const cs_hnsw *hnsw)
{
    for (size_t row = 0; row < hnsw->rows; row++) {
        if (hnsw->levels[row] == 0 || !is_node(hnsw, (uint32_t)row))
            continue;
        if (hnsw->levels[row] > hnsw->top || hnsw->upper_at[row] + (size_t)hnsw->levels[row] > hnsw->upper_count)
            return false;
        for (int level = 1; level <= hnsw->levels[row]; level++) {
            const uint32_t *links = cs_hnsw_links(hnsw, (uint32_t)row, level);
            for (size_t i = 0; i < hnsw->m && links[i] != CS_HNSW_NONE; i++)
                if (links[i] >= hnsw->rows || hnsw->levels[links[i]] < level || !is_node(hnsw, links[i]))
                    return false;
        }
    }
    return true;
}

/* Chains of equal vectors and of free rows end: no row follows two others, and none follows itself. */
static clipsearch_status check_chains(const opening *o, const cs_hnsw *hnsw)
{
    const size_t words = cs_visited_words(hnsw->rows);
    cs_visited behind = {.bits = cs_zalloc_array(words, sizeof *behind.bits), .words = words};
    if (!behind.bits)
        return cs_fail_memory(o->err, "opening an index file");
    bool right = true;
    if (hnsw->free_row != CS_HNSW_NONE)
        right = cs_visited_add(&behind, hnsw->free_row) && hnsw->state[hnsw->free_row] == CS_HNSW_FREE;
    for (size_t row = 0; row < hnsw->rows && right; row++) {
        const uint32_t next = hnsw->next[row];
        const int expected = hnsw->state[row] == CS_HNSW_FREE ? CS_HNSW_FREE : CS_HNSW_SAME;
        if (next != CS_HNSW_NONE)
            right = next < hnsw->rows && hnsw->state[row] != CS_HNSW_DEAD && hnsw->state[next] == expected &&
                    cs_visited_add(&behind, next);
    }
    cs_free(behind.bits);
    return right ? CLIPSEARCH_OK : fail(o, "its chains of equal vectors are damaged");
}

static bool map_is_right(const cs_hnsw *hnsw, size_t slots)
{
    size_t used = 0;
    bool right = true;
    for (size_t i = 0; i < slots; i++) {
        used += hnsw->map.slots[i] != 0;
        right = right && hnsw->map.slots[i] <= hnsw->rows;
    }
    return right && used == hnsw->count;
}

/* Whether all numbers are finite, by the bits of their exponents: there may be millions. */
static bool are_finite(const float *numbers, size_t count)
{
    uint32_t infinite = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, numbers + i, sizeof bits);
        infinite |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return !infinite;
}

static bool calibration_is_right(const cs_hnsw *hnsw)
{
    const cs_hnsw_calibration *c = &hnsw->calibration;
    return (!c->axis || are_finite(c->axis, hnsw->base.dim)) &&
           (!c->queries || are_finite(c->queries, c->query_count * hnsw->base.dim));
}

static clipsearch_status check_arrays(const opening *o, const cs_hnsw *hnsw)
{
    clipsearch_status status = verify_small(o);
    if (status == CLIPSEARCH_OK && !states_are_right(hnsw))
        status = fail(o, "its counts do not match its rows");
    if (status == CLIPSEARCH_OK && !upper_is_right(hnsw))
        status = fail(o, "its upper levels are damaged");
    if (status == CLIPSEARCH_OK && !map_is_right(hnsw, o->header.slots))
        status = fail(o, "its map of ids is damaged");
    if (status == CLIPSEARCH_OK && !calibration_is_right(hnsw))
        status = fail(o, "its calibration is damaged");
    return status ? status : check_chains(o, hnsw);
}

/* ---- */

/* Exact vectors are read one by one, so the system need not read ahead around them, nor map 2 MiB for each: with those
 * of 64 candidates a process would have 100 MiB more. */
static void advise(const opening *o)
{
    const cs_hnsw_section *exact = &o->header.section[CS_SECTION_EXACT];
    if (!exact->bytes || o->header.codes == CS_QUANT_F32)
        return;
    madvise(writable(at(o, CS_SECTION_EXACT)), (size_t)exact->bytes, MADV_RANDOM);
#ifdef MADV_NOHUGEPAGE
    madvise(writable(at(o, CS_SECTION_EXACT)), (size_t)exact->bytes, MADV_NOHUGEPAGE);
#endif
}

static clipsearch_status open_mapped(opening *o, cs_hnsw_pages *pages, cs_hnsw **out, clipsearch_error *err)
{
    cs_index *index = NULL;
    const cs_hnsw_header *h = &o->header;
    clipsearch_status status = read_header(o);
    if (status == CLIPSEARCH_OK)
        status = read_tables(o);
    if (status != CLIPSEARCH_OK)
        return status;
    const cs_hnsw_options options = {.m = h->m,
                                     .ef_construction = h->ef_construction,
                                     .ef = h->ef,
                                     .codes = (cs_quant_kind)h->codes,
                                     .seed = h->seed};
    if (!h->m || !h->ef_construction || !h->ef ||
        (status = cs_index_hnsw_open(h->dim, (clipsearch_metric)h->metric, &options, &index, err)) != CLIPSEARCH_OK)
        return status == CLIPSEARCH_E_MEMORY ? status : fail(o, "its header contradicts itself");
    cs_hnsw *hnsw = (cs_hnsw *)index;
    cs_hnsw_free_arrays(hnsw); /* only the offset; the file has its own */
    cs_hnsw_clear_arrays(hnsw);
    status = map_arrays(o, hnsw);
    if (status == CLIPSEARCH_OK)
        status = check_arrays(o, hnsw);
    const size_t row_bytes[CS_PAGES_SECTIONS] = {[CS_PAGES_LINKS] = hnsw->m0 * sizeof *hnsw->links,
                                                 [CS_PAGES_CODES] = hnsw->quant.row_bytes,
                                                 [CS_PAGES_EXACT] = hnsw->exact_stride * sizeof *hnsw->exact};
    for (int s = 0; s < CS_PAGES_SECTIONS && status == CLIPSEARCH_OK; s++)
        if (!cs_hnsw_pages_add_section(pages, s, at(o, s), (size_t)h->section[s].bytes, row_bytes[s], o->checksums[s]))
            status = cs_fail_memory(err, "opening an index file");
    pages->codes = hnsw->quant.kind == CS_QUANT_F32 ? CS_PAGES_EXACT : CS_PAGES_CODES;
    if (status != CLIPSEARCH_OK) {
        cs_hnsw_clear_arrays(hnsw);
        cs_index_close(&index);
        return status;
    }
    *out = hnsw;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_index_hnsw_map(const char *path, cs_index **index, cs_hnsw_stamp *stamp, clipsearch_error *err)
{
    cs_hnsw *hnsw = NULL;
    *index = NULL;
    cs_hnsw_pages *pages = cs_hnsw_pages_make(path);
    if (!pages)
        return cs_fail_memory(err, "opening an index file");
    clipsearch_status status = cs_map_open(path, &pages->map, err);
    if (status != CLIPSEARCH_OK) {
        cs_hnsw_pages_close(pages);
        return status;
    }
    opening o = {.path = path, .data = pages->map.data, .size = pages->map.size, .err = err};
    status = open_mapped(&o, pages, &hnsw, err);
    if (status != CLIPSEARCH_OK) {
        cs_hnsw_pages_close(pages);
        return status;
    }
    advise(&o);
    hnsw->pages = pages;
    *stamp = (cs_hnsw_stamp){.owner = o.header.owner, .generation = o.header.generation};
    *index = &hnsw->base;
    return CLIPSEARCH_OK;
}
