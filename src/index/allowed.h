/* SPDX-License-Identifier: MIT
 * allowed.h - a set of ids for cs_index_search, made of a list. */
#ifndef CS_INDEX_ALLOWED_H
#define CS_INDEX_ALLOWED_H

#include "index/index.h"

typedef struct cs_allowed {
    cs_index_allowed set;
    uint64_t *bits; /* owned; what set.bits points at */
} cs_allowed;

/* Make the set of ids [count], which must ascend. *fits receives false, and the set stays empty, when the ids lie so
 * far apart that the bits would take more memory than the list does. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_allowed_make(const int64_t *ids, size_t count, cs_allowed *allowed, bool *fits,
                                  clipsearch_error *err);
void cs_allowed_free(cs_allowed *allowed);

#endif
