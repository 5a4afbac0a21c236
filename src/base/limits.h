/* SPDX-License-Identifier: MIT
 * limits.h - the largest values that options may have, for the library and the program alike. */
#ifndef CS_BASE_LIMITS_H
#define CS_BASE_LIMITS_H

enum {
    CS_MAX_BATCH = 1 << 16, /* items encoded together */
    CS_MAX_THREADS = 4096,
    CS_MAX_K = 1000000, /* hits of a query that the program asks for; the library has no limit */
    /* ranges of an index's parameters, as clipsearch_index_options documents them */
    CS_MIN_M = 4,
    CS_DEFAULT_M = 16,
    CS_MAX_M = 64,
    CS_MAX_EF_CONSTRUCTION = 4096,
    CS_MAX_EF = 65536,
    CS_MAX_NLIST = 65536, /* Milvus's limits */
    CS_MAX_NPROBE = 65536,
    CS_MAX_QUERIES = 4096 /* that a checkpoint measures with, and an index file keeps */
};

#endif
