/* SPDX-License-Identifier: MIT
 * digest.h - SHA-256 (FIPS 180-4) and MD5 (RFC 1321), computed by libcrypto. SHA-256 names contents and weights; MD5 is
 * for files whose publisher gives nothing better, and does not withstand an attacker. */
#ifndef CS_BASE_DIGEST_H
#define CS_BASE_DIGEST_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cs_digest_algorithm { CS_SHA256, CS_MD5 } cs_digest_algorithm;

enum { CS_SHA256_BYTES = 32, CS_MD5_BYTES = 16 };

/* A digest being computed. The fields are private. */
typedef struct cs_digest {
    cs_digest_algorithm algorithm;
    void *context; /* EVP_MD_CTX */
    bool failed;
} cs_digest;

/* Begin. A failure, here or in an update, is kept and reported by cs_digest_final, which must be called in any case
 * because it frees the memory. Different digests may be used by different threads at once. */
void cs_digest_init(cs_digest *digest, cs_digest_algorithm algorithm);
void cs_digest_update(cs_digest *digest, const void *data, size_t size);

/* The digest of all updates: CS_SHA256_BYTES or CS_MD5_BYTES bytes into `bytes`, all zero after a failure. Errors:
 * CLIPSEARCH_E_MEMORY (no memory); CLIPSEARCH_E_UNSUPPORTED (this libcrypto does not offer the algorithm). */
clipsearch_status cs_digest_final(cs_digest *digest, uint8_t *bytes, clipsearch_error *err);

/* All three for one block of memory. */
clipsearch_status cs_digest_of(cs_digest_algorithm algorithm, const void *data, size_t size, uint8_t *bytes,
                               clipsearch_error *err);

/* 2 * size lower-case hex digits and a NUL. */
void cs_digest_hex(const uint8_t *bytes, size_t size, char *hex);

#endif
