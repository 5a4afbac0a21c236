/* SPDX-License-Identifier: MIT
 * hash_input.h - what MD5 and SHA-256 have in common: 64-byte blocks, the padding behind the last, hex digits. */
#ifndef CS_BASE_HASH_INPUT_H
#define CS_BASE_HASH_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cs_hash_input {
    uint64_t bytes;    /* seen so far */
    uint8_t block[64]; /* the begun one, bytes % 64 of it */
} cs_hash_input;

/* Takes one block into the state. */
typedef void (*cs_hash_compress)(uint32_t *state, const uint8_t *block);

void cs_hash_add(cs_hash_input *input, cs_hash_compress compress, uint32_t *state, const void *data, size_t size);

/* A bit, zeros, and the length in bits in 8 bytes: the end of the last block. */
void cs_hash_pad(cs_hash_input *input, cs_hash_compress compress, uint32_t *state, bool big_endian);

/* 2 * size lower-case hex digits and a NUL. */
void cs_hash_hex(const uint8_t *digest, size_t size, char *hex);

#endif
