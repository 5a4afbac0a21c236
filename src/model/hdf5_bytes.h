/* SPDX-License-Identifier: MIT
 * hdf5_bytes.h - parts of an HDF5 file whose bounds have been checked; private to the HDF5 readers. */
#ifndef CS_MODEL_HDF5_BYTES_H
#define CS_MODEL_HDF5_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Size 0: not there. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

/* The little-endian number of `bytes` bytes at p. */
static inline uint64_t number(const uint8_t *p, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

/* The part [at, at + n) of `whole`; size 0 when it is not all there. */
static inline struct bytes part(struct bytes whole, uint64_t at, uint64_t n)
{
    if (!n || at > whole.size || n > whole.size - at)
        return (struct bytes){0};
    return (struct bytes){whole.data + at, (size_t)n};
}

/* Read `n` bytes from the front; when `padded`, skip the padding to a multiple of 8 after them. */
static inline struct bytes read_front(struct bytes *rest, size_t n, int padded)
{
    struct bytes taken = part(*rest, 0, n);
    size_t all = padded ? (n + 7) / 8 * 8 : n;
    *rest = all < rest->size ? (struct bytes){rest->data + all, rest->size - all} : (struct bytes){0};
    return taken;
}

#endif
