/* SPDX-License-Identifier: MIT
 * hnsw_file.h - an HNSW index in a file: written whole; mapped, and searched where it lies. */
#ifndef CS_INDEX_HNSW_FILE_H
#define CS_INDEX_HNSW_FILE_H

#include "base/replace.h"
#include "index/hnsw.h"
#include "index/hnsw_stamp.h"

/* Write the index. Others may search it meanwhile; changes wait. Errors: CLIPSEARCH_E_IO, _MEMORY, and _FORMAT for an
 * index that is itself mapped from a damaged file. */
clipsearch_status cs_index_hnsw_write(const cs_index *index, const cs_hnsw_stamp *stamp, cs_replacement *to,
                                      clipsearch_error *err);

/* Map the file `path` as an index. Header, tables and the small arrays are verified now (under a millisecond for
 * 100,000 vectors); links, codes and exact vectors are verified when they are first used: a search that meets damage
 * fails with CLIPSEARCH_E_FORMAT and returns nothing. Meanwhile the file may be replaced by another under the same
 * name, but not changed or truncated in place. The first change copies the whole index into memory (see
 * cs_index_hnsw_copy_to_memory). Errors: CLIPSEARCH_E_NOT_FOUND, _IO, _MEMORY, _FORMAT (damaged, truncated, not an
 * index file), _UNSUPPORTED (another version, or from a machine with another byte order or word size). */
clipsearch_status cs_index_hnsw_map(const char *path, cs_index **index, cs_hnsw_stamp *stamp, clipsearch_error *err);

/* Verify the rest of a mapped index and copy it into memory with room for `count` vectors. Does nothing for an index
 * that is in memory. Errors: CLIPSEARCH_E_FORMAT (damaged), _MEMORY; the index is then as it was. */
clipsearch_status cs_index_hnsw_copy_to_memory(cs_index *index, size_t count, clipsearch_error *err);

/* Verify the rest of a mapped index: CLIPSEARCH_OK or CLIPSEARCH_E_FORMAT. */
clipsearch_status cs_index_hnsw_verify(const cs_index *index, clipsearch_error *err);

#endif
