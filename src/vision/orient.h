/* SPDX-License-Identifier: MIT
 * orient.h - the EXIF orientation: read from an EXIF block, applied to a picture. */
#ifndef CS_VISION_ORIENT_H
#define CS_VISION_ORIENT_H

#include "vision/image.h"

/* The orientation 1..8 that an EXIF block (a TIFF file, with or without "Exif\0\0" before it) states in its first
 * directory; 1 when it states none or is damaged in any way. Reads nothing outside `size` bytes. */
unsigned cs_exif_orientation(const uint8_t *exif, size_t size);

/* Turn a picture stored with `orientation` upright. 5..8 exchange width and height: the result is built in `spare` and
 * the two are exchanged. Source: EXIF 2.32, tag 274. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_image_orient(cs_image *image, cs_image *spare, unsigned orientation, clipsearch_error *err);

#endif
