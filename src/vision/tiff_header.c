/* SPDX-License-Identifier: MIT
 * tiff_header.c - the first directory of a TIFF file. */
#include "vision/tiff_header.h"

enum { TYPE_SHORT = 3, TYPE_LONG = 4, TYPE_LONG8 = 16 };

struct tiff {
    const uint8_t *data;
    size_t size;
    bool big_endian, is_big; /* the order of bytes; BigTIFF, whose offsets and counts have 64 bits */
};

uint64_t cs_tiff_read(const uint8_t *at, size_t length, bool big_endian)
{
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++)
        value = value << 8 | at[big_endian ? i : length - 1 - i];
    return value;
}

/* The number of `length` bytes at `at`; 0 where the file ends before. */
static uint64_t read_number(const struct tiff *tiff, size_t at, size_t length)
{
    return tiff->size < length || at > tiff->size - length ? 0
                                                           : cs_tiff_read(tiff->data + at, length, tiff->big_endian);
}

/* The entries of the first directory that are still to be looked at. */
struct entries {
    uint64_t at, left;
};

static struct tiff open_tiff(const uint8_t *data, size_t size)
{
    struct tiff tiff = {data, size, size > 0 && data[0] == 'M', false};
    tiff.is_big = read_number(&tiff, 2, 2) == 43;
    return tiff;
}

static struct entries open_directory(const struct tiff *tiff)
{
    const size_t entry = tiff->is_big ? 20 : 12, count_bytes = tiff->is_big ? 8 : 2;
    struct entries entries = {.at = read_number(tiff, tiff->is_big ? 8 : 4, tiff->is_big ? 8 : 4)};
    if (tiff->size < count_bytes || entries.at > tiff->size - count_bytes)
        return entries;
    entries.left = read_number(tiff, (size_t)entries.at, count_bytes);
    entries.at += count_bytes;
    if (entries.left > (tiff->size - entries.at) / entry)
        entries.left = (tiff->size - entries.at) / entry; /* a directory cut short: what is there still counts */
    return entries;
}

/* The place of the next entry of `tag`; 0: there is none. */
static size_t next_entry(const struct tiff *tiff, struct entries *entries, unsigned tag)
{
    while (entries->left > 0) {
        const size_t place = (size_t)entries->at;
        entries->at += tiff->is_big ? 20 : 12;
        entries->left--;
        if (read_number(tiff, place, 2) == tag)
            return place;
    }
    return 0;
}

size_t cs_tiff_entry_place(const uint8_t *data, size_t size, unsigned tag)
{
    const struct tiff tiff = open_tiff(data, size);
    struct entries entries = open_directory(&tiff);
    return next_entry(&tiff, &entries, tag);
}

bool cs_tiff_find(const uint8_t *data, size_t size, unsigned tag, uint64_t *value)
{
    const struct tiff tiff = open_tiff(data, size);
    const size_t offset_bytes = tiff.is_big ? 8 : 4;
    struct entries entries = open_directory(&tiff);
    for (size_t p; (p = next_entry(&tiff, &entries, tag));) {
        const uint64_t type = read_number(&tiff, p + 2, 2);
        const size_t length = type == TYPE_SHORT ? 2 : type == TYPE_LONG ? 4 : type == TYPE_LONG8 ? 8 : 0;
        if (read_number(&tiff, p + 4, offset_bytes) != 1 || length == 0 || length > offset_bytes)
            continue;
        *value = read_number(&tiff, p + 4 + offset_bytes, length);
        return true;
    }
    return false;
}
