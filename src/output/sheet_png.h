/* SPDX-License-Identifier: MIT
 * sheet_png.h - writing an image as a PNG file. */
#ifndef CS_OUTPUT_SHEET_PNG_H
#define CS_OUTPUT_SHEET_PNG_H

#include "base/error.h"

/* Replace the file `path` by `rgb` [height, width, 3] as a PNG; after a failure the old file is still there.
 * Errors: CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_png_write(const char *path, const uint8_t *rgb, uint32_t width, uint32_t height,
                               clipsearch_error *err);

#endif
