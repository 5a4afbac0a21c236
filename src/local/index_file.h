/* SPDX-License-Identifier: MIT
 * index_file.h - the index file of a collection: its name, whether it is the right one, and opening it. */
#ifndef CS_LOCAL_INDEX_FILE_H
#define CS_LOCAL_INDEX_FILE_H

#include "index/hnsw_stamp.h"
#include "index/index.h"
#include "index/quant.h"
#include "store/store.h"

#include <sys/stat.h>

/* Below so many items a collection has no index file and is scanned: figures in docs/index.md. */
enum { CS_INDEX_FILE_LEAST = 2048 };

/* How an index holds vectors; the default is that of CLIPSEARCH_CODES_I8. */
cs_quant_kind cs_index_file_codes(clipsearch_codes codes);

/* "<database>.<collection>.hnsw"; NULL when out of memory. cs_free it. */
char *cs_index_file_path(const cs_store *store, const char *collection);

/* Whether a file with that number is the collection's, or is just being put in its place. */
bool cs_index_file_is_known(const cs_store_state *state, uint64_t owner);

/* Map the index file of the collection, whatever has changed since it was written. Errors: CLIPSEARCH_E_NOT_FOUND (no
 * file, or another one), and those of cs_index_hnsw_map. */
clipsearch_status cs_index_file_map(const char *path, const cs_store_identity *identity, const cs_store_state *state,
                                    cs_index **index, cs_hnsw_stamp *stamp, clipsearch_error *err);

/* Whether something else lies at the path that must not be written over: another database, a device, a pipe. */
bool cs_index_file_is_in_the_way(const char *path);

/* Remove the file, and what a writer that died has left beside it; that there is none is no error. */
void cs_index_file_remove(const char *path);

/* Which file lies at the path (it may be missing) and which files the collection knows, at one time. Two marks are
 * equal as long as it is the same file, unchanged. Zero is no mark. */
typedef struct cs_index_file_mark {
    bool taken;
    uint64_t owner, next;
    struct stat file; /* zero: there is none */
} cs_index_file_mark;

cs_index_file_mark cs_index_file_read_mark(const char *path, const cs_store_state *state);
bool cs_index_file_marks_equal(const cs_index_file_mark *a, const cs_index_file_mark *b);
/* Whether the file that was marked has itself been changed since: a copy written over it, or cut short. Another file in
 * its place, as a checkpoint puts it there, is no change of the old one. */
bool cs_index_file_is_overwritten(const cs_index_file_mark *before, const cs_index_file_mark *now);

#endif
