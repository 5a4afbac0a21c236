/* SPDX-License-Identifier: MIT
 * file_digest.c - a file's digests, and their comparison. */
#include "models/file_digest.h"

#include "base/digest.h"
#include "base/file.h"

#include <inttypes.h>
#include <string.h>

enum { CHUNK = 4 << 20 };

clipsearch_status cs_file_digest_read(const char *path, cs_digest_kind kind,
                                      bool (*tick)(void *context, uint64_t done, uint64_t total), void *context,
                                      cs_file_digest *digest, clipsearch_error *err)
{
    cs_map map;
    cs_digest state;
    uint8_t bytes[CS_SHA256_BYTES]; /* the longer of the two */
    clipsearch_status status = cs_map_open(path, &map, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_digest_init(&state, kind == CS_DIGEST_MD5 ? CS_MD5 : CS_SHA256);
    for (size_t at = 0; at < map.size && status == CLIPSEARCH_OK;) {
        size_t n = map.size - at < CHUNK ? map.size - at : CHUNK;
        cs_digest_update(&state, map.data + at, n);
        at += n;
        if (tick && !tick(context, at, map.size))
            status = cs_fail(err, CLIPSEARCH_E_CANCELLED, "%s: stopped", path);
    }
    *digest = (cs_file_digest){.bytes = map.size};
    clipsearch_status digested = cs_digest_final(&state, bytes, status == CLIPSEARCH_OK ? err : NULL);
    status = status == CLIPSEARCH_OK ? digested : status;
    if (kind == CS_DIGEST_MD5)
        cs_digest_hex(bytes, CS_MD5_BYTES, digest->md5);
    else
        cs_digest_hex(bytes, CS_SHA256_BYTES, digest->sha256);
    cs_map_close(&map);
    return status;
}

clipsearch_status cs_file_digest_check(const cs_file_digest *digest, const cs_known_file *file, const char *path,
                                       clipsearch_error *err)
{
    if (file->exact && digest->bytes != file->bytes)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: %" PRIu64 " bytes, expected %" PRIu64, path, digest->bytes,
                       file->bytes);
    if (file->digest_kind == CS_DIGEST_NONE)
        return CLIPSEARCH_OK;
    bool md5 = file->digest_kind == CS_DIGEST_MD5;
    const char *found = md5 ? digest->md5 : digest->sha256;
    if (strncmp(found, file->digest, strlen(file->digest)) == 0)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: its %s is %s, expected %s%s", path, md5 ? "MD5" : "SHA-256", found,
                   file->digest, file->digest_kind == CS_DIGEST_SHA256_BEGIN ? "..." : "");
}
