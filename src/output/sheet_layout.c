/* SPDX-License-Identifier: MIT
 * sheet_layout.c - positions and sizes on a contact sheet. */
#include "output/sheet_layout.h"

uint32_t cs_sheet_label_height(size_t captions)
{
    const size_t lines = captions < CS_SHEET_MOST_CAPTIONS ? captions : CS_SHEET_MOST_CAPTIONS;
    return CS_SHEET_LABEL + (uint32_t)lines * CS_SHEET_CAPTION;
}

uint64_t cs_sheet_tiles_height(size_t hits, uint32_t label)
{
    if (!hits)
        return CS_SHEET_NOTHING;
    uint64_t rows = (hits - 1) / CS_SHEET_COLUMNS + 1;
    rows = rows < CS_SHEET_MAX_HEIGHT ? rows : CS_SHEET_MAX_HEIGHT; /* too high anyway; avoids overflow */
    return rows * (CS_SHEET_TILE + label) + (rows - 1) * CS_SHEET_GAP;
}

clipsearch_status cs_sheet_height(const uint32_t *query_heights, const size_t *hits, size_t count, uint32_t label,
                                  uint32_t *height, clipsearch_error *err)
{
    uint64_t sum = 2 * CS_SHEET_MARGIN;
    for (size_t i = 0; i < count; i++) {
        sum += (i ? CS_SHEET_BLOCK_GAP : 0) + query_heights[i] + CS_SHEET_QUERY_GAP +
               cs_sheet_tiles_height(hits[i], label);
        if (sum > CS_SHEET_MAX_HEIGHT)
            return cs_fail(err, CLIPSEARCH_E_LIMIT, "the contact sheet would be higher than the limit of %d pixels",
                           CS_SHEET_MAX_HEIGHT);
    }
    *height = (uint32_t)sum;
    return CLIPSEARCH_OK;
}

cs_point cs_sheet_tile(uint32_t top, size_t rank, uint32_t label)
{
    uint32_t row = (uint32_t)(rank / CS_SHEET_COLUMNS), column = (uint32_t)(rank % CS_SHEET_COLUMNS);
    return (cs_point){.x = CS_SHEET_MARGIN + column * (CS_SHEET_TILE + CS_SHEET_GAP),
                      .y = top + row * (CS_SHEET_TILE + label + CS_SHEET_GAP)};
}
