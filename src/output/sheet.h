/* SPDX-License-Identifier: MIT
 * sheet.h - the contact sheet of a search. */
#ifndef CS_OUTPUT_SHEET_H
#define CS_OUTPUT_SHEET_H

#include "output/results.h"
#include "output/sheet_file.h"
#include "output/text.h"

/* Draw the queries and their hits (layout: sheet_layout.h) with letters by `text`. Free the canvas in any case. Errors:
 * CLIPSEARCH_E_LIMIT (the sheet would be too high), _MEMORY. */
clipsearch_status cs_sheet_draw(const cs_results *results, const cs_text_drawer *text, cs_canvas *canvas,
                                clipsearch_error *err);

/* Draw with the best letters there are and write the sheet to `file`. Errors: those of cs_sheet_draw and
 * cs_sheet_write. */
clipsearch_status cs_sheet_make(const cs_results *results, const cs_sheet_file *file, clipsearch_error *err);

#endif
