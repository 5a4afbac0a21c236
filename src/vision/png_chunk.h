/* SPDX-License-Identifier: MIT
 * png_chunk.h - a PNG's chunks, and the orientation that some of them state; only for files in src/vision. */
#ifndef CS_VISION_PNG_CHUNK_H
#define CS_VISION_PNG_CHUNK_H

#include "vision/decode.h"

#include <stdbool.h>

typedef struct cs_png_chunk {
    const uint8_t *type;     /* [4] */
    const uint8_t *data;     /* [length] */
    size_t length;           /* less than the chunk states when the file ends first */
    const uint8_t *checksum; /* [4]; NULL when the file ends first */
} cs_png_chunk;

static inline uint32_t cs_png_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The chunk at *at, which moves behind it; the first one is behind the signature. False: the file ends, or the bytes
 * there are no chunk (a type has only letters, digits and underscores, as Pillow has it). */
bool cs_png_next_chunk(const cs_image_source *source, size_t *at, cs_png_chunk *chunk);

/* Set *orientation to what the file states: in eXIf, else in a text chunk "Raw profile type exif", else in an XMP
 * packet. It stays as it is when none of them states one. Of chunks of one kind the last counts, as in Pillow.
 * CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_png_orientation(const cs_image_source *source, unsigned *orientation, clipsearch_error *err);

#endif
