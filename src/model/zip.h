/* SPDX-License-Identifier: MIT
 * zip.h - the directory of a zip archive that lies in memory; nothing is expanded. */
#ifndef CS_MODEL_ZIP_H
#define CS_MODEL_ZIP_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* One file of the archive. */
typedef struct cs_zip_entry {
    const char *name; /* [name_len] in the archive, no NUL behind it */
    size_t name_len;
    bool stored;      /* false: compressed, its bytes cannot be used as they lie */
    size_t header_at; /* its local header */
    size_t at, size;  /* its bytes, as they lie: data[at .. at + size) */
} cs_zip_entry;

typedef struct cs_zip {
    cs_zip_entry *entries; /* [count] ascending by name */
    size_t count;
} cs_zip;

/* Read the directory of the archive data[size] (PKWARE's APPNOTE 6.3, zip64 too), which must outlive `zip`. `path` is
 * for messages. Refused, before anything is believed: archives in several parts, encrypted entries, a directory or an
 * entry beyond the file, entries that overlap each other or the directory, a local header that names another file,
 * names that are there twice or that leave the directory (.., a leading /, a backslash, a NUL), more than 2^17 entries.
 * Checksums are not compared: that would read the whole file.
 * Errors: CLIPSEARCH_E_MODEL, _UNSUPPORTED, _MEMORY. On failure *zip is empty. */
clipsearch_status cs_zip_open(const uint8_t *data, size_t size, const char *path, cs_zip *zip, clipsearch_error *err);
void cs_zip_free(cs_zip *zip);

/* The entry of exactly this name, or NULL. */
const cs_zip_entry *cs_zip_find(const cs_zip *zip, const char *name, size_t name_len);

#endif
