/* SPDX-License-Identifier: MIT
 * hnsw_scan.h - comparing the codes of all rows, or of all that a filter allows, on any number of threads. */
#ifndef CS_INDEX_HNSW_SCAN_H
#define CS_INDEX_HNSW_SCAN_H

#include "index/hnsw_graph.h"

/* The rows nearest to one query by their codes, as a heap: the farthest is first. */
typedef struct cs_hnsw_scan_query {
    const cs_quant_query *query;
    cs_hnsw_node *nodes; /* [keep] */
    size_t count;
} cs_hnsw_scan_query;

/* Find for each of queries [count] the `keep` rows nearest by their codes, among those that `params` allows (only its
 * ids count). Rows are read from memory once for all queries. Which rows are kept depends on nothing but the codes; of
 * equal distances the lower row is nearer. Adds the comparisons of one query to *compared; *damaged receives true when
 * a page of the file is damaged. False when out of memory. `pool` may be NULL. A shared lock is held. */
bool cs_hnsw_scan(const cs_hnsw *hnsw, const cs_index_search_params *params, cs_hnsw_scan_query *queries, size_t count,
                  size_t keep, cs_pool *pool, size_t *compared, bool *damaged);

/* From so many bytes of codes on, threads are faster than one: waking them takes some 20 microseconds. */
enum { CS_HNSW_SCAN_SHARED_BYTES = 1 << 21 };

#endif
