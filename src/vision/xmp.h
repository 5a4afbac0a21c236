/* SPDX-License-Identifier: MIT
 * xmp.h - the orientation that an XMP packet states. */
#ifndef CS_VISION_XMP_H
#define CS_VISION_XMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Find tiff:Orientation, as an attribute or as an element, in an XMP packet in UTF-8. True: *orientation is its value,
 * or 1 where that is a digit outside 1..8. False: the packet states none. The prefix may be any that the packet binds
 * to the TIFF namespace, or an unbound "tiff". The first value counts. Reads at most 1 MiB, allocates nothing.
 * Source: XMP specification part 1 (2012), 7; part 2 (2016), 3.1. */
bool cs_xmp_orientation(const uint8_t *xmp, size_t size, unsigned *orientation);

#endif
