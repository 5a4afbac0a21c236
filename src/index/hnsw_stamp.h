/* SPDX-License-Identifier: MIT
 * hnsw_stamp.h - which collection, and which generation of it, an index file was written for. */
#ifndef CS_INDEX_HNSW_STAMP_H
#define CS_INDEX_HNSW_STAMP_H

#include <stdint.h>

/* The reader of the file compares them with what it expects. */
typedef struct cs_hnsw_stamp {
    uint64_t owner, generation;
} cs_hnsw_stamp;

#endif
