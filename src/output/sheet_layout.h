/* SPDX-License-Identifier: MIT
 * sheet_layout.h - positions and sizes on a contact sheet.
 *
 * Each query has a block, one below the other. Its first row is the query: a text in large letters, or an image with
 * its name beside it. Below are the hits, five in a row, each a tile with its name, its rank and its score, and a line
 * for each attribute that was asked for:
 *
 *     a white dog
 *     5 images from photos, search 1.5 ms
 *     +----+ +----+ +----+ +----+ +----+
 *     |    | |    | |    | |    | |    |
 *     +----+ +----+ +----+ +----+ +----+
 *     a.jpg   b.jpg  c.jpg  d.jpg  e.jpg
 *     1 0.31 2 0.31 3 0.30 4 0.30 5 0.29
 */
#ifndef CS_OUTPUT_SHEET_LAYOUT_H
#define CS_OUTPUT_SHEET_LAYOUT_H

#include "base/error.h"

enum {
    CS_SHEET_TILE = 200,
    CS_SHEET_COLUMNS = 5,
    CS_SHEET_MARGIN = 24,    /* around everything */
    CS_SHEET_GAP = 16,       /* between tiles */
    CS_SHEET_NAME_SIZE = 14, /* of the letters below a tile */
    CS_SHEET_NAME_TOP = 8,   /* from a tile to its name */
    CS_SHEET_SCORE_TOP = 28, /* from a tile to its rank and score */
    CS_SHEET_LABEL = 46,     /* below a tile, for all of that */
    CS_SHEET_CAPTION = 18,   /* more for each attribute */
    CS_SHEET_MOST_CAPTIONS = 8,
    CS_SHEET_TITLE_SIZE = 28,    /* of the letters of a query */
    CS_SHEET_TITLE_LINES = 4,    /* of a text, at most */
    CS_SHEET_NOTE = 22,          /* a line below the title */
    CS_SHEET_QUERY_GAP = 16,     /* between the query and the hits */
    CS_SHEET_NOTHING = 40,       /* in place of the tiles of a query without hits */
    CS_SHEET_BLOCK_GAP = 48,     /* between blocks */
    CS_SHEET_MAX_HEIGHT = 65000, /* a JPEG file has at most 65,500 rows; 215 MB of pixels */
    CS_SHEET_WIDTH = 2 * CS_SHEET_MARGIN + CS_SHEET_COLUMNS * CS_SHEET_TILE + (CS_SHEET_COLUMNS - 1) * CS_SHEET_GAP,
    CS_SHEET_INSIDE = CS_SHEET_WIDTH - 2 * CS_SHEET_MARGIN
};

typedef struct cs_point {
    uint32_t x, y;
} cs_point;

/* Height of what stands below a tile with `captions` attributes, at most CS_SHEET_MOST_CAPTIONS. */
uint32_t cs_sheet_label_height(size_t captions);

/* Height of the tiles of `hits` hits with their labels, each of `label` pixels. */
uint64_t cs_sheet_tiles_height(size_t hits, uint32_t label);

/* Height of a sheet of `count` queries: query i has a first row of query_heights[i] pixels and hits[i] hits. Errors:
 * CLIPSEARCH_E_LIMIT when it is over the limit. */
clipsearch_status cs_sheet_height(const uint32_t *query_heights, const size_t *hits, size_t count, uint32_t label,
                                  uint32_t *height, clipsearch_error *err);

/* Top left corner of the tile of hit `rank` (from 0), where the first row of tiles begins at `top`. */
cs_point cs_sheet_tile(uint32_t top, size_t rank, uint32_t label);

#endif
