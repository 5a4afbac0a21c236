/* SPDX-License-Identifier: MIT
 * file_digest.h - comparing a file with what was published. */
#ifndef CS_MODELS_FILE_DIGEST_H
#define CS_MODELS_FILE_DIGEST_H

#include "models/catalogue.h"

/* A file's digests in lower-case hex digits; "" for one that was not computed. */
typedef struct cs_file_digest {
    char sha256[65], md5[33];
    uint64_t bytes;
} cs_file_digest;

/* Read all of `path` and compute its MD5 for CS_DIGEST_MD5, else its SHA-256. `tick` (may be NULL) is called now and
 * then; returning false stops. Errors: CLIPSEARCH_E_NOT_FOUND, _IO, _CANCELLED, _UNSUPPORTED (cs_digest_final). */
clipsearch_status cs_file_digest_read(const char *path, cs_digest_kind kind,
                                      bool (*tick)(void *context, uint64_t done, uint64_t total), void *context,
                                      cs_file_digest *digest, clipsearch_error *err);

/* Compare the size, when an exact one was published, and the digest, when one was. CLIPSEARCH_E_MODEL when they differ;
 * the message begins with `path` and gives what was found and what was expected. */
clipsearch_status cs_file_digest_check(const cs_file_digest *digest, const cs_known_file *file, const char *path,
                                       clipsearch_error *err);

#endif
