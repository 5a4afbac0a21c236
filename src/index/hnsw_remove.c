/* SPDX-License-Identifier: MIT
 * hnsw_remove.c - taking ids out of an HNSW index. */
#include "index/hnsw_remove.h"

#include <string.h>

void cs_hnsw_free_row(cs_hnsw *hnsw, uint32_t row)
{
    memset(hnsw->exact + row * hnsw->exact_stride, 0, hnsw->exact_stride * sizeof *hnsw->exact);
    if (hnsw->quant.kind != CS_QUANT_F32)
        memset((char *)hnsw->quant.rows + row * hnsw->quant.row_bytes, 0, hnsw->quant.row_bytes);
    if (hnsw->quant.terms)
        hnsw->quant.terms[row] = (cs_quant_terms){0};
    if (hnsw->quant.squares)
        hnsw->quant.squares[row] = 0;
    hnsw->state[row] = CS_HNSW_FREE;
    hnsw->next[row] = hnsw->free_row;
    hnsw->free_row = row;
}

void cs_hnsw_remove_id(cs_hnsw *hnsw, size_t row)
{
    const uint32_t node = hnsw->state[row] == CS_HNSW_SAME ? hnsw->links[row * hnsw->m0] : (uint32_t)row;
    const uint32_t last = hnsw->next[node]; /* of the chain, the row to free: the vectors are equal */
    cs_idmap_remove(&hnsw->map, hnsw->ids, row);
    hnsw->count--;
    if (last == CS_HNSW_NONE) {
        hnsw->state[row] = CS_HNSW_DEAD;
        hnsw->nodes--;
        hnsw->dead++;
        return;
    }
    if (last != row) {
        cs_idmap_move(&hnsw->map, hnsw->ids, last, row);
        hnsw->ids[row] = hnsw->ids[last];
    }
    hnsw->next[node] = hnsw->next[last];
    cs_hnsw_free_row(hnsw, last);
}
