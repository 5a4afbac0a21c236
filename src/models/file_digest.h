/* SPDX-License-Identifier: MIT
 * file_digest.h - is a file what was published? */
#ifndef CS_MODELS_FILE_DIGEST_H
#define CS_MODELS_FILE_DIGEST_H

#include "models/catalogue.h"

/* A file's digests in lower-case hex digits; "" for one that was not asked for. */
typedef struct cs_file_digest {
    char sha256[65], md5[33];
    uint64_t bytes;
} cs_file_digest;

/* Read the whole of `path`: its SHA-256, or its MD5 when that is all a file of `kind` has. `tick` (may be NULL) is
 * called now and then; when it returns false the reading stops. Errors: CLIPSEARCH_E_NOT_FOUND, _IO,
 * _CANCELLED, _UNSUPPORTED (cs_digest_final). */
clipsearch_status cs_file_digest_read(const char *path, cs_digest_kind kind,
                                      bool (*tick)(void *context, uint64_t done, uint64_t total), void *context,
                                      cs_file_digest *digest, clipsearch_error *err);

/* Whether it is the known file as far as can be told: its bytes, and its digest when one was published.
 * CLIPSEARCH_E_MODEL names what was found and what was expected; `path` begins the message. */
clipsearch_status cs_file_digest_check(const cs_file_digest *digest, const cs_known_file *file, const char *path,
                                       clipsearch_error *err);

#endif
