/* SPDX-License-Identifier: MIT
 * import_files.h - the files of an import: named one by one, or those that clip-retrieval writes into a directory. */
#ifndef CS_CLI_COMMANDS_IMPORT_FILES_H
#define CS_CLI_COMMANDS_IMPORT_FILES_H

#include "base/error.h"
#include "exchange/npy.h"

typedef struct cs_import_file {
    char *vectors, *meta; /* paths, owned; meta NULL: none */
    cs_npy npy;
} cs_import_file;

typedef struct cs_import_files {
    cs_import_file *items; /* [count] */
    size_t count, capacity;
} cs_import_files;

/* Add a pair; the texts are copied. Errors: CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_import_files_add(cs_import_files *files, const char *vectors, const char *meta,
                                      clipsearch_error *err);

/* Add what clip-retrieval wrote into `directory`: img_emb/img_emb_N.npy (with `texts` text_emb/text_emb_N.npy), each
 * with metadata/metadata_N.parquet, in the order of N.
 * Errors: CLIPSEARCH_E_NOT_FOUND (it has no such files), _FORMAT (a file without its other half), _IO, _MEMORY. */
clipsearch_status cs_import_files_scan(cs_import_files *files, const char *directory, bool texts,
                                       clipsearch_error *err);
void cs_import_files_free(cs_import_files *files);

#endif
