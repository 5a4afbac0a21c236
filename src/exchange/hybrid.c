/* SPDX-License-Identifier: MIT
 * hybrid.c - RLE / bit-packing hybrid (Encodings.md of the Apache Parquet format). */
#include "exchange/hybrid.h"

#include <stddef.h>

static bool begin_run(cs_hybrid *h)
{
    uint64_t header = 0;
    unsigned shift = 0;
    for (;; shift += 7) {
        if (h->at == h->end || shift > 35)
            return false;
        header |= (uint64_t)(*h->at & 0x7f) << shift;
        if (!(*h->at++ & 0x80))
            break;
    }
    h->packed = header & 1;
    if (h->packed) {
        const uint64_t size = (header >> 1) * h->width; /* eight numbers take `width` bytes */
        if (size > (uint64_t)(h->end - h->at))
            return false;
        h->left = (header >> 1) * 8;
        h->bits = h->at;
        h->bit = 0;
        h->at += size;
        return true;
    }
    const size_t bytes = (h->width + 7) / 8;
    if (bytes > (size_t)(h->end - h->at))
        return false;
    h->left = header >> 1;
    h->value = 0;
    for (size_t i = 0; i < bytes; i++)
        h->value |= (uint32_t)*h->at++ << (8 * i);
    return true;
}

bool cs_hybrid_next(cs_hybrid *h, uint32_t *number)
{
    while (!h->left)
        if (!begin_run(h))
            return false;
    h->left--;
    *number = h->value;
    if (h->packed) {
        uint64_t value = 0;
        for (unsigned done = 0; done < h->width;) {
            const unsigned offset = (unsigned)(h->bit % 8), room = 8 - offset,
                           take = room < h->width - done ? room : h->width - done;
            value |= (uint64_t)(h->bits[h->bit / 8] >> offset & ((1u << take) - 1)) << done;
            done += take;
            h->bit += take;
        }
        *number = (uint32_t)value;
    }
    return true;
}
