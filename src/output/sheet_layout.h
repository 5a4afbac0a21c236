/* SPDX-License-Identifier: MIT
 * sheet_layout.h - positions and sizes on a contact sheet.
 *
 * Each query has a block, one below the other. The query is at the left of its block and the hits are beside it, five
 * in a row, each a tile of 150 pixels with its score below:
 *
 *     +-------+  +----+ +----+ +----+ +----+ +----+
 *     | query |  | 1  | | 2  | | 3  | | 4  | | 5  |
 *     |       |  +----+ +----+ +----+ +----+ +----+
 *     +-------+  0.312  0.310  0.302  0.300  0.298
 */
#ifndef CS_OUTPUT_SHEET_LAYOUT_H
#define CS_OUTPUT_SHEET_LAYOUT_H

#include "base/error.h"

enum {
    CS_SHEET_TILE = 150,
    CS_SHEET_COLUMNS = 5,
    CS_SHEET_MARGIN = 12,       /* around everything */
    CS_SHEET_GAP = 8,           /* between tiles */
    CS_SHEET_LABEL = 18,        /* below a tile, for its score */
    CS_SHEET_QUERY_GAP = 24,    /* between query and hits */
    CS_SHEET_BLOCK_GAP = 24,    /* between blocks */
    CS_SHEET_MAX_HEIGHT = 65000 /* image viewers still open it; 190 MB of pixels */
};

typedef struct cs_point {
    uint32_t x, y;
} cs_point;

/* Width of every sheet. */
uint32_t cs_sheet_width(void);

/* Height of the block of a query with `hits` hits. */
uint64_t cs_sheet_block_height(size_t hits);

/* Height of a sheet of `count` queries with hits[i] hits. Errors: CLIPSEARCH_E_LIMIT when that is over the
 * limit. */
clipsearch_status cs_sheet_height(const size_t *hits, size_t count, uint32_t *height, clipsearch_error *err);

/* Top left corner of the tile of hit `rank` (from 0) in a block that begins at `top`, and of the query's tile. */
cs_point cs_sheet_tile(uint32_t top, size_t rank);
cs_point cs_sheet_query(uint32_t top);

/* The largest size with the proportions of width x height that fits a tile, at least 1 x 1; small images are
 * enlarged. */
void cs_sheet_fit(uint32_t width, uint32_t height, uint32_t *fitted_width, uint32_t *fitted_height);

/* Break `text` into lines of at most `columns` letters, at spaces where there are any. Each call returns the start of
 * the next line, or NULL at the end: *letters receives how many letters the line has, and *text moves after it. */
const char *cs_sheet_next_line(const char **text, size_t columns, size_t *letters);

#endif
