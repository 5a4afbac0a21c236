/* SPDX-License-Identifier: MIT
 * sheet_layout.c - positions and sizes on a contact sheet. */
#include "output/sheet_layout.h"

#include "output/font.h"

uint32_t cs_sheet_width(void)
{
    return 2 * CS_SHEET_MARGIN + CS_SHEET_TILE + CS_SHEET_QUERY_GAP + CS_SHEET_COLUMNS * CS_SHEET_TILE +
           (CS_SHEET_COLUMNS - 1) * CS_SHEET_GAP;
}

uint64_t cs_sheet_block_height(size_t hits)
{
    uint64_t rows = hits ? (hits - 1) / CS_SHEET_COLUMNS + 1 : 1;
    rows = rows < CS_SHEET_MAX_HEIGHT ? rows : CS_SHEET_MAX_HEIGHT; /* too high anyway; avoids overflow */
    return rows * (CS_SHEET_TILE + CS_SHEET_LABEL) + (rows - 1) * CS_SHEET_GAP;
}

clipsearch_status cs_sheet_height(const size_t *hits, size_t count, uint32_t *height, clipsearch_error *err)
{
    uint64_t sum = 2 * CS_SHEET_MARGIN;
    for (size_t i = 0; i < count; i++) {
        sum += (i ? CS_SHEET_BLOCK_GAP : 0) + cs_sheet_block_height(hits[i]);
        if (sum > CS_SHEET_MAX_HEIGHT)
            return cs_fail(err, CLIPSEARCH_E_LIMIT, "the contact sheet would be higher than the limit of %d pixels",
                           CS_SHEET_MAX_HEIGHT);
    }
    *height = (uint32_t)sum;
    return CLIPSEARCH_OK;
}

cs_point cs_sheet_query(uint32_t top)
{
    return (cs_point){.x = CS_SHEET_MARGIN, .y = top};
}

cs_point cs_sheet_tile(uint32_t top, size_t rank)
{
    uint32_t row = (uint32_t)(rank / CS_SHEET_COLUMNS), column = (uint32_t)(rank % CS_SHEET_COLUMNS);
    return (cs_point){.x = CS_SHEET_MARGIN + CS_SHEET_TILE + CS_SHEET_QUERY_GAP +
                           column * (CS_SHEET_TILE + CS_SHEET_GAP),
                      .y = top + row * (CS_SHEET_TILE + CS_SHEET_LABEL + CS_SHEET_GAP)};
}

void cs_sheet_fit(uint32_t width, uint32_t height, uint32_t *fitted_width, uint32_t *fitted_height)
{
    uint64_t longer = width > height ? width : height;
    uint64_t w = longer ? ((uint64_t)width * CS_SHEET_TILE + longer / 2) / longer : 0;
    uint64_t h = longer ? ((uint64_t)height * CS_SHEET_TILE + longer / 2) / longer : 0;
    *fitted_width = w ? (uint32_t)w : 1;
    *fitted_height = h ? (uint32_t)h : 1;
}

const char *cs_sheet_next_line(const char **text, size_t columns, size_t *letters)
{
    while (**text == ' ')
        (*text)++;
    if (!**text)
        return NULL;
    const char *start = *text, *at = start, *space = NULL;
    size_t count = 0, letters_to_space = 0;
    while (count < columns && *at) {
        if (*at == ' ' && count) {
            space = at;
            letters_to_space = count;
        }
        (void)cs_font_next(&at);
        count++;
    }
    if (space && *at && *at != ' ') { /* the line ends inside a word: go back to the space before it */
        at = space;
        count = letters_to_space;
    }
    *text = at;
    *letters = count;
    return start;
}
