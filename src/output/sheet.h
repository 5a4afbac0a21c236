/* SPDX-License-Identifier: MIT
 * sheet.h - the contact sheet of a search. */
#ifndef CS_OUTPUT_SHEET_H
#define CS_OUTPUT_SHEET_H

#include "output/results.h"

/* Draw the queries and their hits into the PNG file `path` (layout: sheet_layout.h). Errors: CLIPSEARCH_E_LIMIT (the
 * sheet would be too high), _IO, _MEMORY. */
clipsearch_status cs_draw_sheet(const cs_results *results, const char *path, clipsearch_error *err);

#endif
