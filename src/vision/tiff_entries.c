/* SPDX-License-Identifier: MIT
 * tiff_entries.c - reads directories of a TIFF structure. A directory's count has 16 bits, so each walk is bounded; an
 * offset is followed only where its bytes lie within the block. Source: TIFF 6.0, section 2; EXIF 2.32, 4.6. */
#include "vision/tiff_entries.h"

#include <math.h>
#include <string.h>

enum { HEADER_BYTES = 8, ENTRY_BYTES = 12, PREFIX_BYTES = 6 };

static uint32_t read16(const cs_tiff *tiff, const uint8_t *p)
{
    return tiff->big_endian ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint32_t read32(const cs_tiff *tiff, const uint8_t *p)
{
    uint32_t first = read16(tiff, p), second = read16(tiff, p + 2);
    return tiff->big_endian ? first << 16 | second : second << 16 | first;
}

static uint64_t read64(const cs_tiff *tiff, const uint8_t *p)
{
    uint64_t first = read32(tiff, p), second = read32(tiff, p + 4);
    return tiff->big_endian ? first << 32 | second : second << 32 | first;
}

bool cs_tiff_open(const uint8_t *data, size_t size, cs_tiff *tiff)
{
    /* PNG writers disagree on whether the prefix belongs in the chunk, so any of none, one or two is read, as Pillow
     * does */
    for (int i = 0; i < 2 && size >= PREFIX_BYTES && memcmp(data, "Exif\0\0", PREFIX_BYTES) == 0; i++) {
        data += PREFIX_BYTES;
        size -= PREFIX_BYTES;
    }
    if (size < HEADER_BYTES || (memcmp(data, "II", 2) != 0 && memcmp(data, "MM", 2) != 0))
        return false;
    *tiff = (cs_tiff){data, size, data[0] == 'M', 0};
    tiff->first = read32(tiff, data + 4);
    return read16(tiff, data + 2) == 42;
}

cs_tiff_walk cs_tiff_begin(const cs_tiff *tiff, size_t at)
{
    if (at > tiff->size - 2)
        return (cs_tiff_walk){0};
    size_t entries = read16(tiff, tiff->data + at), room = (tiff->size - at - 2) / ENTRY_BYTES;
    return (cs_tiff_walk){at + 2, entries < room ? entries : room};
}

bool cs_tiff_next(const cs_tiff *tiff, cs_tiff_walk *walk, cs_tiff_entry *entry)
{
    static const uint8_t sizes[CS_TIFF_TYPES] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};
    while (walk->left) {
        const uint8_t *p = tiff->data + walk->at;
        walk->at += ENTRY_BYTES;
        walk->left--;
        *entry = (cs_tiff_entry){.tag = read16(tiff, p), .type = read16(tiff, p + 2), .count = read32(tiff, p + 4)};
        if (entry->type == 0 || entry->type >= CS_TIFF_TYPES)
            continue;
        uint64_t bytes = (uint64_t)entry->count * sizes[entry->type];
        size_t at = bytes <= 4 ? walk->at - 4 : read32(tiff, p + 8);
        if (at <= tiff->size && bytes <= tiff->size - at) {
            entry->values = tiff->data + at;
            entry->size = (size_t)bytes;
        }
        return true;
    }
    return false;
}

static bool divide(double numerator, double denominator, double *number)
{
    *number = denominator != 0 ? numerator / denominator : 0;
    return denominator != 0;
}

bool cs_tiff_number(const cs_tiff *tiff, const cs_tiff_entry *entry, uint32_t i, double *number)
{
    const uint8_t *p = entry->values;
    if (!p || i >= entry->count)
        return false;
    float narrow;
    uint32_t bits;
    uint64_t wide_bits;
    switch (entry->type) {
    case CS_TIFF_BYTE:
        *number = p[i];
        return true;
    case CS_TIFF_SBYTE:
        *number = (int8_t)p[i];
        return true;
    case CS_TIFF_SHORT:
        *number = read16(tiff, p + 2 * (size_t)i);
        return true;
    case CS_TIFF_SSHORT:
        *number = (int16_t)read16(tiff, p + 2 * (size_t)i);
        return true;
    case CS_TIFF_LONG:
    case CS_TIFF_IFD:
        *number = read32(tiff, p + 4 * (size_t)i);
        return true;
    case CS_TIFF_SLONG:
        *number = (int32_t)read32(tiff, p + 4 * (size_t)i);
        return true;
    case CS_TIFF_RATIONAL:
        p += 8 * (size_t)i;
        return divide(read32(tiff, p), read32(tiff, p + 4), number);
    case CS_TIFF_SRATIONAL:
        p += 8 * (size_t)i;
        return divide((int32_t)read32(tiff, p), (int32_t)read32(tiff, p + 4), number);
    case CS_TIFF_FLOAT:
        bits = read32(tiff, p + 4 * (size_t)i);
        memcpy(&narrow, &bits, sizeof narrow);
        *number = (double)narrow;
        return isfinite(*number);
    case CS_TIFF_DOUBLE:
        wide_bits = read64(tiff, p + 8 * (size_t)i);
        memcpy(number, &wide_bits, sizeof *number);
        return isfinite(*number);
    default:
        return false;
    }
}
