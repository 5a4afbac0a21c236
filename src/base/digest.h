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

enum { CS_SHA256_BYTES = 32, CS_MD5_BYTES = 16, CS_DIGEST_STATE = 128 };

/* A digest being computed; the fields are private. It holds no memory, so that it may be dropped at any time. */
typedef struct cs_digest {
    cs_digest_algorithm algorithm;
    bool failed;
    _Alignas(16) unsigned char state[CS_DIGEST_STATE];
} cs_digest;

/* Begin, and add data. Different digests may be computed by different threads at once. */
void cs_digest_init(cs_digest *digest, cs_digest_algorithm algorithm);
void cs_digest_update(cs_digest *digest, const void *data, size_t size);

/* The digest of all that was added: CS_SHA256_BYTES or CS_MD5_BYTES bytes into `bytes`. CLIPSEARCH_E_UNSUPPORTED when
 * libcrypto refused any of the three calls; `bytes` are then all zero. */
clipsearch_status cs_digest_final(cs_digest *digest, uint8_t *bytes, clipsearch_error *err);

/* All three for one block of memory. */
clipsearch_status cs_digest_of(cs_digest_algorithm algorithm, const void *data, size_t size, uint8_t *bytes,
                               clipsearch_error *err);

/* 2 * size lower-case hex digits and a NUL. */
void cs_digest_hex(const uint8_t *bytes, size_t size, char *hex);

/* The version of libcrypto. */
const char *cs_digest_library(void);

#endif
