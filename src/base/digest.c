/* SPDX-License-Identifier: MIT
 * digest.c - libcrypto's digests by its functions for one algorithm each.
 *
 * Not by EVP: its first use in a process takes 0.8 ms (it reads OpenSSL's configuration and lists every algorithm),
 * and a text query with the built-in model takes 15 ms in all. These functions take 0.02 ms, run the same code (SHA-NI
 * where there is one), allocate nothing, and MD5 is there whatever the configuration forbids. OpenSSL 3 has them but
 * advises new programs to use EVP; if they are removed, EVP fits behind digest.h. */
#include "base/digest.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= CS_DIGEST_STATE && sizeof(MD5_CTX) <= CS_DIGEST_STATE, "a state fits");
_Static_assert(SHA256_DIGEST_LENGTH == CS_SHA256_BYTES && MD5_DIGEST_LENGTH == CS_MD5_BYTES, "so do digests");

void cs_digest_init(cs_digest *digest, cs_digest_algorithm algorithm)
{
    *digest = (cs_digest){.algorithm = algorithm};
    void *state = digest->state;
    digest->failed = (algorithm == CS_MD5 ? MD5_Init(state) : SHA256_Init(state)) != 1;
}

void cs_digest_update(cs_digest *digest, const void *data, size_t size)
{
    void *state = digest->state;
    if (!digest->failed && size)
        digest->failed =
            (digest->algorithm == CS_MD5 ? MD5_Update(state, data, size) : SHA256_Update(state, data, size)) != 1;
}

clipsearch_status cs_digest_final(cs_digest *digest, uint8_t *bytes, clipsearch_error *err)
{
    const bool md5 = digest->algorithm == CS_MD5;
    void *state = digest->state;
    if (!digest->failed && (md5 ? MD5_Final(bytes, state) : SHA256_Final(bytes, state)) == 1)
        return CLIPSEARCH_OK;
    memset(bytes, 0, md5 ? CS_MD5_BYTES : CS_SHA256_BYTES);
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "libcrypto does not compute %s here", md5 ? "MD5" : "SHA-256");
}

clipsearch_status cs_digest_of(cs_digest_algorithm algorithm, const void *data, size_t size, uint8_t *bytes,
                               clipsearch_error *err)
{
    cs_digest digest;
    cs_digest_init(&digest, algorithm);
    cs_digest_update(&digest, data, size);
    return cs_digest_final(&digest, bytes, err);
}

void cs_digest_hex(const uint8_t *bytes, size_t size, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * size] = '\0';
}

const char *cs_digest_library(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
