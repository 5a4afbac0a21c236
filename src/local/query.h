/* SPDX-License-Identifier: MIT
 * query.h - pictures by what is known of them, no vector needed. */
#ifndef CS_LOCAL_QUERY_H
#define CS_LOCAL_QUERY_H

#include "local/collection.h"
#include "backend/hits.h"

/* As the clipsearch_ functions of these names say, arguments checked. */
clipsearch_status cs_query(clipsearch_collection *collection, const char *filter, size_t limit, size_t offset,
                           clipsearch_hits **hits, clipsearch_error *err);
clipsearch_status cs_get(clipsearch_collection *collection, const int64_t *ids, size_t count, clipsearch_hits **hits,
                         clipsearch_error *err);
clipsearch_status cs_collection_remove_where(clipsearch_collection *collection, const char *filter, uint64_t *removed,
                                             clipsearch_error *err);
clipsearch_status cs_filter_check(const char *filter, size_t *column, clipsearch_error *err);

#endif
