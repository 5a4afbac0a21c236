/* SPDX-License-Identifier: MIT
 * snappy.c - Snappy's raw format, as format_description.txt of the Snappy project describes it. */
#include "exchange/snappy.h"

#include <string.h>

/* One element: the bytes that are literal, or the copy of earlier ones. */
typedef struct element {
    bool is_copy;
    size_t length, offset;
} element;

/* Read the `count` bytes of a little-endian number. */
static bool read_number(const uint8_t **at, const uint8_t *end, size_t count, size_t *number)
{
    if ((size_t)(end - *at) < count)
        return false;
    *number = 0;
    for (size_t i = 0; i < count; i++)
        *number |= (size_t) * (*at)++ << (8 * i);
    return true;
}

static bool read_element(const uint8_t **at, const uint8_t *end, element *found)
{
    const uint8_t tag = *(*at)++;
    size_t low = 0;
    found->is_copy = (tag & 3) != 0;
    found->offset = 0;
    switch (tag & 3) {
    case 0:
        found->length = (size_t)(tag >> 2) + 1;
        if (found->length > 60) {
            if (!read_number(at, end, found->length - 60, &found->length))
                return false;
            found->length++;
        }
        return found->length <= (size_t)(end - *at);
    case 1:
        found->length = (size_t)(tag >> 2 & 7) + 4;
        if (!read_number(at, end, 1, &low))
            return false;
        found->offset = (size_t)(tag >> 5) << 8 | low;
        return true;
    default:
        found->length = (size_t)(tag >> 2) + 1;
        return read_number(at, end, (tag & 3) == 2 ? 2 : 4, &found->offset);
    }
}

bool cs_snappy_decompress(const uint8_t *bytes, size_t size, uint8_t *out, size_t length)
{
    const uint8_t *at = bytes, *end = bytes + size;
    uint64_t stated = 0;
    unsigned shift = 0;
    for (; at < end && shift < 35; shift += 7) {
        stated |= (uint64_t)(*at & 0x7f) << shift;
        if (!(*at++ & 0x80))
            break;
    }
    if (at == bytes || at[-1] & 0x80 || stated != length)
        return false;
    size_t done = 0;
    while (at < end) {
        element e;
        if (!read_element(&at, end, &e) || e.length > length - done)
            return false;
        if (!e.is_copy) {
            memcpy(out + done, at, e.length);
            at += e.length;
        } else if (!e.offset || e.offset > done) {
            return false;
        } else if (e.offset >= e.length) {
            memcpy(out + done, out + done - e.offset, e.length);
        } else { /* it repeats what it writes */
            for (size_t i = 0; i < e.length; i++)
                out[done + i] = out[done + i - e.offset];
        }
        done += e.length;
    }
    return done == length;
}
