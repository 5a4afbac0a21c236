/* SPDX-License-Identifier: MIT
 * hnsw_write.c - writing an index to a file. */
#include "base/checksum.h"
#include "base/mem.h"
#include "index/hnsw_file.h"
#include "index/hnsw_format.h"

#include <string.h>

static uint64_t page_end(uint64_t at)
{
    return (at + CS_HNSW_PAGE - 1) / CS_HNSW_PAGE * CS_HNSW_PAGE;
}

static void fill_header(const cs_hnsw *hnsw, const cs_hnsw_stamp *stamp, size_t slots, cs_hnsw_header *header)
{
    *header = (cs_hnsw_header){.byte_order = CS_HNSW_BYTE_ORDER,
                               .version = CS_HNSW_VERSION,
                               .word_bytes = sizeof *hnsw->map.slots,
                               .sections = CS_SECTIONS,
                               .owner = stamp->owner,
                               .generation = stamp->generation,
                               .metric = (uint32_t)hnsw->base.metric,
                               .codes = (uint32_t)hnsw->quant.kind,
                               .dim = (uint32_t)hnsw->base.dim,
                               .m = (uint32_t)hnsw->m,
                               .ef_construction = (uint32_t)hnsw->ef_construction,
                               .ef = (uint32_t)hnsw->ef,
                               .free_row = hnsw->free_row,
                               .entry = hnsw->entry,
                               .top = (uint32_t)hnsw->top,
                               .seed = hnsw->seed,
                               .rows = hnsw->rows,
                               .count = hnsw->count,
                               .nodes = hnsw->nodes,
                               .dead = hnsw->dead,
                               .offset_count = hnsw->offset_count,
                               .upper_count = hnsw->upper_count,
                               .slots = slots,
                               .offset_square = hnsw->quant.offset_square,
                               .calibrated = hnsw->calibration.count,
                               .query_count = hnsw->calibration.query_count,
                               .near_ef = hnsw->calibration.ef[CS_HNSW_NEAR],
                               .far_ef = hnsw->calibration.ef[CS_HNSW_FAR],
                               .far_distance = hnsw->calibration.far_distance,
                               .far_side = hnsw->calibration.far_side};
    memcpy(header->magic, CS_HNSW_MAGIC, sizeof header->magic);
}

/* Compute the checksums of all pages, and from them each section's; returns how many pages there are. */
static size_t compute_checksums(const cs_hnsw_part *parts, uint64_t *checksums, cs_hnsw_header *header)
{
    size_t n = 0;
    for (int s = 0; s < CS_SECTIONS; s++) {
        const uint8_t *at = parts[s].data;
        const size_t first = n;
        for (size_t left = parts[s].bytes, size; left; left -= size, at += size) {
            size = left < CS_HNSW_PAGE ? left : CS_HNSW_PAGE;
            checksums[n++] = cs_checksum(at, size);
        }
        header->section[s].bytes = parts[s].bytes;
        header->section[s].checksum = cs_checksum(checksums + first, (n - first) * sizeof *checksums);
    }
    return n;
}

static clipsearch_status pad_to_page(cs_replacement *to, uint64_t *at, clipsearch_error *err)
{
    static const char zeros[CS_HNSW_PAGE];
    const uint64_t end = page_end(*at);
    clipsearch_status status = cs_replacement_write(to, zeros, (size_t)(end - *at), err);
    *at = end;
    return status;
}

static clipsearch_status write_all(const cs_hnsw *hnsw, const cs_hnsw_stamp *stamp, cs_replacement *to,
                                   clipsearch_error *err)
{
    cs_hnsw_part parts[CS_SECTIONS];
    cs_hnsw_header header;
    unsigned char page[CS_HNSW_PAGE] = {0};
    const size_t slots = hnsw->map.slots ? hnsw->map.mask + 1 : 0;
    size_t pages = 0;
    _Static_assert(sizeof header <= CS_HNSW_CHECKED, "the header fits its page");
    cs_hnsw_list_parts(hnsw, slots, parts);
    for (int s = 0; s < CS_SECTIONS; s++)
        pages += cs_hnsw_page_count(parts[s].bytes);
    uint64_t *checksums = cs_alloc_array(pages, sizeof *checksums);
    if (!checksums)
        return cs_fail_memory(err, "the checksums of an index");
    fill_header(hnsw, stamp, slots, &header);
    compute_checksums(parts, checksums, &header);
    uint64_t at = page_end(sizeof page + pages * sizeof *checksums);
    for (int s = 0; s < CS_SECTIONS; s++) {
        header.section[s].offset = at;
        at = page_end(at + parts[s].bytes);
    }
    header.file_bytes = at;
    memcpy(page, &header, sizeof header);
    const uint64_t sum = cs_checksum(page, CS_HNSW_CHECKED);
    memcpy(page + CS_HNSW_CHECKED, &sum, sizeof sum);
    clipsearch_status status = cs_replacement_write(to, page, sizeof page, err);
    if (status == CLIPSEARCH_OK)
        status = cs_replacement_write(to, checksums, pages * sizeof *checksums, err);
    at = sizeof page + pages * sizeof *checksums;
    if (status == CLIPSEARCH_OK)
        status = pad_to_page(to, &at, err);
    for (int s = 0; s < CS_SECTIONS && status == CLIPSEARCH_OK; s++) {
        status = cs_replacement_write(to, parts[s].data, parts[s].bytes, err);
        at += parts[s].bytes;
        if (status == CLIPSEARCH_OK)
            status = pad_to_page(to, &at, err);
    }
    cs_free(checksums);
    return status;
}

clipsearch_status cs_index_hnsw_write(const cs_index *index, const cs_hnsw_stamp *stamp, cs_replacement *to,
                                      clipsearch_error *err)
{
    const cs_hnsw *hnsw = (const cs_hnsw *)index;
    clipsearch_status status = cs_index_hnsw_verify(index, err);
    if (status != CLIPSEARCH_OK)
        return status;
    pthread_mutex_lock(&hnsw->shared->writer);
    status = write_all(hnsw, stamp, to, err);
    pthread_mutex_unlock(&hnsw->shared->writer);
    return status;
}
