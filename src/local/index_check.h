/* SPDX-License-Identifier: MIT
 * index_check.h - are a collection's rows and its index file sound, and do they fit each other? */
#ifndef CS_LOCAL_INDEX_CHECK_H
#define CS_LOCAL_INDEX_CHECK_H

#include "local/collection.h"

/* As clipsearch_collection_check says, arguments checked. */
clipsearch_status cs_index_check(clipsearch_collection *collection, size_t sample, clipsearch_check_report *report,
                                 clipsearch_error *err);

#endif
