/* SPDX-License-Identifier: MIT
 * hnsw_format.h - the layout of an index file. */
#ifndef CS_INDEX_HNSW_FORMAT_H
#define CS_INDEX_HNSW_FORMAT_H

#include "index/hnsw_graph.h"
#include "index/hnsw_pages.h"

/* A page of header; then a checksum for every page of every section, section after section; then the sections, each
 * beginning on a page, in the machine's own byte order and exactly as they lie in memory. A section's own checksum, in
 * the header, is over the checksums of its pages, and the header's last word is the checksum of the header. */
#define CS_HNSW_MAGIC "clsehns\n"
enum {
    CS_HNSW_VERSION = 2,
    CS_HNSW_VERSION_1 = 1, /* without a calibration */
    CS_HNSW_BYTE_ORDER = 0x01020304,
};

/* In the order of the file. The first three are verified page by page. */
enum {
    CS_SECTION_LINKS = CS_PAGES_LINKS,
    CS_SECTION_CODES = CS_PAGES_CODES, /* empty for f32: the exact vectors are the codes */
    CS_SECTION_EXACT = CS_PAGES_EXACT,
    CS_SECTION_TERMS,
    CS_SECTION_SQUARES,
    CS_SECTION_OFFSET,
    CS_SECTION_STATE,
    CS_SECTION_LEVELS,
    CS_SECTION_UPPER_AT,
    CS_SECTION_UPPER,
    CS_SECTION_NEXT,
    CS_SECTION_IDS,
    CS_SECTION_MAP,
    CS_SECTION_AXIS,
    CS_SECTION_QUERIES,
    CS_SECTIONS,
    CS_SECTIONS_1 = CS_SECTION_AXIS /* of version 1 */
};

typedef struct cs_hnsw_section {
    uint64_t offset, bytes;
    uint64_t checksum; /* of the checksums of its pages */
} cs_hnsw_section;

typedef struct cs_hnsw_header {
    char magic[8];
    uint32_t byte_order, version;
    uint32_t word_bytes, sections; /* word_bytes: of a slot of the id map */
    uint64_t file_bytes;
    uint64_t owner, generation; /* the stamp */
    uint32_t metric, codes, dim, m, ef_construction, ef;
    uint32_t free_row, entry, top, unused;
    uint64_t seed, rows, count, nodes, dead, offset_count, upper_count, slots;
    double offset_square;
    cs_hnsw_section section[CS_SECTIONS];
    /* of the calibration; zeros in version 1, whose header ends with section CS_SECTION_MAP */
    uint64_t calibrated, query_count, near_ef, far_ef;
    float far_distance, far_side;
} cs_hnsw_header;

/* A page: the header, zeros, and in the last word the checksum of all before it. */
enum { CS_HNSW_CHECKED = CS_HNSW_PAGE - sizeof(uint64_t) };

/* What each section holds. Of an index that is in memory the pointers are its arrays; the sizes follow from its numbers
 * alone. `slots`: of the id map. */
typedef struct cs_hnsw_part {
    const void *data;
    size_t bytes;
} cs_hnsw_part;
static inline void cs_hnsw_list_parts(const cs_hnsw *hnsw, size_t slots, cs_hnsw_part parts[CS_SECTIONS])
{
    const size_t rows = hnsw->rows;
    const bool i8 = hnsw->quant.kind == CS_QUANT_I8, ip = hnsw->base.metric == CLIPSEARCH_IP;
    parts[CS_SECTION_LINKS] = (cs_hnsw_part){hnsw->links, rows * hnsw->m0 * sizeof *hnsw->links};
    parts[CS_SECTION_CODES] =
        (cs_hnsw_part){hnsw->quant.rows, hnsw->quant.kind == CS_QUANT_F32 ? 0 : rows * hnsw->quant.row_bytes};
    parts[CS_SECTION_EXACT] = (cs_hnsw_part){hnsw->exact, rows * hnsw->exact_stride * sizeof *hnsw->exact};
    parts[CS_SECTION_TERMS] = (cs_hnsw_part){hnsw->quant.terms, i8 ? rows * sizeof *hnsw->quant.terms : 0};
    parts[CS_SECTION_SQUARES] = (cs_hnsw_part){hnsw->quant.squares, ip ? rows * sizeof *hnsw->quant.squares : 0};
    parts[CS_SECTION_OFFSET] = (cs_hnsw_part){hnsw->quant.offset, i8 ? hnsw->base.dim * sizeof *hnsw->quant.offset : 0};
    parts[CS_SECTION_STATE] = (cs_hnsw_part){hnsw->state, rows};
    parts[CS_SECTION_LEVELS] = (cs_hnsw_part){hnsw->levels, rows};
    parts[CS_SECTION_UPPER_AT] = (cs_hnsw_part){hnsw->upper_at, rows * sizeof *hnsw->upper_at};
    parts[CS_SECTION_UPPER] = (cs_hnsw_part){hnsw->upper, hnsw->upper_count * hnsw->m * sizeof *hnsw->upper};
    parts[CS_SECTION_NEXT] = (cs_hnsw_part){hnsw->next, rows * sizeof *hnsw->next};
    parts[CS_SECTION_IDS] = (cs_hnsw_part){hnsw->ids, rows * sizeof *hnsw->ids};
    parts[CS_SECTION_AXIS] = (cs_hnsw_part){
        hnsw->calibration.axis, hnsw->calibration.count ? hnsw->base.dim * sizeof *hnsw->calibration.axis : 0};
    parts[CS_SECTION_QUERIES] = (cs_hnsw_part){
        hnsw->calibration.queries, hnsw->calibration.query_count * hnsw->base.dim * sizeof *hnsw->calibration.queries};
    parts[CS_SECTION_MAP] = (cs_hnsw_part){hnsw->map.slots, slots * sizeof *hnsw->map.slots};
}

#endif
