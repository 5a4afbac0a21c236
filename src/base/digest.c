/* SPDX-License-Identifier: MIT
 * digest.c - libcrypto's EVP digests. */
#include "base/digest.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

enum { ALGORITHMS = 2 };

static const char *const names[ALGORITHMS] = {[CS_SHA256] = "SHA256", [CS_MD5] = "MD5"};
static const size_t sizes[ALGORITHMS] = {[CS_SHA256] = CS_SHA256_BYTES, [CS_MD5] = CS_MD5_BYTES};

/* Fetched once a process and never freed: fetching takes longer than digesting a small file. NULL: not offered. */
static EVP_MD *fetched[ALGORITHMS];

static void fetch_sha256(void)
{
    fetched[CS_SHA256] = EVP_MD_fetch(NULL, names[CS_SHA256], NULL);
}

static void fetch_md5(void)
{
    fetched[CS_MD5] = EVP_MD_fetch(NULL, names[CS_MD5], NULL);
}

static const EVP_MD *find_algorithm(cs_digest_algorithm algorithm)
{
    static pthread_once_t once[ALGORITHMS] = {PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT};
    pthread_once(&once[algorithm], algorithm == CS_MD5 ? fetch_md5 : fetch_sha256);
    return fetched[algorithm];
}

void cs_digest_init(cs_digest *digest, cs_digest_algorithm algorithm)
{
    const EVP_MD *how = find_algorithm(algorithm);
    EVP_MD_CTX *context = how ? EVP_MD_CTX_new() : NULL;
    *digest = (cs_digest){.algorithm = algorithm, .context = context};
    digest->failed = !context || EVP_DigestInit_ex(context, how, NULL) != 1;
}

void cs_digest_update(cs_digest *digest, const void *data, size_t size)
{
    if (!digest->failed && size)
        digest->failed = EVP_DigestUpdate(digest->context, data, size) != 1;
}

clipsearch_status cs_digest_final(cs_digest *digest, uint8_t *bytes, clipsearch_error *err)
{
    const cs_digest_algorithm algorithm = digest->algorithm;
    bool failed = digest->failed || EVP_DigestFinal_ex(digest->context, bytes, NULL) != 1;
    EVP_MD_CTX_free(digest->context);
    *digest = (cs_digest){.algorithm = algorithm, .failed = true};
    if (!failed)
        return CLIPSEARCH_OK;
    memset(bytes, 0, sizes[algorithm]);
    if (!find_algorithm(algorithm))
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "libcrypto does not offer %s here", names[algorithm]);
    return cs_fail_memory(err, "a digest");
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
