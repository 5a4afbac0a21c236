/* SPDX-License-Identifier: MIT
 * tiff_planes.h - a TIFF whose colours lie apart, in tiles of one colour each; only for files in src/vision. */
#ifndef CS_VISION_TIFF_PLANES_H
#define CS_VISION_TIFF_PLANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The entries of the directory that say which tiles there are. */
typedef struct cs_tiff_planes {
    unsigned planes; /* samples of a pixel: 3, or 4 with an alpha channel */
    /* places of entries; 0: there is none */
    size_t bits, photometric, samples, configuration, offsets, sizes, format, extra;
    bool big_endian, is_big;
} cs_tiff_planes;

/* Whether a TIFF of RGB has tiles in separate planes. libvips 8.14 reads no such file, but it reads one plane as grey.
 * Sources as in tiff_header.h. */
bool cs_tiff_find_planes(const uint8_t *data, size_t size, cs_tiff_planes *planes);

/* Turn `copy` [size], a copy of the file, into a grey image of plane number `plane`: its directory is changed, no tile
 * is. `data` is the file itself. */
void cs_tiff_select_plane(const uint8_t *data, size_t size, const cs_tiff_planes *planes, unsigned plane,
                          uint8_t *copy);

#endif
