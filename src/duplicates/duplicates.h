/* SPDX-License-Identifier: MIT
 * duplicates.h - groups of equal and near-equal images of a collection. */
#ifndef CS_DUPLICATES_DUPLICATES_H
#define CS_DUPLICATES_DUPLICATES_H

#include "backend/backend.h"

/* As clipsearch_duplicates_find says; options, their image options and the report are the library's own. */
clipsearch_status cs_duplicates_find(clipsearch_collection *collection, const clipsearch_duplicates_options *options,
                                     clipsearch_duplicates **duplicates, clipsearch_duplicates_report *report,
                                     clipsearch_error *err);
size_t cs_duplicates_groups(const clipsearch_duplicates *duplicates);
size_t cs_duplicates_count(const clipsearch_duplicates *duplicates, size_t group);
const clipsearch_hit *cs_duplicates_get(const clipsearch_duplicates *duplicates, size_t group, size_t rank,
                                        clipsearch_duplicate_level *level);
void cs_duplicates_free(clipsearch_duplicates **duplicates);

#endif
