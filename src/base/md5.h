/* SPDX-License-Identifier: MIT
 * md5.h - MD5 (RFC 1321), for files whose publisher gives nothing better. It does not withstand an attacker. */
#ifndef CS_BASE_MD5_H
#define CS_BASE_MD5_H

#include "base/hash_input.h"

#include <stddef.h>
#include <stdint.h>

typedef struct cs_md5 {
    uint32_t state[4];
    cs_hash_input input;
} cs_md5;

void cs_md5_init(cs_md5 *md5);
void cs_md5_add(cs_md5 *md5, const void *data, size_t size);
void cs_md5_end(cs_md5 *md5, uint8_t digest[16]);

/* 32 lower-case hex digits and a NUL. */
void cs_md5_hex(const uint8_t digest[16], char hex[33]);

#endif
