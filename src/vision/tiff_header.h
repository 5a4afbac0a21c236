/* SPDX-License-Identifier: MIT
 * tiff_header.h - numbers in the first directory of a TIFF file; only for files in src/vision. */
#ifndef CS_VISION_TIFF_HEADER_H
#define CS_VISION_TIFF_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CS_TIFF_WIDTH = 256,
    CS_TIFF_HEIGHT = 257,
    CS_TIFF_COMPRESSION = 259,
    CS_TIFF_PHOTOMETRIC = 262,
    CS_TIFF_ORIENTATION = 274,
    CS_TIFF_TILE_WIDTH = 322,
    CS_TIFF_TILE_HEIGHT = 323
};

/* Find the one number (SHORT, LONG or LONG8) that `tag` has in the first directory of a TIFF or BigTIFF file of either
 * byte order. False: there is none. Source: TIFF 6.0, section 2; Aware Systems' description of BigTIFF. */
bool cs_tiff_find(const uint8_t *data, size_t size, unsigned tag, uint64_t *value);

#endif
