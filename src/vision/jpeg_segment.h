/* SPDX-License-Identifier: MIT
 * jpeg_segment.h - the segments of a JPEG up to its first scan; for the readers of JPEG and of metadata. */
#ifndef CS_VISION_JPEG_SEGMENT_H
#define CS_VISION_JPEG_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CS_JPEG_APP1 = 0xe1, CS_JPEG_APP13 = 0xed, CS_JPEG_SCAN = 0xda };

typedef struct cs_jpeg_segment {
    unsigned marker;
    const uint8_t *data; /* [size]; its length bytes are not counted */
    size_t size;
} cs_jpeg_segment;

/* The segment at *at (0: the first), which moves behind it. False when the image ends, or the bytes, before a whole
 * segment; do not ask for one behind CS_JPEG_SCAN. Bytes between segments are skipped, as libjpeg does. */
bool cs_jpeg_next_segment(const uint8_t *data, size_t size, size_t *at, cs_jpeg_segment *segment);

/* Whether it holds an EXIF block, from the segment's first byte on. */
bool cs_jpeg_is_exif(const cs_jpeg_segment *segment);
/* The size of the XMP packet at the end of the segment; 0 when it holds none. */
size_t cs_jpeg_xmp_size(const cs_jpeg_segment *segment);
/* The same for a piece of a second packet, with its head. */
size_t cs_jpeg_extended_xmp_size(const cs_jpeg_segment *segment);

#endif
