/* SPDX-License-Identifier: MIT
 * tiff_entries.h - the directories of a TIFF structure: of EXIF blocks and of TIFF files. */
#ifndef CS_VISION_TIFF_ENTRIES_H
#define CS_VISION_TIFF_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Types of values, TIFF 6.0 and its Technical Note 1 (type 13). */
enum {
    CS_TIFF_BYTE = 1,
    CS_TIFF_ASCII,
    CS_TIFF_SHORT,
    CS_TIFF_LONG,
    CS_TIFF_RATIONAL,
    CS_TIFF_SBYTE,
    CS_TIFF_UNDEFINED,
    CS_TIFF_SSHORT,
    CS_TIFF_SLONG,
    CS_TIFF_SRATIONAL,
    CS_TIFF_FLOAT,
    CS_TIFF_DOUBLE,
    CS_TIFF_IFD,
    CS_TIFF_TYPES /* one more than the last */
};

/* A TIFF structure in memory, which it borrows. */
typedef struct cs_tiff {
    const uint8_t *data; /* [size], from the byte order mark */
    size_t size;
    bool big_endian;
    size_t first; /* offset of the first directory */
} cs_tiff;

/* One entry of a directory. */
typedef struct cs_tiff_entry {
    unsigned tag, type;
    uint32_t count;
    const uint8_t *values; /* [size]; NULL when they do not lie within the block */
    size_t size;           /* bytes */
} cs_tiff_entry;

/* A directory that is being read. */
typedef struct cs_tiff_walk {
    size_t at, left;
} cs_tiff_walk;

/* Recognise an EXIF block or a TIFF file, with "Exif\0\0" in front up to twice or without. False: it is neither. */
bool cs_tiff_open(const uint8_t *data, size_t size, cs_tiff *tiff);

/* Begin to read the directory at offset `at`. A directory that is cut short has the entries that are there; one
 * outside of the block has none. */
cs_tiff_walk cs_tiff_begin(const cs_tiff *tiff, size_t at);

/* The next entry whose type is known. False: there is none. */
bool cs_tiff_next(const cs_tiff *tiff, cs_tiff_walk *walk, cs_tiff_entry *entry);

/* The entry's value number `i` (of `count`) as a number. False when there is no such value, when it is a text, a
 * fraction with a denominator of 0, or not finite. */
bool cs_tiff_number(const cs_tiff *tiff, const cs_tiff_entry *entry, uint32_t i, double *number);

#endif
