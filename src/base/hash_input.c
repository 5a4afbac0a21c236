/* SPDX-License-Identifier: MIT
 * hash_input.c - gathers blocks for a hash function, pads the last, writes digests as hex digits. */
#include "base/hash_input.h"

#include <string.h>

void cs_hash_add(cs_hash_input *input, cs_hash_compress compress, uint32_t *state, const void *data, size_t size)
{
    const uint8_t *p = data;
    size_t held = input->bytes % 64;
    input->bytes += size;
    if (held) {
        size_t n = size < 64 - held ? size : 64 - held;
        memcpy(input->block + held, p, n);
        p += n;
        size -= n;
        if (held + n < 64)
            return;
        compress(state, input->block);
    }
    for (; size >= 64; p += 64, size -= 64)
        compress(state, p);
    if (size)
        memcpy(input->block, p, size);
}

void cs_hash_pad(cs_hash_input *input, cs_hash_compress compress, uint32_t *state, bool big_endian)
{
    static const uint8_t padding[64] = {0x80};
    const uint64_t bits = input->bytes * 8;
    const size_t held = input->bytes % 64;
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (big_endian ? 56 - 8 * i : 8 * i));
    cs_hash_add(input, compress, state, padding, (held < 56 ? 56 : 120) - held);
    cs_hash_add(input, compress, state, length, 8);
}

void cs_hash_hex(const uint8_t *digest, size_t size, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[2 * size] = '\0';
}
