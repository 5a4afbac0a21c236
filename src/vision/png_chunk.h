/* SPDX-License-Identifier: MIT
 * png_chunk.h - a PNG's chunks, and the metadata in some of them; for the readers of PNG and of metadata. */
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

/* One kind of metadata in a PNG. */
typedef struct cs_png_note {
    const uint8_t *data; /* [size]; NULL: there is none */
    size_t size;
    bool compressed, hexadecimal; /* until it is expanded */
    uint8_t *block;               /* what it was expanded into, or NULL */
} cs_png_note;

typedef struct cs_png_notes {
    cs_png_note exif; /* of eXIf, else of a text chunk "Raw profile type exif" */
    cs_png_note xmp;
    cs_png_note iptc; /* data sets, or resources of Photoshop */
} cs_png_notes;

/* Find them; of chunks of one kind the last counts, as in Pillow. Free them with cs_png_free_notes. */
void cs_png_find_notes(const cs_image_source *source, cs_png_notes *notes);
/* Make a note plain bytes, 1 MiB at most. A note that is damaged has the bytes before that, or none.
 * CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_png_expand_note(const cs_image_source *source, cs_png_note *note, clipsearch_error *err);
void cs_png_free_notes(cs_png_notes *notes);

/* Set *orientation to what EXIF states, else XMP. It stays as it is when neither states one. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_png_orientation(const cs_image_source *source, unsigned *orientation, clipsearch_error *err);

#endif
