/* SPDX-License-Identifier: MIT
 * sha256.h - SHA-256 (FIPS 180-4), for content hashes and weight fingerprints. */
#ifndef CS_BASE_SHA256_H
#define CS_BASE_SHA256_H

#include "base/hash_input.h"

#include <stddef.h>
#include <stdint.h>

typedef struct cs_sha256 {
    uint32_t state[8];
    cs_hash_input input;
} cs_sha256;

void cs_sha256_init(cs_sha256 *sha);
void cs_sha256_add(cs_sha256 *sha, const void *data, size_t size);
void cs_sha256_end(cs_sha256 *sha, uint8_t digest[32]);

/* 64 lower-case hex digits and a NUL. */
void cs_sha256_hex(const uint8_t digest[32], char hex[65]);

#endif
