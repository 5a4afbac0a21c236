/* SPDX-License-Identifier: MIT
 * tiff_header.c - the first directory of a TIFF file. */
#include "vision/tiff_header.h"

enum { TYPE_SHORT = 3, TYPE_LONG = 4, TYPE_LONG8 = 16 };

struct tiff {
    const uint8_t *data;
    size_t size;
    bool big_endian, is_big; /* the order of bytes; BigTIFF, whose offsets and counts have 64 bits */
};

/* The number of `length` bytes at `at`; 0 where the file ends before. */
static uint64_t read_number(const struct tiff *tiff, size_t at, size_t length)
{
    uint64_t value = 0;
    if (tiff->size < length || at > tiff->size - length)
        return 0;
    for (size_t i = 0; i < length; i++)
        value = value << 8 | tiff->data[tiff->big_endian ? at + i : at + length - 1 - i];
    return value;
}

bool cs_tiff_find(const uint8_t *data, size_t size, unsigned tag, uint64_t *value)
{
    struct tiff tiff = {data, size, size > 0 && data[0] == 'M', false};
    tiff.is_big = read_number(&tiff, 2, 2) == 43;
    const size_t entry = tiff.is_big ? 20 : 12, count_bytes = tiff.is_big ? 8 : 2, offset_bytes = tiff.is_big ? 8 : 4;
    uint64_t at = read_number(&tiff, tiff.is_big ? 8 : 4, offset_bytes);
    if (size < count_bytes || at > size - count_bytes)
        return false;
    uint64_t entries = read_number(&tiff, (size_t)at, count_bytes);
    at += count_bytes;
    if (entries > (size - at) / entry)
        entries = (size - at) / entry; /* a directory cut short: what is there still counts */
    for (; entries > 0; entries--, at += entry) {
        const size_t p = (size_t)at;
        const uint64_t type = read_number(&tiff, p + 2, 2);
        if (read_number(&tiff, p, 2) != tag || read_number(&tiff, p + 4, offset_bytes) != 1)
            continue;
        const size_t length = type == TYPE_SHORT ? 2 : type == TYPE_LONG ? 4 : type == TYPE_LONG8 ? 8 : 0;
        if (length == 0 || length > offset_bytes)
            continue;
        *value = read_number(&tiff, p + 4 + offset_bytes, length);
        return true;
    }
    return false;
}
