/* SPDX-License-Identifier: MIT
 * hnsw_stamp.h - what an index's file says it is of. */
#ifndef CS_INDEX_HNSW_STAMP_H
#define CS_INDEX_HNSW_STAMP_H

#include <stdint.h>

/* Whose index it is and of what time: the file's reader compares them with what it expects. */
typedef struct cs_hnsw_stamp {
    uint64_t owner, generation;
} cs_hnsw_stamp;

#endif
