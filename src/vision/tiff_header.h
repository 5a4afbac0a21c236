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
    CS_TIFF_BITS = 258,
    CS_TIFF_COMPRESSION = 259,
    CS_TIFF_PHOTOMETRIC = 262,
    CS_TIFF_ORIENTATION = 274,
    CS_TIFF_SAMPLES = 277,
    CS_TIFF_PLANAR_CONFIGURATION = 284,
    CS_TIFF_TILE_WIDTH = 322,
    CS_TIFF_TILE_HEIGHT = 323,
    CS_TIFF_TILE_OFFSETS = 324,
    CS_TIFF_TILE_SIZES = 325,
    CS_TIFF_EXTRA_SAMPLES = 338,
    CS_TIFF_SAMPLE_FORMAT = 339
};

/* Find the one number (SHORT, LONG or LONG8) that `tag` has in the first directory of a TIFF or BigTIFF file of either
 * byte order. False: there is none. Source: TIFF 6.0, section 2; Aware Systems' description of BigTIFF. */
bool cs_tiff_find(const uint8_t *data, size_t size, unsigned tag, uint64_t *value);

/* The place of the entry of `tag` in that directory, all of whose bytes are there; 0: there is none. */
size_t cs_tiff_entry_place(const uint8_t *data, size_t size, unsigned tag);

/* The number of `length` bytes at `at`. */
uint64_t cs_tiff_read(const uint8_t *at, size_t length, bool big_endian);

#endif
